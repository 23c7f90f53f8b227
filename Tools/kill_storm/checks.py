"""When all is quiet: what was acknowledged is everywhere, once."""

from town import MACHINES

ROWS = "SELECT id, site, total, hits, note FROM counter WHERE site = ? ORDER BY id"


def differences(town, storm):
    town.rough(False)
    for home in list(MACHINES) * 2:
        town.run(home, "sync")
    wrong = rows(town, storm.ledger) + quiet(town) + log(town)
    town.rough(True)
    return wrong


def rows(town, ledger):
    wrong = []
    for home, site in [*MACHINES.items(), ("city", "A"), ("city", "B")]:
        expected, found = set(ledger.lines(site)), set(town.query(home, ROWS, (site,)))
        wrong += [f"{home} lacks {row}" for row in sorted(expected - found)[:5]]
        wrong += [f"{home} has {row}" for row in sorted(found - expected)[:5]]
    for home in ["city", *MACHINES]:
        names = dict(town.query(home, "SELECT code, name FROM site"))
        wrong += [f"{home}: site {site} is {names.get(site)}, not {name}"
                  for site, name in ledger.city_name.items() if names.get(site) != name]
    return wrong


def quiet(town):
    """Nothing is pending, contested or parked, and every file is found sound."""
    wrong = []
    for home in MACHINES:
        status = town.json(home, "status")
        wrong += [f"{home}: {status[name]} {name}" for name in ("pending", "in_flight", "open_conflicts", "parked") if status[name]]
        town.run(home, "verify", "--deep")
    if conflicts := town.json("city", "conflicts", "--state", "all"):
        wrong.append(f"the city has conflicts: {conflicts[:2]}")
    town.run("city", "verify")
    for home in ["city", *MACHINES]:
        if (said := town.query(home, "PRAGMA integrity_check")) != [("ok",)]:
            wrong.append(f"{home}: {said[:3]}")
    return wrong


def log(town):
    """Each machine's batches are 1, 2, 3, … without a gap, each once."""
    numbers = {}
    for replica, number in town.query("city", "SELECT replica, number FROM sync_batch ORDER BY arrival"):
        numbers.setdefault(replica, []).append(number)
    return [f"batches of {replica!r} are not 1 to {len(found)} in order" for replica, found in numbers.items()
            if found != list(range(1, len(found) + 1))]
