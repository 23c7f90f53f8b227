"""The merge law, rules 1 to 11, written anew: a row of the master, a change and its sender give the row and the conflicts.

A row is a list of values in the order of the fields; a change has a base (`old`) and a wish (`new`), None where undefined.
"""

from policies import extreme, sum_of, text_merge, union_merge
from values import NULL, encode_row, spelled


class Parked(Exception):
    """The change cannot enter: a reason, and the field where there is one."""


class Case:
    def __init__(self, file: dict, case: dict):
        self.names = [field["name"] for field in file["fields"]]
        self.policy = {field["name"]: field["policy"] for field in file["fields"]}
        self.of_city = {field["name"] for field in file["fields"] if field.get("owner") == "city"}
        self.key, self.scope = file["key"], file["scope"]
        self.kind, self.side, self.edits, self.owner = (case[name] for name in ("kind", "side", "edits", "owner"))
        self.delete = case.get("delete", "review")
        self.is_append, self.is_locked = case.get("append", False), case.get("locked", False)
        self.choices = case.get("cityChoices", {})
        self.under_review = set(case["underReview"])
        self.stamps, self.master_stamps = case["stamps"], case["masterStamps"]
        self.image, self.tombstone = (self.row(case.get(name)) for name in ("image", "tombstone"))
        self.old = self.cells(case["old"], self.kind == "delete")
        self.new = self.cells(case["new"], self.kind == "insert")
        self.touched = [
            name for name in self.names if name not in self.key and self.new[name] is not None and self.kind != "delete"
        ]
        self.contests: list[dict] = []
        self.taken: dict = {}

    def row(self, image: dict | None):
        return None if image is None else {name: spelled(image.get(name, "null")) for name in self.names}

    def cells(self, cells: dict, is_whole: bool) -> dict:
        return {name: spelled(cells.get(name, "null" if is_whole else None)) for name in self.names}

    # Who may

    def is_countys(self, name: str) -> bool:
        """Rule 8 and rule 9."""
        if self.owner == "city" or name in self.of_city or self.is_citys_choice(name):
            return False
        return self.kind != "update" or (name != self.scope and not self.is_append)

    def is_citys_choice(self, name: str) -> bool:
        known = self.image or (self.tombstone if self.kind == "update" else None)
        values = [self.old[name], self.new[name], known and known[name]]
        return any(value and value[0] == "text" and value[1].decode() in self.choices.get(name, []) for value in values)

    @property
    def refused(self) -> set[str]:
        return set() if self.side == "city" else {name for name in self.touched if not self.is_countys(name)}

    @property
    def refusal(self) -> str:
        return "proposed" if self.edits == "propose" else "rejected"

    # Rule 7: what becomes of a row

    @property
    def delete_policy(self) -> str:
        return "review" if self.delete == "remove" and self.under_review else self.delete

    @property
    def row_state(self) -> str:
        return "open" if self.delete_policy == "review" else "decidedByPolicy"

    def merge(self) -> dict:
        closed = self.side == "county" and self.is_locked
        try:
            image, as_sent = self.merged()
        except Parked as parked:
            return self.parked(*(["locked"] if closed else parked.args))
        has_effect = image != self.image or self.contests
        if closed and has_effect:
            return self.parked("locked")
        return {"image": image, "contests": self.contests, "stamps": self.taken, "asSent": as_sent}

    def parked(self, reason: str, field: str | None = None) -> dict:
        why = {"reason": reason} | ({"field": field} if field else {})
        return {"image": self.image, "contests": [], "stamps": {}, "asSent": False, "parked": why}

    def merged(self):
        if self.kind == "delete":
            return self.merged_delete()
        if self.image is not None:
            return self.merged_cells(dict(self.image))
        return self.inserted() if self.kind == "insert" else self.came_back()

    def merged_delete(self):
        if self.image is None:
            return None, True
        if self.side == "county" and (self.owner == "city" or self.is_append):
            self.contest_row(self.refusal)
            return self.image, False
        if self.old == self.image and (not self.under_review or self.side == "city"):
            return None, True
        self.contest_row(self.row_state)
        goes = self.delete_policy == "remove"
        return (None if goes else self.image), goes

    def inserted(self):
        image = {name: value or NULL for name, value in self.new.items()}
        self.taken = dict(self.stamps)
        for name in self.touched:
            if image[name] == NULL:
                continue
            if name in self.refused:
                self.contest(name, NULL, self.refusal)
                image[name] = NULL
                self.taken.pop(name, None)
            elif self.side == "county" and name in self.under_review:
                self.contest(name, NULL, "open")
        return self.result(image)

    def came_back(self):
        if self.refused == set(self.touched):
            for name in self.touched:
                self.contest(name, self.tombstone[name] if self.tombstone else NULL, self.refusal)
            return None, False
        self.contest_row(self.row_state)
        image = self.last_known()
        if self.delete_policy == "remove":
            for name in self.touched:
                if name in self.refused:
                    self.merge_cell(image, name)
            return None, False
        return self.merged_cells(image)

    def last_known(self) -> dict:
        return dict(self.tombstone or {name: self.old[name] or self.new[name] or NULL for name in self.names})

    def wanted(self) -> dict:
        return self.last_known() | {name: self.new[name] for name in self.touched if name not in self.refused}

    # Rules 1 to 5: what becomes of a cell

    def merged_cells(self, image: dict):
        for name in self.touched:
            self.merge_cell(image, name)
        return self.result(image)

    def result(self, image: dict):
        if self.overflow:
            raise Parked("overflow", self.overflow)
        of_row = any("field" not in contest for contest in self.contests)
        return image, not of_row and all(image[name] == self.new[name] for name in self.touched)

    overflow: str | None = None

    def merge_cell(self, image: dict, name: str):
        base, master, incoming = self.old[name] or NULL, image[name], self.new[name]
        total = sum_of(base, master, incoming) if self.policy[name] == "sum" else None
        if incoming == base:
            return
        if incoming == master and (name in self.refused or total is None):
            return self.agree(name, master)
        if name in self.refused:
            return self.contest(name, master, self.refusal)
        if name in self.under_review:
            decides = self.side == "city" and master == base
            image[name] = incoming if decides else master
            return self.contest(name, master, "decision" if decides else "open")
        if master == base:
            return self.take(image, name, incoming)
        self.settle(image, name, base, master, incoming, total)

    def agree(self, name: str, master):
        if self.is_later(name):
            self.taken[name] = self.stamps[name]
        if self.side == "city" and name in self.under_review:
            self.contest(name, master, "decision")

    def is_later(self, name: str) -> bool:
        return self.stamps.get(name, 0) > self.master_stamps.get(name, 0)

    def take(self, image: dict, name: str, value):
        image[name] = value
        if value == self.new[name] and name in self.stamps:
            self.taken[name] = self.stamps[name]

    def settle(self, image: dict, name: str, base, master, incoming, total):
        policy = self.policy[name]
        if total == "overflow":
            self.overflow = self.overflow or name
            return
        if policy in ("city", "county", "latest"):
            wins = self.is_later(name) if policy == "latest" else self.side == policy
            self.contest(name, master, "decidedByPolicy")
            return self.take(image, name, incoming if wins else master)
        computed = {
            "max": lambda: extreme(max, master, incoming), "min": lambda: extreme(min, master, incoming),
            "sum": lambda: total, "union": lambda: union_merge(base, master, incoming),
            "text": lambda: text_merge(base, master, incoming), "review": lambda: None,
        }[policy]()
        if computed is None:
            self.contest(name, master, "open")
        self.take(image, name, master if computed is None else computed)

    # Conflicts

    def contest(self, name: str, master, state: str):
        self.contests.append({
            "field": name, "base": self.old[name] or NULL, "master": master, "incoming": self.new[name] or NULL,
            "state": state, "incomingDeletes": False,
        })

    def contest_row(self, state: str):
        deletes = self.kind == "delete"
        master = self.image or self.tombstone
        self.contests.append({
            "base": NULL, "master": blob(master) if master else NULL,
            "incoming": NULL if deletes else blob(self.wanted()), "state": state, "incomingDeletes": deletes,
        })


def blob(row: dict):
    return "blob", encode_row(row.values())


def expected(file: dict, case: dict) -> dict:
    """The result of a vector in the shape of `merge`."""
    result = dict(case["result"])
    names = [field["name"] for field in file["fields"]]
    image = result.get("image")
    result["image"] = None if image is None else {name: spelled(image.get(name, "null")) for name in names}
    result["contests"] = [
        contest | {name: spelled(contest[name]) for name in ("base", "master", "incoming")}
        for contest in result["contests"]
    ]
    return result


def check(file: dict) -> tuple[int, list[str]]:
    failures = []
    for case in file["cases"]:
        found, wanted = Case(file, case).merge(), expected(file, case)
        for name in found.keys() | wanted.keys():
            if found.get(name) != wanted.get(name):
                failures.append(f"{case['name']}: {name} is {found.get(name)}, not {wanted.get(name)}")
    return len(file["cases"]), failures
