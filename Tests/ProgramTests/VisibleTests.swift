import Foundation
import Testing

/// What others have typed, wherever a program says it.
@Suite struct VisibleTests {
  private static let code = "91320706PDY00001XF"

  @Test("What others typed moves no cursor: as a present value, as a namesake, as a reason")
  func controls() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    try await town.county("two", ["add", "enterprise", "name=海洋\u{1b}[2J公司", "uscc=\(Self.code)"])
    try await town.sync("two")
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "address=一路"]).line
    try await town.sync("one")
    try await town.county("one", ["export", "enterprise", town.path("e.csv")])
    try await town.city(["edit", "enterprise", id, "address=二路\u{1b}[2J"])
    try await town.sync("one")
    let csv = try String(contentsOfFile: town.path("e.csv"), encoding: .utf8)
    let edited = try town.write("edited.csv", csv.replacingOccurrences(of: "一路", with: "三路"))
    let refused = try await town.tryCounty("one", ["import", "enterprise", edited])
    expectFailure(refused, 65, "二路\\u{1B}[2J")
    #expect(!refused.err.contains("\u{1b}"), "\(refused.err)")

    let same = try await town.county("one", ["add", "enterprise", "name=海洋", "uscc=\(Self.code)"]).err
    #expect(same.contains("海洋\\u{1B}[2J公司") && !same.contains("\u{1b}"), "\(same)")

    let person = ["enterprise_id=\(id)", "name=王小明", "phone=13812345678", "purpose=联系", "expires_on=2027-01-01"]
    let contact = try await town.city(["add", "contact"] + person).line
    let erased = try await town.city(["erase", "contact", contact, "--reason", "到期\u{1b}[2J"]).out
    #expect(erased.contains("到期\\u{1B}[2J") && !erased.contains("\u{1b}"), "\(erased)")
  }

  @Test func aCellThatNoLogHasMovesNoCursor() async throws {
    let town = try await Town.tally()
    try await town.city(["add", "counter", "id=x", "site=A", "note=one"])
    try await town.sqlite(
      town.master,
      """
      CREATE TABLE z AS SELECT * FROM counter; DROP TABLE counter; ALTER TABLE z RENAME TO counter;
      UPDATE counter SET note = 'un' || char(27) || 'seen' WHERE id = 'x';
      """)
    let told = try await town.tryCity(["repair"])
    #expect(told.code == 65 && told.out.contains("note: one → un\\u{1B}seen"), "\(told.out)")
    #expect(!told.out.contains("\u{1b}"))
  }
}
