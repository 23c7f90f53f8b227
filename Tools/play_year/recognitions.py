"""Two recognitions of small giants by application and steps; tech SMEs in bulk; the end of some."""

from people import DAY, YEAR


# The notice of each turn from, to; the day of its publication.
DAYS = {1: ("01-06", "01-13", "01-20"), 2: ("10-12", "10-19", "10-26")}


def giants(year, turn):
    """Applications of a turn go from draft to publication. The counties sync before and after."""
    town = year.town
    notice, until, published = [f"{YEAR}-{month}" for month in DAYS[turn]]
    turns = lambda one: 1 if one.number % 5 < 3 else 2
    chosen = [one for one in year.all("giant") if turns(one) == turn]
    for home in year.homes:
        own = [one for one in chosen if year.keeper[one.uscc] == home]
        _file(year, home, own)
        town.sync(home)
    for one in chosen:
        key, = town.query(
            "city", "SELECT a.id FROM application a JOIN enterprise e ON e.id = a.enterprise_id"
            " WHERE e.uscc = ? AND a.scheme = 'small_giant' AND a.year = ?", (one.uscc, YEAR))[0]
        town.city("step", "application", key, "notice", "--on", notice, "--until", until)
        ends = _ends(year, one)
        town.city("step", "application", key, "published", "--on", published, "--cert-no",
                  f"测试{YEAR}-{one.number:05}", "--valid-to", ends)


def _ends(year, one):
    """One lapses before the end of the year, one on its last day."""
    lapsing = [it.uscc for it in year.all("giant") if it.number % 5 < 3][3:5]
    return {lapsing[0]: f"{YEAR}-12-30", lapsing[1]: DAY}.get(one.uscc, f"{YEAR + 3}-06-30")


def _file(year, home, own):
    """The first by commands, step by step; the others in one file."""
    town = year.town
    if not own:
        return
    first, rest = own[0], own[1:]
    key = town.county(home, "apply", first.uscc, "--scheme", "small_giant", "--year", str(YEAR))["id"]
    for stage in ["county", "city"]:
        town.county(home, "step", "application", key, stage)
    town.load(home, "application", [
        {"uscc": one.uscc, "scheme": "small_giant", "year": YEAR, "rule_version": "江苏省 2018", "stage": "city"}
        for one in rest])


def smes(year):
    """In bulk, with the name of the day; every enterprise must have arrived."""
    town = year.town
    town.sync(*town.machines)
    names = dict(town.query("city", "SELECT uscc, name FROM enterprise"))
    town.load("city", "recognition", [
        {"uscc": one.uscc, "scheme": "tech_sme", "level": "province", "year": YEAR, "recognised_on": f"{YEAR}-03-20",
         "name_at_time": names[one.uscc], "valid_to": f"{YEAR + 1}-03-31"}
        for one in year.all("sme")])
    # Some of last year: one lapsed, one recognised again this year and so counted once.
    again, lapsed = year.all("sme")[0], year.all("other")[0]
    town.load("city", "recognition", [
        {"uscc": one.uscc, "scheme": "tech_sme", "level": "province", "year": YEAR - 1,
         "recognised_on": f"{YEAR - 1}-03-20", "name_at_time": names[one.uscc], "valid_to": f"{YEAR + more}-03-31"}
        for one, more in [(again, 1), (lapsed, 0)]])


def revoke(year):
    """The city ends a small giant of the first turn and a tech SME while their county edits them."""
    town = year.town
    giant = [one for one in year.all("giant") if one.number % 5 < 3 and year.keeper[one.uscc] == "haizhou"][0]
    sme = [one for one in year.all("sme") if year.keeper[one.uscc] == "haizhou"][3]
    town.sync("haizhou")
    for one, scheme in [(giant, "small_giant"), (sme, "tech_sme")]:
        town.county("haizhou", "edit", "enterprise", "uscc:" + one.uscc, "status_note=正在核查")
        key, = town.query(
            "city", "SELECT r.id FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id"
            " WHERE e.uscc = ? AND r.scheme = ? AND r.year = ?", (one.uscc, scheme, YEAR))[0]
        town.city("revoke", key, "--reason", "测试:弄虚作假", "--on", f"{YEAR}-12-20")
    town.sync("haizhou")
