"""Checks every vector; the first line of a difference says which one. Exit code 1 when there is any."""

import hashlib
import json
import sys
from pathlib import Path

import bodies
import bundle
import envelope
import kinds
import merge
import own
import values


def main(folder: Path) -> int:
    failures = check_sums(folder)
    counts = {}
    for name, check in (
        ("key.json", values.check), ("changeset.json", bodies.check), ("envelope.json", envelope.check),
        ("body.json", kinds.check), ("bundle.json", bundle.check), ("own.json", own.check),
        ("merge.json", merge.check),
    ):
        count, found = check(json.loads((folder / name).read_text()))
        counts[name] = count
        failures += [f"{name}: {failure}" for failure in found]
    for failure in failures:
        print(failure, file=sys.stderr)
    print(", ".join(f"{name}: {count} cases" for name, count in counts.items()))
    print("every vector reads as it says" if not failures else f"{len(failures)} differ")
    return 1 if failures else 0


def check_sums(folder: Path) -> list[str]:
    failures = []
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            failures.append(f"{name}: is not what SHA256SUMS says")
    return failures


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
