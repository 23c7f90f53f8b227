import Foundation
import Testing

// A home folder that somebody copied, put back from an old copy, or lost, with the programs as they are.

@Suite struct RejoinTests {
  private func copy(_ town: Town, _ home: String, to other: String) async throws {
    try await town.sqlite(town.replica(home), "PRAGMA wal_checkpoint(TRUNCATE)")
    try FileManager.default.copyItem(atPath: town.path(home), toPath: town.path(other))
  }

  private func names(_ town: Town, _ home: String?) async throws -> Set<String> {
    let command = ["list", "enterprise", "--json"]
    let rows = try await home == nil ? town.city(command).list : town.county(home ?? "", command).list
    return Set(rows.compactMap { $0["name"] as? String })
  }

  @Test func aFolderPutBackFromAnOldCopyRejoinsAndKeepsItsEdits() async throws {
    let town = try await registryTown()
    try await copy(town, "one", to: "old")
    try await town.county("one", ["add", "enterprise", "name=已同步"])
    try await town.sync("one")
    try FileManager.default.removeItem(atPath: town.path("one"))
    try await town.county("old", ["add", "enterprise", "name=未同步"])
    expectFailure(try await town.tryCounty("old", ["sync"]), 76, "county rejoin")
    let done = try await town.county("old", ["rejoin", "--json"]).object
    #expect(done["synced"] as? Bool == true)
    #expect(done["replica"] as? String != done["formerly"] as? String)
    #expect(try await names(town, "old") == ["已同步", "未同步"])
    #expect(try await names(town, nil) == ["已同步", "未同步"])
    try await town.sync("old")
    try await town.sync("two")
    #expect(try await names(town, "two") == ["已同步", "未同步"])
    let replicas = try await town.city(["replicas", "--json"]).list
    #expect(replicas.count == 3)
    #expect(replicas.contains { $0["formerly"] as? [String] == [done["formerly"] as? String ?? ""] })
    let former = done["formerly"] as? String ?? ""
    let told = try await town.city(["withdraw", former.uppercased()])
    #expect(told.err.contains(done["replica"] as? String ?? "-"))
    try await town.sync("old")
    #expect(try await town.city(["verify"]).isDone)
    #expect(try await town.county("old", ["verify"]).isDone)
  }

