import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What was set aside is in no log, and keeps no copy either. An upgrade is lost with two backups; what was made by it is set
// aside until it is made again, which may be never.

extension World {
  /// A backup, then a later version of the schema, of which everybody has let go of what the city said.
  fileprivate func upgradeInVain() async throws -> String {
    let file = try backup("before.backup")
    try upgrade(laterPeopleSchemaYAML)
    for name in ["second.backup", "latest.backup"] {
      try await settle()
      try backup(name)
    }
    try await settle()
    return file
  }

  /// The city is restored from a backup of before the upgrade, and what came by that is set aside.
  fileprivate func loseTheUpgrade(_ file: String) async throws {
    try restore(from: file)
    for replica in replicas { _ = try await giveBack(replica) }
    try master.release(reason: "the backups cannot be read", actor: "li")
    #expect(master.schema.version == 1)
    let aside = try #require(try master.recovery()).aside
    #expect(aside.count == 1 && aside.allSatisfy(\.needsUpgrade))
  }
}

@Test func whatIsSetAsideForALostUpgradeKeepsNoCopy() async throws {
  let (world, _, two) = try await World.twoOfficers()
  let file = try await world.upgradeInVain()
  try world.shell(two, "UPDATE person SET phone = 'PHONE-two', email = 'e' WHERE id = 'p1'")
  try await world.sync(two)
  try await world.loseTheUpgrade(file)
  func kept() throws -> [String] { try world.files(with: "PHONE-two").filter { $0.hasPrefix("master-") } }
  #expect(try kept() != [])
  try world.erase("p1")
  #expect(try kept() == [])
  try world.upgrade(laterPeopleSchemaYAML)
  #expect(try world.master.recovery()?.aside.isEmpty == true)
  #expect(try world.person("phone") == .null && world.person("email") == .text("e"))
}

/// The erasure is of another row, and long ago.
@Test func whatIsDecidedInWhatIsSetAsideOutlivesTheErasureOfAnotherRow() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "INSERT INTO person (id, office, name, phone) VALUES ('p2', 'A', 'NAME-p2', 'PHONE-p2')")
  try await world.syncAll()
  for (replica, phone) in [(one, "PHONE-1"), (two, "PHONE-2")] {
    try world.shell(replica, "UPDATE person SET phone = '\(phone)' WHERE id = 'p2'")
  }
  try await world.syncAll()
  try world.erase("p1")
  try await world.syncAll()
  let file = try await world.upgradeInVain()
  let open = try #require(try one.conflicts([.open]).first)
  try one.decide(
    Decision(
      conflict: open.id, choice: .value, value: .text("PHONE-decided"), reason: "asked",
      edit: Edit(stamp: Stamp(raw: 0), actor: "")))
  try await world.sync(one)
  #expect(try world.person("phone", of: "p2") == .text("PHONE-decided"))
  try await world.loseTheUpgrade(file)
  #expect(try world.person("phone", of: "p2") == .text("PHONE-1"))
  try world.upgrade(laterPeopleSchemaYAML)
  #expect(try world.person("phone", of: "p2") == .text("PHONE-decided"))
}

/// An official had entered the row, which is in no log since; a machine that had it has put it by.
@Test(arguments: [false, true]) func aRowThatOnlyWhatWasSetAsideHoldsIsErased(isExpired: Bool) async throws {
  let (world, one, two) = try await World.twoOfficers()
  let file = try world.backup()
  try world.shell("INSERT INTO person (id, office, name, phone) VALUES ('p9', 'A', 'NAME-nine', 'PHONE-nine')")
  try await world.sync(two)
  try world.restore(from: file)
  try world.master.release(reason: "nobody answers", actor: "li")
  for replica in [two, one, two] { try await world.sync(replica) }
  #expect(try world.master.recovery()?.aside.map(\.changes) == [1])
  func kept() throws -> [String] { try world.files(with: "PHONE-nine").filter { !$0.hasPrefix("master.sqlite") } }
  #expect(try kept() != [])
  let (person, key) = (try world.person, RowKey([.text("p9")]))
  #expect(try !world.master.isKnown(person, key))
  if isExpired {
    let phone = try #require(person.index(of: "phone"))
    let isDue = { (row: [Value]) in row[phone] == .text("PHONE-nine") }
    #expect(try world.master.erasable(person, where: isDue) == [key])
    _ = try world.master.erase(person, keys: [key], where: isDue, reason: "expired", actor: "li")
    #expect(try world.master.erasable(person, where: { _ in true }).contains(key) == false)
  } else {
    try world.erase("p9")
  }
  try await world.syncAll()
  #expect(try kept() == [])
  #expect(try world.master.erasures().map(\.key) == [key])
  try await world.settle()
}
