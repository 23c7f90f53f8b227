import SyncCore

// The policy `text`: lines.

private let abc = Value("a\nb\nc\nd\ne")

let textMergedCases = [
  MergeCase(
    "first and last line", "text", .county, abc, "A\nb\nc\nd\ne", "a\nb\nc\nd\nE", "A\nb\nc\nd\nE", asSent: false),
  MergeCase(
    "last and first line", "text", .city, abc, "a\nb\nc\nd\nE", "A\nb\nc\nd\ne", "A\nb\nc\nd\nE", asSent: false),
  MergeCase(
    "one line lies between", "text", .county, abc, "a\nB\nc\nd\ne", "a\nb\nc\nD\ne", "a\nB\nc\nD\ne", asSent: false),
  MergeCase(
    "lines added far apart", "text", .county, abc, "0\na\nb\nc\nd\ne", "a\nb\nc\nd\ne\nf", "0\na\nb\nc\nd\ne\nf",
    asSent: false),
  MergeCase(
    "one adds, one removes", "text", .county, abc, "a\na2\nb\nc\nd\ne", "a\nb\nc\ne", "a\na2\nb\nc\ne", asSent: false),
  MergeCase("both remove", "text", .county, abc, "b\nc\nd\ne", "a\nb\nc\nd", "b\nc\nd", asSent: false),
  MergeCase(
    "two hunks each, in turn", "text", .county, abc, "A\nb\nC\nd\ne", "a\nb\nc\nd\nE", "A\nb\nC\nd\nE", asSent: false),
  MergeCase(
    "the same hunk once", "text", .county, abc, "A\nb\nc\nd\nE", "A\nb\nC\nd\ne", "A\nb\nC\nd\nE", asSent: false),
  MergeCase(
    "the same line added once", "text", .county, abc, "a\nx\nb\nc\nd\ne", "a\nx\nb\nc\nd\nE", "a\nx\nb\nc\nd\nE",
    asSent: true),
  MergeCase("the same line removed once", "text", .county, abc, "b\nc\nd\ne", "b\nc\nd\nE", "b\nc\nd\nE", asSent: true),
  MergeCase("the last line ends", "text", .county, "a\nb\n", "A\nb\n", "a\nb\nc\n", "A\nb\nc\n", asSent: false),
  MergeCase(
    "the last line loses its end", "text", .county, "a\nb\nc\n", "A\nb\nc\n", "a\nb\nc", "A\nb\nc", asSent: false),
  MergeCase("empty lines", "text", .county, "a\n\n\nb", "A\n\n\nb", "a\n\n\n", "A\n\n\n", asSent: false),
  MergeCase(
    "repeated lines", "text", .county, "-\nx\n-\ny\n-", "-\nX\n-\ny\n-", "-\nx\n-\nY\n-", "-\nX\n-\nY\n-", asSent: false
  ),
  MergeCase(
    "\\r is part of the line", "text", .county, "a\r\nb\r\nc", "A\r\nb\r\nc", "a\r\nb\r\nC", "A\r\nb\r\nC",
    asSent: false),
  MergeCase("Chinese", "text", .county, "甲\n乙\n丙", "甲一\n乙\n丙", "甲\n乙\n丙三", "甲一\n乙\n丙三", asSent: false),
  MergeCase("NULL and '' are one base", "text", .county, .null, "", "a", "a", asSent: true),
]

