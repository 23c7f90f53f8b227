"""WIRE.md section 4: the tables of batches, receipts and pages."""

from values import NULL, Refused, encode_row, read_key

OUTCOMES = {b"merged", b"contested", b"rejected", b"parked"}
CHOICES = {b"keep", b"take", b"value", b"remove", b"policy", b"reopen"}
STATES = {b"open", b"proposed", b"rejected", b"decided"}
PARKED = {b"waiting", b"entered", b"admitted", b"dismissed", b"withdrawn", b"superseded", b"merged"}
MOST_KEY = 1024


def require(is_so: bool, what: str) -> None:
    if not is_so:
        raise Refused(what)


def typed(value, kind: str | None):
    """The content of a value of that type; `kind?` may be NULL. None: any value, as it is."""
    require(value is not None, "undefined")
    if kind is None:
        return value
    if kind.endswith("?") and value == NULL:
        return None
    require(value[0] == kind.rstrip("?"), f"a value that is no {kind}")
    return value[1]


def row(item: dict, table: str, key: tuple[int, ...], *kinds: str | None) -> list:
    """The columns of an INSERT into a table of this shape."""
    require(item["table"] == table and item["key"] == list(key), "another table")
    require(item["operation"] == "insert" and len(item["new"]) == len(kinds), "another change")
    return [typed(value, kind) for value, kind in zip(item["new"], kinds)]


def record_key(record: dict, values: list) -> bytes:
    """The key of a row of a record: no NULL, none undefined, at most 1,024 bytes."""
    parts = [values[record["fields"].index(name)] for name in record["key"]]
    require(None not in parts and NULL not in parts, "no key")
    encoded = encode_row(parts)
    require(len(encoded) <= MOST_KEY, "a long key")
    return encoded


def shape(item: dict, records: dict) -> dict:
    """The record that a change is of."""
    record = records.get(item["table"])
    require(record is not None, f"no table {item['table']}")
    places = [record["key"].index(name) + 1 if name in record["key"] else 0 for name in record["fields"]]
    require(item["key"] == places, "another shape")
    return record


def image(item: dict, records: dict) -> tuple[str, bytes, list | None]:
    """Of a page or an answer: record, key and the row; None: the row is gone."""
    record = shape(item, records)
    values = item["new"] if item["operation"] == "insert" else item["old"]
    if item["operation"] == "insert":
        require(None not in values, "holes")
    return item["table"], record_key(record, values), values if item["operation"] == "insert" else None


def change(item: dict, record: dict) -> bytes:
    """A change of a batch."""
    old, new = item["old"], item["new"]
    if item["operation"] == "update":
        for name, before, after in zip(record["fields"], old, new):
            require(after is None if name in record["key"] else (before is None) == (after is None), "no base")
        require(any(value is not None for value in new), "nothing changes")
    else:
        require(None not in (new if item["operation"] == "insert" else old), "holes")
    return record_key(record, new if item["operation"] == "insert" else old)


