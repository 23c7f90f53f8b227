"""The figures: as lines on the terminal, as JSON, as a table in Markdown."""

import os
import platform
import sqlite3
import statistics
import sys


class Table:
    def __init__(self):
        self.lines, self.failures, self.part = [], [], ""

    def begin(self, part):
        self.part = part
        print(f"\n{part}", flush=True)

    def add(self, what, values, unit="s", floor=None, against="", reach=None, least=False, most=None, listed=False):
        """One figure.

        - values: one number a round
        - floor: what it is measured against, one number a round
        - reach: the ratio to reach: at most so much, or at least, if more is better
        - most: what the figure itself may be at most
        - listed: it stands in the Markdown table though it has neither
        """
        line = {"part": self.part, "what": what, "unit": unit, "listed": listed or bool(floor)} | spread(values)
        if floor:
            ratios = [value / base for value, base in zip(values, floor) if base]
            line |= {"against": against, "floor": spread(floor), "ratio": spread(ratios)}
        limit = most if reach is None else reach
        if limit is not None:
            figure = line["median"] if reach is None else line["ratio"]["median"]
            line["listed"] = True
            line["reach"] = {
                "of": "figure" if reach is None else "ratio", "bound": "least" if least else "most", "value": limit,
                "reached": figure >= limit if least else figure <= limit}
        self.lines.append(line)
        print("  " + text(line), flush=True)

    def attach(self, details):
        """What lies behind the last figure, for the JSON."""
        self.lines[-1]["details"] = details

    def fail(self, words):
        """The part broke."""
        self.failures.append({"part": self.part, "words": words})
        note(f"BROKEN: {words}")

    def document(self, options):
        machine = {"cpus": os.cpu_count(), "system": platform.platform(), "sqlite": sqlite3.sqlite_version}
        return {
            "machine": machine, "rounds": options.rounds, "rows": options.rows, "figures": self.lines,
            "failures": self.failures}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def show(value, unit):
    if unit == "s":
        return f"{value:.3f} s" if value >= 0.1 else f"{value * 1000:.2f} ms"
    if unit == "bytes" and abs(value) >= 1 << 20:
        return f"{value / (1 << 20):,.1f} MiB"
    if unit == "":
        return f"{value:.2f}"
    return f"{value:,.0f} bytes" if unit == "bytes" else f"{value:,.0f}{unit}"


def bound(line):
    """What is to reach, in words."""
    limit = line["reach"]
    value = show(limit["value"], line["unit"]) if limit["of"] == "figure" else f"{limit['value']:.2g}"
    return f"at {limit['bound']} {value}"


def text(line):
    unit = line["unit"]
    shown = f"{line['what']:44} {show(line['median'], unit):>14}  ({show(line['min'], unit)}–{show(line['max'], unit)})"
    if "ratio" in line:
        ratio = line["ratio"]
        shown += f"  {ratio['median']:.3g} of {line['against']} ({ratio['min']:.3g}–{ratio['max']:.3g})"
    if "reach" in line:
        shown += f", to reach {bound(line)}{'' if line['reach']['reached'] else ': NOT REACHED'}"
    return shown


def markdown(document):
    """A table of every figure that stands beside another one, has something to reach, or is listed all the same."""
    machine = document["machine"]
    rows = ["| cost | measured | ratio | to | reach | `Tools/benchmarks --only` |", "|---|---|---|---|---|---|"]
    for line in document["figures"]:
        if not line["listed"]:
            continue
        ratio = f"{line['ratio']['median']:.3g}" if "ratio" in line else ""
        reach = bound(line) + ("" if line["reach"]["reached"] else " (**not reached**)") if "reach" in line else ""
        rows.append(
            f"| {line['what'].strip()} | {show(line['median'], line['unit'])} | {ratio} | {line.get('against', '')} "
            f"| {reach} | `{line['part']}` |")
    return "\n".join([
        f"Medians of {document['rounds']} rounds, {document['rows']:,} rows of 15 columns, {machine['cpus']} processors, "
        f"SQLite {machine['sqlite']}, {machine['system']}:", "", *rows])


def note(words):
    print(f"  {words}", file=sys.stderr, flush=True)