let textReviewCases = [
  MergeCase(
    "the same line", "text", .county, abc, "a\nb\nX\nd\ne", "a\nb\nY\nd\ne", "a\nb\nX\nd\ne", .open, asSent: false),
  MergeCase(
    "the same line", "text", .city, abc, "a\nb\nX\nd\ne", "a\nb\nY\nd\ne", "a\nb\nX\nd\ne", .open, asSent: false),
  MergeCase(
    "lines that touch", "text", .county, abc, "a\nB\nc\nd\ne", "a\nb\nC\nd\ne", "a\nB\nc\nd\ne", .open, asSent: false),
  MergeCase(
    "lines that touch, the sender's first", "text", .county, abc, "a\nb\nC\nd\ne", "a\nB\nc\nd\ne",
    "a\nb\nC\nd\ne", .open, asSent: false),
  MergeCase(
    "added where a line changed", "text", .county, abc, "a\nb\nx\nc\nd\ne", "a\nb\nC\nd\ne", "a\nb\nx\nc\nd\ne", .open,
    asSent: false),
  MergeCase(
    "added in one place", "text", .county, abc, "a\nx\nb\nc\nd\ne", "a\ny\nb\nc\nd\ne", "a\nx\nb\nc\nd\ne", .open,
    asSent: false),
  MergeCase("added at the end by both", "text", .county, "a\n", "a\nb\n", "a\nc\n", "a\nb\n", .open, asSent: false),
  MergeCase(
    "changed and removed", "text", .county, abc, "a\nb\nd\ne", "a\nb\nC\nd\ne", "a\nb\nd\ne", .open, asSent: false),
  MergeCase(
    "one large hunk bridges two", "text", .county, abc, "A\nb\nC\nd\ne", "X\ne", "A\nb\nC\nd\ne", .open, asSent: false),
  MergeCase(
    "one good hunk does not save another", "text", .county, abc, "A\nb\nX\nd\ne", "a\nb\nY\nd\nE", "A\nb\nX\nd\ne",
    .open, asSent: false),
  MergeCase(
    "\\r makes another line", "text", .county, "a\nb\nc", "a\r\nb\nc", "A\nb\nc", "a\r\nb\nc", .open, asSent: false),
  MergeCase(
    "normal forms differ", "text", .county, "e\nb\nc", "\u{e9}\nb\nc", "e\u{301}\nb\nc", "\u{e9}\nb\nc", .open,
    asSent: false),
  MergeCase("both filled", "text", .county, .null, "a", "b", "a", .open, asSent: false),
  MergeCase("cleared by the sender", "text", .county, "a\nb\nc", "A\nb\nc", .null, "A\nb\nc", .open, asSent: false),
  MergeCase("cleared by the master", "text", .county, "a\nb\nc", .null, "a\nb\nC", .null, .open, asSent: false),
  MergeCase("cleared by the master, though it was empty", "text", .county, "", .null, "a", .null, .open, asSent: false),
  MergeCase("cleared by the sender, though it was empty", "text", .county, "", "a", .null, "a", .open, asSent: false),
  MergeCase("'' against NULL", "text", .county, "a", "", .null, "", .open, asSent: false),
  MergeCase("an integer goes to review", "text", .county, "a\nb\nc", "A\nb\nc", 1, "A\nb\nc", .open, asSent: false),
  MergeCase("a blob base goes to review", "text", .county, .blob([97]), "a", "b", "a", .open, asSent: false),
  MergeCase(
    "waits too", "text", .county, abc, "A\nb\nc\nd\ne", "a\nb\nc\nd\nE", "A\nb\nc\nd\ne", .open, asSent: false,
    underReview: true),
  MergeCase(
    name: "text: insert over a row", kind: "insert", image: row(["text": "a\nb"]), new: row(["text": "a\nc"]),
    result: .init(image: row(["text": "a\nb"]), contests: [cell("text", .null, "a\nb", "a\nc", "open")], asSent: false)),
]

/// What another comparison of lines makes something else of.
let textComparisonCases = [
  repeated("a | b a a | a a", "b a a a"), repeated("a b a | Z a a b | a a b", "Z a a b"),
  repeated("b a b | a b b Z | a b b", "a b b b Z"), repeated("a a a | a a | Z a a", "Z a"),
  repeated("c a b | c | a c", nil),
  MergeCase(
    "2,000 lines added", "text", .county, "a\nb\nc", longer("a", by: 2_000), "A\nb\nc", longer("A", by: 2_000),
    asSent: false),
  MergeCase(
    "2,001 lines added", "text", .county, "a\nb\nc", longer("a", by: 2_001), "A\nb\nc", longer("a", by: 2_001), .open,
    asSent: false),
]

/// - Parameters:
///   - texts: base | master | incoming, their lines parted by spaces.
///   - merged: nil: open.
private func repeated(_ texts: String, _ merged: String?) -> MergeCase {
  func lines(_ words: Substring) -> Value { .text(words.split(separator: " ").joined(separator: "\n")) }
  let sides = texts.split(separator: "|").map { lines($0) }
  return MergeCase(
    "repeated lines: \(texts)", "text", .county, sides[0], sides[1], sides[2],
    merged.map { lines($0[...]) } ?? sides[1], merged == nil ? .open : nil, asSent: false)
}

/// Three lines, and so many empty ones before the last.
private func longer(_ first: String, by count: Int) -> Value {
  .text("\(first)\nb\n" + String(repeating: "\n", count: count) + "c")
}

let textCases = textMergedCases + textReviewCases + textComparisonCases