  @Test func whatTheCitySaysOfTheEditsOfAMachineThatRejoinsIsTold() async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    for home in ["one", "two"] { try await town.county(home, ["edit", "enterprise", id, "name=海州\(home)公司"]) }
    for home in ["one", "two", "one"] { try await town.sync(home) }
    let conflict = try #require(try await town.county("one", ["conflicts", "--json"]).list.first?["id"] as? Int)
    try await copy(town, "one", to: "old")
    try await town.county("one", ["edit", "enterprise", id, "address=新址"])
    try await town.sync("one")
    try await town.county("old", ["decide", "\(conflict)", "--value", "海州甲三公司", "--reason", "执照为准"])
    try await town.county("two", ["edit", "enterprise", id, "name=海州甲四公司"])
    try await town.sync("two")
    expectFailure(try await town.tryCounty("old", ["sync"]), 76, "county rejoin")
    // What was typed is in no file here any more.
    let told = try await town.county("old", ["rejoin"]).err
    #expect(told.contains("#\(conflict) (海州甲三公司)"), "\(told)")
  }

  @Test func bothCopiesOfAFolderGoOn() async throws {
    let town = try await registryTown()
    try await copy(town, "one", to: "clone")
    for home in ["one", "clone"] { try await town.county(home, ["add", "enterprise", "name=\(home)"]) }
    try await town.sync("clone")
    expectFailure(try await town.tryCounty("one", ["sync"]), 76, "county rejoin")
    await town.stop()
    // Without network: the city hears of it later.
    let done = try await town.county("one", ["rejoin", "--json"])
    #expect(done.object["synced"] as? Bool == false)
    try await town.serve()
    for home in ["one", "clone", "two", "one", "clone"] { try await town.sync(home) }
    for home in ["one", "clone", "two", nil] { #expect(try await names(town, home) == ["one", "clone"]) }
    #expect(try await town.city(["verify"]).isDone)
  }

  /// Withdrawn before, it would take the new one along, for nothing says whose the new one is.
  @Test func aFormerIdIsNotToBeWithdrawnBeforeTheCityKnowsTheNewOne() async throws {
    let town = try await registryTown([("one", "320706")])
    let rejoin = ["rejoin", "--locale", "en"]
    await town.stop()
    let early = try await town.county("one", rejoin).out
    #expect(early.contains("only after that may it withdraw the former id"))
    #expect(try await town.county("one", ["rejoin", "--locale", "zh"]).out.contains("市里得知之前不能停用旧编号"))
    try await town.serve()
    let done = try await town.county("one", rejoin).out
    #expect(done.contains("city withdraw ") && !done.contains("only after that"))
  }

  @Test func aRejoinThatWasKilledIsGoneOnWith() async throws {
    let town = try await registryTown()
    try await town.county("one", ["add", "enterprise", "name=甲"])
    let (key, next) = (town.path("one/replica.key"), town.path("one/replica.key.next"))
    let old = try #require(FileManager.default.contents(atPath: key))
    // Killed before the file took the key that was kept for it.
    try Data((0..<32).map { UInt8($0) }).write(to: URL(fileURLWithPath: next))
    try await town.sync("one")
    let first = try await town.county("one", ["rejoin", "--json"]).object
    #expect(!FileManager.default.fileExists(atPath: next))
    #expect(try Data((0..<32).map { UInt8($0) }) == #require(FileManager.default.contents(atPath: key)))
    // Killed after the file took it, before it took the place of the former one.
    try FileManager.default.moveItem(atPath: key, toPath: next)
    try old.write(to: URL(fileURLWithPath: key))
    try await town.county("one", ["add", "enterprise", "name=乙"])
    try await town.sync("one")
    let second = try await town.county("one", ["rejoin", "--json"]).object
    #expect(second["formerly"] as? String == first["replica"] as? String)
    try await town.sync("one")
    #expect(try await names(town, nil) == ["甲", "乙"])
    // With a key that is not its own nothing is signed.
    try old.write(to: URL(fileURLWithPath: key))
    expectFailure(try await town.tryCounty("one", ["sync"]), 78, "key file")
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func aWithdrawnFolderDoesNotRejoin() async throws {
    let town = try await registryTown()
    let id = try await town.county("one", ["status", "--json"]).object["replica"] as? String ?? ""
    try await town.county("one", ["add", "enterprise", "name=甲"])
    try await town.city(["withdraw", id])
    expectFailure(try await town.tryCounty("one", ["rejoin"]), 77, "withdrawn")
    #expect(try await names(town, "one") == ["甲"])
    #expect(try await names(town, nil) == [])
  }

  @Test func aLostMachineIsWithdrawnAndAnotherOneTakesItsPlace() async throws {
    let town = try await registryTown()
    try await town.county("one", ["add", "enterprise", "name=已同步"])
    try await town.sync("one")
    try await town.county("one", ["add", "enterprise", "name=未同步"])
    let id = try await town.county("one", ["status", "--json"]).object["replica"] as? String ?? ""
    try await town.city(["withdraw", id])
    try await town.join("new", "320706")
    #expect(try await names(town, "new") == ["已同步"])
    try await town.county("new", ["add", "enterprise", "name=新机"])
    try await town.sync("new")
    try await town.sync("two")
    #expect(try await names(town, "two") == ["已同步", "新机"])
    // Whoever finds it cannot sync it.
    expectFailure(try await town.tryCounty("one", ["sync"]), 77, "withdrawn")
    #expect(try await names(town, nil) == ["已同步", "新机"])
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func withoutABackupTrimLetsGoOfNothing() async throws {
    let town = try await registryTown()
    #expect(try await town.city(["trim", "--json"]).object["place"] as? Int == 0)
  }

  @Test func whoHasOnlySticksAndNoKeyGoesOn() async throws {
    let town = try await Town.tally()
    try await town.start("one", "A")
    try await town.county("one", ["add", "counter", "id=x", "site=A", "total=1"])
    try await town.carry("one")
    try await town.county("one", ["edit", "counter", "x", "total=3"])
    try await town.writeBundle("one", "out")
    try await town.answerBundle("out", "answer")
    try FileManager.default.removeItem(atPath: town.path("one/replica.key"))
    let done = try await town.county("one", ["rejoin", "--code", town.code("A"), "--json"]).object
    #expect(done["synced"] as? Bool == false)
    expectFailure(
      try await town.tryCounty("one", ["bundle", "read", town.path("answer")]), 76,
      "another machine, or this one before it got its present id")
    try await town.carry("one")
    try await town.expectEqual(["one"])
    #expect(try await town.counters(town.master).contains("3"))
  }
}
