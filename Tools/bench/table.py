"""The figures as a table on the terminal and as JSON."""

import os
import platform
import sqlite3
import statistics
import sys


class Table:
    def __init__(self):
        self.lines, self.part = [], ""

    def begin(self, part):
        self.part = part
        print(f"\n{part}")

    def add(self, what, values, unit="s", floor=None, against="", reach=None):
        """One figure.

        - values: one number a round
        - floor: what it is measured against, one number a round
        - reach: the ratio to reach
        """
        line = {"part": self.part, "what": what, "unit": unit} | spread(values)
        if floor:
            line |= {"against": against, "floor": spread(floor)}
            ratios = [value / base for value, base in zip(values, floor) if base]
            line |= {"ratio": spread(ratios), "reach": reach}
        self.lines.append(line)
        print("  " + text(line), flush=True)

    def document(self, options):
        machine = {"cpus": os.cpu_count(), "system": platform.platform(), "sqlite": sqlite3.sqlite_version}
        return {"machine": machine, "rounds": options.rounds, "rows": options.rows, "figures": self.lines}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def show(value, unit):
    if unit == "s":
        return f"{value:.3f} s" if value >= 0.1 else f"{value * 1000:.2f} ms"
    return f"{value:,.0f} {unit}" if unit != "" else f"{value:.2f}"


def text(line):
    unit = line["unit"]
    shown = f"{line['what']:44} {show(line['median'], unit):>14}  ({show(line['min'], unit)}–{show(line['max'], unit)})"
    if "ratio" in line:
        ratio, reach = line["ratio"], line["reach"]
        shown += f"  {ratio['median']:.2f} of {line['against']} ({ratio['min']:.2f}–{ratio['max']:.2f})"
        if reach:
            shown += f", to reach {reach}{'' if ratio['median'] <= reach else ': NOT REACHED'}"
    return shown


def note(words):
    print(f"  {words}", file=sys.stderr, flush=True)
