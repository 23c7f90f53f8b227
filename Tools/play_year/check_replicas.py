"""Whether every machine holds what its unit sees, the files verify, and the counts are those of the story."""

import pathlib
import re

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "Sources/Registry/Resources"


def scopes():
    """record -> None (all see it), ("field", f), ("via", f, parent record, parent field), or ("projects", record,
    fields), read from the schema's text."""
    result, record, via = {}, None, None
    for file in sorted(SCHEMA.glob("schema-*.yaml")):
        inside = False
        for line in file.read_text(encoding="utf-8").splitlines():
            if re.match(r"\S", line):
                inside = line.startswith("records:")
            elif inside and (found := re.match(r"  (\w+):$", line)):
                record, via = found[1], None
                result[record] = None
            elif inside and (found := re.match(r"    scope: \{(field|via): (\w+)\}", line)):
                via = found[2] if found[1] == "via" else None
                result[record] = ("field", found[2])
            elif inside and (found := re.match(r"    projects: \{record: (\w+), fields: \[(.*)\]\}", line)):
                result[record] = ("projects", found[1], found[2])
            elif inside and via and (found := re.match(rf"      {via}: .*references: (\w+)\.(\w+)", line)):
                result[record] = ("via", via, found[1], found[2])
    return result


def where(scope, all_scopes):
    """A condition on a table's rows with one `?` for the unit, or none."""
    if scope is None:
        return "1"
    if scope[0] == "field":
        return f"{scope[1]} = ?"
    _, field, parent, key = scope
    return f"{field} IN (SELECT {key} FROM {parent} WHERE {where(all_scopes[parent], all_scopes)})"


def differences(year):
    wrong = []
    town, known = year.town, scopes()
    if year.rounds > 8:
        wrong.append("after 8 rounds something is still on its way")
    rows = 0
    for home, unit in town.machines.items():
        for record, scope in known.items():
            if scope and scope[0] == "projects":
                source, columns, condition = scope[1], scope[2], "1"
            else:
                source, condition = record, where(scope, known)
                columns = ", ".join(f'"{row[1]}"' for row in town.query("city", f"PRAGMA table_info({record})"))
            sql = f"SELECT {columns} FROM {source} WHERE {condition}"
            seen = set(town.query("city", sql, (unit,) * condition.count("?")))
            held = set(town.query(home, f"SELECT {columns} FROM {record}"))
            rows += len(held)
            for name, more in [("holds what it must not", held - seen), ("lacks", seen - held)]:
                for row in sorted(more, key=str)[:3]:
                    wrong.append(f"{home} ({unit}) {name}: {record} {row} ({len(more)} such rows)")
    print(f"{len(town.machines)} machines hold {rows} rows, {len(wrong)} differences from the master")
    for home in ["city", *town.machines]:
        program = town.bin / ("city" if home == "city" else "county")
        done = town.run([program, "verify", "--home", town.path(home)], expect=None)
        if done.returncode != 0:
            wrong.append(f"{home}: verify ended with {done.returncode}: {done.stdout}{done.stderr}")
    return wrong + _story(year)


def _story(year):
    """Counts of conflicts, decisions and parked rows, as the master has them and as the story caused them."""
    town, clashes = year.town, year.clashes
    conflicts = town.city("conflicts", "--state", "all")
    parked = town.city("parked", "--state", "all")
    reasons = {reason: sum(row["reason"] == reason for row in parked) for reason in {row["reason"] for row in parked}}
    pairs = [
        ("conflicts", len(conflicts), clashes.conflicts),
        ("open conflicts", len(town.city("conflicts")), 0),
        ("decisions", sum(it["decision"] is not None for it in conflicts), clashes.decisions),
        ("parked by reason", reasons, clashes.parked),
        ("parked and waiting", len(town.city("parked")), 0),
    ]
    for name, found, wanted in pairs:
        print(f"{name}: {found}")
    return [f"{name}: {found}, by the story {wanted}" for name, found, wanted in pairs if found != wanted]
