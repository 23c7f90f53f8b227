"""What the computing policies make of a contested cell: a value, None where a person must decide, "overflow" of a sum."""

import struct

from values import NULL

MOST_DIFFERENT_LINES = 2000


def sum_of(base, master, incoming):
    numbers = [0 if value == NULL else value[1] if value[0] == "integer" else None for value in (base, master, incoming)]
    if None in numbers:
        return None
    added = numbers[2] - numbers[0]
    total = numbers[1] + added
    return "overflow" if any(not -2**63 <= number < 2**63 for number in (added, total)) else ("integer", total)


def extreme(pick, master, incoming):
    if NULL in (master, incoming):
        return incoming if master == NULL else master
    if master[0] != incoming[0]:
        return None
    return pick(master, incoming, key=order)


def order(value):
    return struct.unpack(">d", value[1])[0] if value[0] == "real" else value[1]


def members(value) -> list[bytes] | None:
    if value == NULL:
        return []
    if value[0] != "text":
        return None
    return list(dict.fromkeys(part.strip(b" ") for part in value[1].split(b",") if part.strip(b" ")))


def union_merge(base, master, incoming):
    sets = [members(value) for value in (base, master, incoming)]
    if None in sets:
        return None
    before, ours, now = sets
    kept = [member for member in ours if member in now or member not in before]
    everything = kept + [member for member in now if member not in before and member not in kept]
    return ("text", b",".join(everything)) if everything else NULL


def text_merge(base, master, incoming):
    """A three-way merge of lines; None: both changed the same lines, one side is no text, or too much differs."""
    texts = [b"" if value == NULL else value[1] for value in (base, master, incoming)]
    if any(value != NULL and value[0] != "text" for value in (base, master, incoming)) or NULL in (master, incoming):
        return None
    lines = [text.split(b"\n") for text in texts]
    ours, theirs = (hunks(lines[0], side) for side in lines[1:])
    if ours is None or theirs is None:
        return None
    merged, at = [], 0
    while ours or theirs:
        start = min(hunk[0] for hunk in (ours[:1] + theirs[:1]))
        end, mine, yours = start, [], []
        while True:
            if ours and ours[0][0] <= end:
                mine.append(ours.pop(0))
                end = max(end, mine[-1][1])
            elif theirs and theirs[0][0] <= end:
                yours.append(theirs.pop(0))
                end = max(end, yours[-1][1])
            else:
                break
        left, right = (applied(lines[0], side, start, end) for side in (mine, yours))
        if mine and yours and left != right:
            return None
        merged += lines[0][at:start] + (left if mine else right)
        at = end
    return "text", b"\n".join(merged + lines[0][at:])


def hunks(old: list[bytes], new: list[bytes]) -> list[tuple] | None:
    """(first line, line after the last, what stands there instead), head and tail taken off; None: too much."""
    shortest = min(len(old), len(new))
    head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    tail = next((at for at in range(shortest - head) if old[-1 - at] != new[-1 - at]), shortest - head)
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old), len(new)) > MOST_DIFFERENT_LINES:
        return None
    return [(first + head, last + head, lines) for first, last, lines in compared(old, new)]


def compared(old: list[bytes], new: list[bytes]) -> list[tuple]:
    """By a longest common subsequence: where either side may go on, the base does."""
    width = len(new) + 1
    longest = [[0] * width for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            longest[i][j] = (
                longest[i + 1][j + 1] + 1 if old[i] == new[j] else max(longest[i + 1][j], longest[i][j + 1]))
    found, i, j, from_i, from_j = [], 0, 0, 0, 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            if (from_i, from_j) != (i, j):
                found.append((from_i, i, new[from_j:j]))
            i, j = i + 1, j + 1
            from_i, from_j = i, j
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    if (from_i, from_j) != (len(old), len(new)):
        found.append((from_i, len(old), new[from_j:]))
    return found


def applied(base: list[bytes], side: list[tuple], start: int, end: int) -> list[bytes]:
    out, at = [], start
    for first, last, lines in side:
        out += base[at:first] + lines
        at = last
    return out + base[at:end]
