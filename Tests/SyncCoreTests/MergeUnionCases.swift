import SyncCore

// The policy `union`: a set of members, joined by commas.

let unionCases = [
  MergeCase("both added", "union", .county, "a", "a,b", "a,c", "a,b,c", asSent: false),
  MergeCase("both added", "union", .city, "a", "a,b", "a,c", "a,b,c", asSent: false),
  MergeCase("both added the same and another", "union", .county, "a", "a,b", "a,b,c", "a,b,c", asSent: true),
  MergeCase("both filled", "union", .county, .null, "a", "b", "a,b", asSent: false),
  MergeCase("both removed", "union", .county, "a,b,c", "b,c", "a,b", "b", asSent: false),
  MergeCase("both removed the last of it", "union", .county, "a,b", "a", "b", .null, asSent: false),
  MergeCase("one added, one removed", "union", .county, "a,b", "a,b,c", "a", "a,c", asSent: false),
  MergeCase("one removed, one added", "union", .county, "a,b", "a", "a,b,c", "a,c", asSent: false),
  MergeCase("removed by both, brought back by none", "union", .county, "a,b", "a,c", "a,d", "a,c,d", asSent: false),
  MergeCase("emptied by the sender", "union", .county, "a,b", "a,b,c", .null, "c", asSent: false),
  MergeCase("emptied by the master", "union", .county, "a,b", .null, "a,b,c", "c", asSent: false),
  MergeCase("emptied, and a member removed", "union", .county, "a,b", "a", .null, .null, asSent: true),
  MergeCase("'' and NULL are both empty", "union", .county, "a", "", .null, .null, asSent: true),
  MergeCase(
    "the master's order, then the sender's", "union", .county, "c,b,a", "b,e,c,a", "d,a,f,c", "e,c,a,d,f", asSent: false
  ),
  MergeCase("another order is no change", "union", .county, "a,b", "b,a,c", "b,a", "b,a,c", asSent: false),
  MergeCase(
    "spaces and empty members do not count", "union", .county, " a ,b", "a,, b,c ", " , b  ,d,", "b,c,d", asSent: false),
  MergeCase("spaces within a member count", "union", .county, "a b", "a b,c", "a  b", "c,a  b", asSent: false),
  MergeCase("a tab is no space", "union", .county, "a", "a,b", "a,\tb", "a,b,\tb", asSent: false),
  MergeCase("a member twice is one", "union", .county, "a,a", "a,b,a,b", "a,c,c", "a,b,c", asSent: false),
  MergeCase("a member twice is removed", "union", .county, "a,b", "a,b,a,c", "b", "b,c", asSent: false),
  MergeCase("upper case is another", "union", .county, "a", "a,A", "a,b", "a,A,b", asSent: false),
  MergeCase("normal forms are two", "union", .county, .null, "\u{e9}", "e\u{301}", "\u{e9},e\u{301}", asSent: false),
  MergeCase(
    "a normal form is removed, the other stays", "union", .county, "\u{e9},e\u{301}", "\u{e9},e\u{301},a", "\u{e9}",
    "\u{e9},a", asSent: false),
  MergeCase("only ASCII commas part", "union", .county, "甲", "甲,乙,丙", "甲,丁", "甲,乙,丙,丁", asSent: false),
  MergeCase("an integer goes to review", "union", .county, "a", "b", 1, "b", .open, asSent: false),
  MergeCase("an integer of the master goes to review", "union", .city, "a", 1, "b", 1, .open, asSent: false),
  MergeCase("a blob base goes to review", "union", .county, .blob([97]), "b", "c", "b", .open, asSent: false),
  MergeCase("only the sender changed, taken as it is", "union", .county, "a", "a", " b,,a ", " b,,a ", asSent: true),
  MergeCase("waits too", "union", .county, "a", "a,b", "a,c", "a,b", .open, asSent: false, underReview: true),
  MergeCase(
    name: "union: insert over a row", kind: "insert", image: row(["union": "a,b"]), new: row(["union": "b,c"]),
    result: .init(image: row(["union": "a,b,c"]), asSent: false)),
]
