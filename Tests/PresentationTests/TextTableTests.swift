import Testing

@testable import Presentation

struct TextTableTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("企业", 4), ("\u{FF21}\u{FF22}", 4), ("「」、。", 8), ("한국", 4), ("\u{1112}\u{1161}\u{11AB}", 2),
    ("e\u{301}", 1), ("\u{301}", 0), ("a\u{200B}b", 2), ("\u{FEFF}", 0), ("\u{FF71}", 1), ("—…", 2), ("😀", 2), ("👨‍👩‍👧", 2),
    ("🇨🇳", 2), ("👍🏽", 2), ("1️⃣", 2), ("❤️", 2), ("❤", 1), ("𠀀", 2), ("\u{1B}", 0), ("─", 1), ("㊣", 2), ("カ", 2),
  ])
  func width(text: String, expected: Int) {
    #expect(displayWidth(text) == expected)
  }

  @Test(arguments: [
    ("plain 中文", "plain 中文"), ("\u{1B}[31m", "\\u{1B}[31m"), ("a\nb", "a⏎b"), ("a\r\nb", "a⏎b"),
    ("a\rb", "a\\u{D}b"), ("a\r", "a\\u{D}"), ("a\r\r\n", "a\\u{D}⏎"), ("a\tb", "a\\tb"), ("\u{9B}2J", "\\u{9B}2J"),
    ("\u{7F}\0", "\\u{7F}\\u{0}"), ("\u{202E}abc", "\\u{202E}abc"), ("\u{2028}", "\\u{2028}"),
  ])
  func controlsAreVisible(text: String, expected: String) {
    #expect(visibleText(text) == expected)
  }

  @Test(arguments: [
    ("a\nb", "a\nb"), ("a\n\nb\n", "a\n\nb\n"), ("a\n\u{1B}[2Jb\n", "a\n\\u{1B}[2Jb\n"),
    ("a\r\nb", "a\\u{D}\nb"), ("", ""),
  ])
  func breaksOfLinesStay(text: String, expected: String) {
    #expect(visibleLines(text) == expected)
  }

  @Test func columnsAlignByWidth() {
    let table = TextTable(
      headers: ["name", "注册资本", "note"],
      rows: [["扬州造船", "1500000", "a\nb"], ["Acme", "-3", ""], ["e\u{301}t\u{1B}", "", "x"]])
    #expect(
      table.render() == """
        name      注册资本  note
        ────────  ────────  ────
        扬州造船   1500000  a⏎b
        Acme            -3
        e\u{301}t\\u{1B}            x
        """)
  }

  @Test(arguments: [
    (["1", "20"], " n\n──\n 1\n20"), (["1", "x"], "n\n─\n1\nx"), (["1.5", "2e+16"], "    n\n─────\n  1.5\n2e+16"),
    (["", ""], "n\n─\n\n"), (["1", "nan"], "n\n───\n1\nnan"), ([], "n\n─"),
  ])
  func numbersStandRight(cells: [String], expected: String) {
    #expect(TextTable(headers: ["n"], rows: cells.map { [$0] }).render() == expected)
  }

  @Test func raggedRowsAreNotLost() {
    #expect(TextTable(headers: ["a"], rows: [["x", "yy"], []]).render() == "a\n─  ──\nx  yy\n")
    #expect(TextTable(headers: [], rows: []).render() == "\n")
  }
}
