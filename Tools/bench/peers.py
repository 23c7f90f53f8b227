"""The same work beside others: SQLite's session extension, geodiff, cr-sqlite, sqlite-sync.

Every round: rows inserted in one transaction, taken out, merged into an empty copy; then two columns changed of a fifth of the
rows and 0.8 % deleted, taken out, merged into a copy with edits of its own, half of them contested.
"""

import collections
import json
import shutil
import subprocess
import sys

from .table import note

# What our seconds are divided by theirs at most; of payload: bytes.
REACH = {
    ("crsqlite", "insert"): 1 / 10, ("sqlitesync", "insert"): 1 / 10,
    ("geodiff", "extract changes"): 1 / 6, ("geodiff", "packed changes"): 1.0,
    ("crsqlite", "merge inserts"): 1 / 15, ("sqlitesync", "merge inserts"): 1 / 15,
    ("crsqlite", "merge changes"): 1 / 4, ("sqlitesync", "merge changes"): 1 / 4,
}
NAMES = {
    "session": "the session extension", "apsw": "the session extension (apsw)", "geodiff": "geodiff",
    "crsqlite": "cr-sqlite", "sqlitesync": "sqlite-sync",
}


def peers(place, table):
    runs = list(available(place))
    found = collections.defaultdict(list)
    for _ in range(place.rounds):
        for name, run in [("ours", ours), *runs]:
            found[name].append(run(place))
    for name, _ in runs:
        for step, words, unit in steps(place):
            if step in found[name][0]:
                table.add(
                    words, [round_[step] for round_ in found["ours"]], unit=unit,
                    floor=[round_[step] for round_ in found[name]], against=NAMES[name], reach=REACH.get((name, step)))


def steps(place):
    rows, changes = f"{place.rows:,}", f"{place.rows // 5 + place.rows // 125:,}"
    return [
        ("insert", f"{rows} rows inserted and captured", "s"), ("extract inserts", f"{rows} inserts taken out", "s"),
        ("merge inserts", f"{rows} inserts merged", "s"), ("extract changes", f"{changes} changes taken out", "s"),
        ("packed changes", f"{changes} changes, bytes on the wire", "bytes"),
        ("merge changes", f"{changes} changes merged", "s"),
    ]


def available(place):
    """The peers that can be had here: a name, and what runs it."""
    yield "session", lambda place: compiled(place, "session")
    python = wheels(place)
    for name in ["geodiff", "apsw"] if python else []:
        yield name, lambda place, name=name: packaged(place, python, name)
    for name, file in [("crsqlite", place.options.crsqlite), ("sqlitesync", place.options.sqlitesync)]:
        if file:
            yield name, lambda place, name=name, file=file: compiled(place, name, file.resolve())
        else:
            note(f"{NAMES[name]} is left out: give its extension with --{name} FILE")


def wheels(place):
    """A Python that has pygeodiff and apsw; None when they cannot be had."""
    folder = place.path("venv")
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "pygeodiff", "apsw"]
        if subprocess.run(install).returncode != 0:
            shutil.rmtree(folder)
            note("pygeodiff and apsw are left out: PyPI does not give them")
            return None
    return folder / "bin/python"


def empty_folder(place):
    folder = place.path("peers")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def compiled(place, kind, *extension):
    return json.loads(place.run(place.path("peer"), kind, empty_folder(place), place.rows, *extension))


def edit_as_county(place, file):
    place.workload(file, "update", place.rows // 5)
    place.workload(file, "delete", place.rows // 125)


def edit_as_city(place, file):
    place.workload(file, "update", place.rows // 40, "--by", 9)
    place.workload(file, "note", place.rows // 40)


def packaged(place, python, name):
    folder = empty_folder(place)
    files = empty, base, changed, other = [folder / f"{name}.sqlite" for name in ["empty", "base", "changed", "other"]]
    place.workload(empty, "create-loose")
    shutil.copy(empty, base)
    place.workload(base, "insert", place.rows)
    for file, edit in [(changed, edit_as_county), (other, edit_as_city)]:
        shutil.copy(base, file)
        edit(place, file)
    found = json.loads(place.run(python, place.script("wheels.py"), name, folder, *files))
    found["packed changes"] = place.floor("pack", folder / "changes")[1]
    return found


def ours(place):
    city, county = place.copy(0)
    found = {"insert": place.workload(place.path(county, "replica.sqlite"), "insert", place.rows)}
    told = place.sync(city, county)
    found |= {"extract inserts": told["extract"], "merge inserts": told["merge"]}
    city, county = place.copy(place.rows)
    edit_as_county(place, place.path(county, "replica.sqlite"))
    edit_as_city(place, place.path(city, "master.sqlite"))
    place.take_in(city)
    told = place.sync(city, county)
    return found | {"extract changes": told["extract"], "packed changes": told["bytes"], "merge changes": told["merge"]}