class Batch:
    """What of a batch has been read."""

    def __init__(self, records: dict):
        self.records, self.changes, self.seen, self.edits, self.cells = records, [], set(), 0, set()

    def take(self, item: dict) -> None:
        reader = getattr(self, item["table"], None) if item["table"].startswith("sync_") else None
        if reader:
            return reader(item)
        record = shape(item, self.records)
        require(self.edits == 0, "a change after the edits")
        key = item["table"], change(item, record)
        require(key not in self.seen, "a row twice")
        self.seen.add(key)
        self.changes.append(record)

    def sync_edit(self, item: dict) -> None:
        n, _, _ = row(item, "sync_edit", (1, 0, 0), "integer", "integer", "text")
        require(n == self.edits + 1 and n <= len(self.changes), "an edit out of order")
        self.edits = n

    def sync_edit_cell(self, item: dict) -> None:
        n, field, *_ = row(item, "sync_edit_cell", (1, 2, 0, 0), "integer", "text", "integer", "text")
        require(1 <= n <= len(self.changes) and field.decode() in self.changes[n - 1]["fields"], "a cell of nothing")
        require((n, field) not in self.cells, "a cell twice")
        self.cells.add((n, field))

    def sync_decision(self, item: dict) -> None:
        kinds = ("integer", "text", "integer?", None, "text", "text", "integer", "integer?",
                 "text", "blob", "text?", "integer")
        values = row(item, "sync_decision", (1,) + (0,) * 11, *kinds)
        require(values[1] in CHOICES, "no choice")
        read_key(values[9])

    def sync_ruling(self, item: dict) -> None:
        kinds = "text", "integer", "integer", "text", "text", "text", "integer"
        verdict = row(item, "sync_ruling", (1, 2, 3, 0, 0, 0, 0), *kinds)[3]
        require(verdict in (b"withdraw", b"admit", b"dismiss"), "no verdict")

    def sync_alias(self, item: dict) -> None:
        found = row(item, "sync_alias", (1, 2, 0, 0, 0, 0), "text", "blob", "blob", "text", "text", "integer")
        read_key(found[1])
        read_key(found[2])

    def sync_erasure(self, item: dict) -> None:
        erasure(item)

    def sync_schema(self, item: dict) -> None:
        row(item, "sync_schema", (1, 0, 0, 0), "integer", "text", "text", "integer")

    def sync_member(self, item: dict) -> None:
        kinds = "blob", "text", "blob", "blob", "integer", "blob?", "integer?", "text", "integer"
        replica, _, public, agreement, withdrawn, former, kept, _, _ = row(item, "sync_member", (1,) + (0,) * 8, *kinds)
        require((len(replica), len(public), len(agreement)) == (16, 32, 32) and withdrawn in (0, 1), "no machine")
        require((former is None) == (kept is None), "half a former id")
        require(former is None or (len(former) == 16 and kept >= 0), "no former id")

    def sync_loss(self, item: dict) -> None:
        arrival, *_ = row(item, "sync_loss", (1, 0, 0, 0), "integer", "text", "text", "integer")
        require(arrival > 0, "a loss of nothing")

    def finish(self) -> None:
        require(self.edits == len(self.changes), "a change without its edit")


def batch(changes: list[dict], records: dict) -> None:
    reader = Batch(records)
    for item in changes:
        reader.take(item)
    reader.finish()


def erasure(item: dict) -> None:
    kinds = "text", "blob", "blob", "text", "text", "integer"
    _, key, fields, *_ = row(item, "sync_erasure", (1, 2, 0, 0, 0, 3), *kinds)
    read_key(key)
    names = read_key(fields)
    require(bool(names) and all(kind == "text" for kind, _ in names), "no fields")


def receipt(changes: list[dict], _records: dict) -> None:
    last, is_taken = 0, False
    for item in changes:
        if item["table"] == "sync_taken":
            taken, _ = row(item, "sync_taken", (1, 0), "blob", "integer")
            require(len(taken) == 32 and not is_taken, "no hash, or a second one")
            is_taken = True
            continue
        kinds = "integer", "text", "text", "text", "text"
        n, outcome, *_ = row(item, "sync_receipt", (1, 0, 0, 0, 0), *kinds)
        require(last < n < 2**31 and outcome in OUTCOMES, "out of order, or no outcome")
        last = n


def conflict(item: dict) -> None:
    kinds = ("integer", "text", "blob", "text?", None, None, "text", "text", "integer", "integer", "text?", "integer?",
             None, "text?", "text?", "integer?")
    found = row(item, "sync_conflict", (1,) + (0,) * 15, *kinds)
    read_key(found[2])
    choice, contender, value, reason, actor, stamp = found[10:]
    require(found[6] in STATES and (choice is None or choice in CHOICES), "no state")
    if choice is None:
        require((contender, value, reason, actor, stamp) == (None, NULL, None, None, None), "half a decision")
    else:
        require(None not in (reason, actor, stamp), "half a decision")


def contender(item: dict) -> None:
    kinds = "integer", "integer", None, "integer", "text", "text", "integer", "integer"
    require(row(item, "sync_contender", (1, 2) + (0,) * 6, *kinds)[3] in (0, 1), "deletes")


def parked(item: dict) -> None:
    kinds = "integer", "text", "integer", "integer", "text", "text", "text", "text", "integer"
    require(row(item, "sync_parked", (1,) + (0,) * 8, *kinds)[4] in PARKED, "no state")


def own(item: dict) -> None:
    require(row(item, "sync_own", (1, 0), "integer", "blob")[0] > 0, "no number")


def mark(item: dict) -> None:
    require(row(item, "sync_mark", (1, 0), "text", "integer")[1] >= 0, "below 0")


PAGE = {"sync_conflict": conflict, "sync_contender": contender, "sync_parked": parked, "sync_erasure": erasure,
        "sync_own": own, "sync_mark": mark}


def page(changes: list[dict], records: dict) -> None:
    for item in changes:
        if item["table"] in PAGE:
            PAGE[item["table"]](item)
        else:
            image(item, records)
