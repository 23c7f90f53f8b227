"""Peers that come as Python packages, on closed files: python wheels.py geodiff|apsw FOLDER EMPTY BASE CHANGED OTHER

Prints JSON like `peer`: seconds of taking changes out and merging them. What was taken out stays in FOLDER/changes.
EMPTY has the table only; CHANGED and OTHER are BASE with edits of the county's and of the city's.
"""

import json
import pathlib
import shutil
import sys
import time


def timed(work, *arguments):
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


def geodiff(folder, empty, base, changed, other):
    import pygeodiff

    tool = pygeodiff.GeoDiff()
    inserts, changes, work = (str(folder / name) for name in ["inserts", "changes", "work.sqlite"])
    found = {"version": tool.version()}
    found["extract inserts"], _ = timed(tool.create_changeset, empty, base, inserts)
    shutil.copy(empty, work)
    found["merge inserts"], _ = timed(tool.apply_changeset, work, inserts)
    found["extract changes"], _ = timed(tool.create_changeset, base, changed, changes)
    shutil.copy(other, work)
    found["merge changes"], _ = timed(tool.rebase, base, changed, work, str(folder / "conflicts"))
    return found


def apsw(folder, empty, base, changed, other):
    import apsw

    def difference(old, new):
        """The new file is written into the old one under a session's eyes, as an editing program would."""
        work = str(folder / "work.sqlite")
        shutil.copy(old, work)
        db = apsw.Connection(work)
        db.execute("ATTACH ? AS new", [new])
        session = apsw.Session(db, "main")
        session.attach("enterprise")
        with db:
            db.execute("INSERT INTO enterprise SELECT * FROM new.enterprise WHERE id NOT IN (SELECT id FROM main.enterprise)")
            db.execute("DELETE FROM enterprise WHERE id NOT IN (SELECT id FROM new.enterprise)")
            db.execute(
                "UPDATE enterprise SET taxable_sales = n.taxable_sales, status = n.status FROM new.enterprise n"
                " WHERE n.id = enterprise.id AND (n.taxable_sales, n.status) IS NOT (enterprise.taxable_sales, enterprise.status)")
        return timed(session.changeset)

    def merged(file, changes):
        work = str(folder / "merged.sqlite")
        shutil.copy(file, work)
        db = apsw.Connection(work)
        return timed(lambda: apsw.Changeset.apply(changes, db, conflict=lambda *_: apsw.SQLITE_CHANGESET_OMIT))[0]

    found = {"version": apsw.sqlite_lib_version()}
    found["extract inserts"], inserts = difference(empty, base)
    found["merge inserts"] = merged(empty, inserts)
    found["extract changes"], changes = difference(base, changed)
    found["merge changes"] = merged(other, changes)
    (folder / "changes").write_bytes(changes)
    return found


def main():
    name, folder, *files = sys.argv[1:]
    print(json.dumps({"geodiff": geodiff, "apsw": apsw}[name](pathlib.Path(folder), *files)))


main()
