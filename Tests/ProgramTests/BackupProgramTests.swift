import Foundation
import Testing

// `city backup`, `restore`, `recovery` and `upgrade` with the real executables, and what they say to wrong input.

extension Town {
  /// The city's disk is lost, but for its key.
  func loseMaster() throws {
    for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: master + ending) }
  }
}

@Suite(.timeLimit(.minutes(30))) struct BackupProgramTests {
  @Test func aLostMasterComesBackOverTheNetwork() async throws {
    let town = try await Town.tally()
    try await town.serve()
    for (home, org) in [("one", "A"), ("two", "A")] { try await town.join(home, org) }
    expectFailure(try await town.tryCity(["recovery"]), 66, "never restored")
    let made = try await town.city(["backup", town.path("city.backup"), "--json"]).object
    #expect(made["bytes"] as? Int ?? 0 > 1000 && made["arrival"] as? Int ?? 0 > 3)
    try await town.county("one", ["add", "counter", "id=x", "site=A", "total=1"])
    for home in ["one", "two"] { try await town.sync(home) }
    try await town.city(["edit", "counter", "x", "note=official"])
    try await town.sync("two")
    await town.stop()
    try town.loseMaster()

    let restored = try await town.city(["restore", town.path("city.backup")])
    #expect(restored.out.contains("given back by 2 machines") && restored.out.contains("city recovery"))
    #expect(restored.out.contains("after the last exchange nobody knows"))
    expectFailure(try await town.tryCity(["edit", "site", "A", "code=Z"]), 75, "restored from a backup")
    for command in [["backup", town.path("second")], ["trim"]] {
      expectFailure(try await town.tryCity(command), 75, "waits for what the counties give back")
    }
    try await town.serve()
    let other = town.url + "/"
    expectFailure(
      try await town.tryCounty("one", ["sync", "--server", other]), 75, "nothing is lost", "1 other machines")
    // It is the city's: the address is kept.
    #expect(try await town.county("one", ["status", "--json"]).object["server"] as? String == other)
    let info = try await town.city(["recovery", "--json"]).object
    #expect(info["recovering"] as? Bool == true && (info["unheard"] as? [Any])?.count == 1)
    #expect(try await town.city(["recovery"]).out.contains("not heard yet: A"))
    try await town.sync("two")
    try await town.sync("one")
    let done = try await town.city(["recovery", "--json"]).object
    #expect(done["recovering"] as? Bool == false && done["returned"] as? Int == 2)
    expectFailure(try await town.tryCity(["recovery", "--release", "--reason", "x"]), 65, "nothing to release")
    try await town.expectEqual(["one", "two"])
    #expect(try await town.counters(town.master) == "x|A|1|official")
  }

  @Test func wrongInputIsNamed() async throws {
    let town = try await Town.tally()
    try await town.start("one", "A")
    try await town.carry("one")
    let backup = town.path("city.backup")
    try await town.city(["backup", backup])
    expectFailure(try await town.tryCity(["backup", backup]), 65, "exists already", "--force")
    let again = try await town.city(["backup", backup, "--force", "--json"]).object
    #expect(again["replaced_latest"] as? Bool == true)
    for file in ["city/master.sqlite", "city/city.key"].map(town.path) {
      expectFailure(try await town.tryCity(["backup", file, "--force"]), 65, file, "not a backup", "name another")
    }
    try await town.city(["verify"])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: backup))
    expectFailure(try await town.tryCity(["backup", town.path("no/such/folder")]), 74, "no/such/folder")
    func restore(_ file: String, _ home: String = "new") async throws -> Outcome {
      try await run([Program.path("city"), "restore", town.path(file), "--home", town.path(home)])
    }
    func fails(_ file: String, _ code: Int32, _ words: String, home: String = "new") async throws {
      expectFailure(try await restore(file, home), code, words)
      if home == "new" { #expect(!FileManager.default.fileExists(atPath: town.path("new/master.sqlite"))) }
    }
    try await fails("city.backup", 65, "another --home", home: "city")
    try await fails("nothing", 66, "no backup")
    _ = try town.write("text", "not a database")
    try await fails("text", 65, "text")
    try await fails("city/master.sqlite", 65, "not a backup that city backup wrote")
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: town.path("half")))
    try await fails("half", 65, "half")
    // The key of another city is not written over.
    try FileManager.default.createDirectory(atPath: town.path("other"), withIntermediateDirectories: true)
    try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: town.path("other/city.key")))
    let key = try FileManager.default.contentsOfDirectory(atPath: town.path("city")).first { $0.hasSuffix(".key") }
    #expect(key == "city.key")
    try await fails("city.backup", 65, "key of another city", home: "other")
    #expect(try await restore("city.backup").isDone)
    let home = ["--home", town.path("new")]
    expectFailure(try await run([Program.path("city"), "recovery", "--release"] + home), 64, "--reason")
    expectFailure(try await run([Program.path("city"), "recovery", "--release", "--reason", " "] + home), 64, "reason")
    let released = try await run([Program.path("city"), "recovery", "--release", "--reason", "lost", "--json"] + home)
    #expect(released.object["recovering"] as? Bool == false)
  }

  @Test func aLostKeyIsReplacedAndAForeignOneRefused() async throws {
    let town = try await Town.tally()
    try await town.serve()
    for home in ["one", "two"] { try await town.join(home, "A") }
    try await town.county("one", ["add", "counter", "id=x", "site=A", "total=1"])
    let (own, manager) = (town.path("one/replica.key"), FileManager.default)
    // Of another machine, damaged, and gone.
    try manager.removeItem(atPath: own)
    try manager.copyItem(atPath: town.path("two/replica.key"), toPath: own)
    let code = try await town.code("A")
    expectFailure(
      try await town.tryCounty("one", ["rejoin", "--code", code]), 78, "move this one away", "rejoin --code")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: own))
    expectFailure(try await town.tryCounty("one", ["list", "counter"]), 65, "replica.key", "rejoin --code")
    try manager.removeItem(atPath: own)
    // One that is there and cannot be read is not lost.
    try manager.createDirectory(atPath: own, withIntermediateDirectories: false)
    let unread = try await town.tryCounty("one", ["list", "counter"])
    expectFailure(unread, 74, "cannot read the key file", "replica.key")
    #expect(!unread.err.contains("rejoin"), "\(unread.err)")
    try manager.removeItem(atPath: own)
    expectFailure(try await town.tryCounty("one", ["rejoin"]), 66, "replica.key", "rejoin --code")
    try await town.county("one", ["rejoin", "--code", code])
    #expect(try await town.city(["show", "counter", "x", "--json"]).object["total"] as? Int == 1)
    try await town.county("one", ["edit", "counter", "x", "total=3"])
    try await town.sync("one")
    #expect(try await town.city(["show", "counter", "x", "--json"]).object["total"] as? Int == 3)
    // The city's.
    try await town.city(["backup", town.path("city.backup")])
    let citys = town.path("city/city.key")
    try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: citys))
    expectFailure(try await town.tryCity(["edit", "counter", "x", "total=9"]), 78, "every backup holds it")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: citys))
    expectFailure(try await town.tryCity(["list", "counter"]), 65, "city.key", "city restore")
    try manager.removeItem(atPath: citys)
    expectFailure(try await town.tryCity(["list", "counter"]), 66, "city restore")
    try await need([
      Program.path("city"), "restore", town.path("city.backup"), "--home", town.path("new"),
    ])
    try manager.copyItem(atPath: town.path("new/city.key"), toPath: citys)
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func anUpgradeIsPreviewedRefusedAndFollowed() async throws {
    let town = try await Town.tally()
    try await town.serve()
    try await town.join("one", "A")
    try await town.county("one", ["add", "counter", "id=x", "site=A", "total=1"])
    let later = tallySchema.replacingOccurrences(of: "version: 1", with: "version: 2")
    let wider = try town.write("later.yaml", later + "\n      color: {values: [red, green]}\n")
    expectFailure(try await town.tryCity(["upgrade"]), 64, "schema of its own", "--schema")
    expectFailure(try await town.tryCity(["upgrade", "--schema", town.path("nothing")]), 66, "cannot read")
    let narrower = try town.write("less.yaml", later.replacingOccurrences(of: "\n      note: {type: text}", with: ""))
    expectFailure(try await town.tryCity(["upgrade", "--schema", narrower]), 65, "counter", "note")
    let same = try town.write("same.yaml", tallySchema)
    #expect(try await town.city(["upgrade", "--schema", same]).out.contains("is here already"))
    #expect(try await town.city(["upgrade", "--schema", wider, "--dry-run"]).out.contains("nothing was changed"))
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
    expectFailure(try await town.tryCounty("one", ["edit", "counter", "x", "color=red"]), 64, "color")
    let done = try await town.city(["upgrade", "--schema", wider, "--json"]).object
    #expect(done["from"] as? Int == 1 && (done["added"] as? [[String: Any]])?.first?["field"] as? String == "color")
    #expect(try await town.tryCounty("one", ["sync"]).err.contains("version 2"))
    try await town.county("one", ["edit", "counter", "x", "color=red"])
    try await town.sync("one")
    #expect(try await town.city(["show", "counter", "x", "--json"]).object["color"] as? String == "red")
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func theUpgradeComesBackAfterARestore() async throws {
    let town = try await Town.tally()
    try await town.serve()
    try await town.join("one", "A")
    try await town.city(["backup", town.path("city.backup")])
    let later = tallySchema.replacingOccurrences(of: "version: 1", with: "version: 2")
    let wider = try town.write("later.yaml", later + "\n      color: {values: [red, green]}\n")
    try await town.city(["upgrade", "--schema", wider])
    try await town.sync("one")
    try await town.county("one", ["add", "counter", "id=x", "site=A", "color=red"])
    try await town.sync("one")
    await town.stop()
    try town.loseMaster()
    try await town.city(["restore", town.path("city.backup")])
    expectFailure(try await town.tryCity(["upgrade", "--schema", wider]), 75, "recover")
    try await town.serve()
    try await town.sync("one")
    #expect(try await town.city(["show", "counter", "x", "--json"]).object["color"] as? String == "red")
    #expect(try await town.city(["verify"]).isDone)
  }

  /// The machine's own file has the version that nobody else has any more.
  @Test func aVersionThatIsLostIsMadeKnownAgainFromAMachinesFile() async throws {
    let town = try await Town.tally()
    try await town.serve()
    try await town.join("one", "A")
    try await town.city(["backup", town.path("city.backup")])
    func later(_ version: Int, _ fields: String) throws -> String {
      let text = tallySchema.replacingOccurrences(of: "version: 1", with: "version: \(version)")
      return try town.write("\(version).yaml", text + "\n      color: {values: [red, green]}\n" + fields)
    }
    try await town.city(["upgrade", "--schema", try later(2, "")])
    try await town.sync("one")
    try await town.county("one", ["add", "counter", "id=x", "site=A", "color=red"])
    try await town.sync("one")
    await town.stop()
    try await town.sqlite(town.replica("one"), "DELETE FROM sync_inbox")
    try town.loseMaster()
    try await town.city(["restore", town.path("city.backup")])
    try await town.city(["recovery", "--release", "--reason", "nobody has it"])
    try await town.city(["upgrade", "--schema", try later(3, "      size: {type: text}\n")])
    try await town.serve()
    expectFailure(try await town.tryCounty("one", ["sync"]), 76, "does not know", "city upgrade --schema")
    #expect(try await town.city(["recovery"]).out.contains("its version of the schema is lost"))
    let text = try await town.sqlite(town.replica("one"), "SELECT value FROM sync_meta WHERE name = 'schema'")
    // A draft of that version, and the text as another program writes it.
    let second = tallySchema.replacingOccurrences(of: "version: 1", with: "version: 2")
    let draft = try town.write("draft.yaml", second + "\n      color: {values: [red]}\n")
    let spaced = try town.write("spaced.json", text.replacingOccurrences(of: ":{", with: ": {"))
    for file in [draft, spaced] {
      expectFailure(try await town.tryCity(["upgrade", "--schema", file]), 65, "not version 2 as machines have it")
    }
    let lost = try town.write("lost.json", text)
    let preview = try await town.city(["upgrade", "--schema", lost, "--dry-run"])
    #expect(preview.out.contains("nothing was changed"))
    #expect(try await town.city(["upgrade", "--schema", lost]).out.contains("is known again"))
    #expect(try await town.city(["show", "counter", "x", "--json"]).object["color"] as? String == "red")
    #expect(try await town.tryCounty("one", ["sync"]).isDone)
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func whatWasPublishedStandsThoughWhatItRestsOnIsLost() async throws {
    let town = try await registryTown([("one", "320706"), ("two", "320722")])
    try await town.city(["backup", town.path("city.backup")])
    try await town.enter("two", "enterprise", "name=东海甲公司")
    try await town.sync("two")
    let publish = ["publish", "plan", "--year", "2018", "--on", "2018-12-31", "--no"]
    try await town.city(publish + ["2018-1"])
    try await town.sync("one")
    await town.stop()
    try town.loseMaster()
    try FileManager.default.removeItem(atPath: town.path("two"))
    try await town.city(["restore", town.path("city.backup")])
    try await town.serve()
    expectFailure(try await town.tryCounty("one", ["sync"]), 75)
    try await town.city(["recovery", "--release", "--reason", "the machine is lost"])
    let verified = try await town.city(["verify"])
    #expect(verified.err.contains("publication 2018-1, version 1: rests on what is lost"), "\(verified.err)")
    #expect(verified.err.contains("the machine is lost"))
    // What is published since follows from the log, and is checked.
    try await town.city(publish + ["2018-2"])
    let unchecked = try await town.city(["verify", "--json"]).object["unchecked"] as? [String] ?? []
    #expect(unchecked.count == 1 && unchecked[0].contains("publication 2018-1"), "\(unchecked)")
    try await town.sqlite(town.master, "UPDATE publication SET title = 'x' WHERE no = '2018-1'")
    #expect(try await town.tryCity(["verify"]).code == 65)
  }

  /// What was published follows from the log of its day, also over an upgrade.
  @Test func publicationsOutliveAnUpgrade() async throws {
    let town = try await Town()
    try await town.city([
      "publish", "plan", "--year", "2018", "--on", "2018-12-31", "--no", "2018-1", "--title", "计划完成情况",
    ])
    let folder = town.path("schema")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let resources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Registry/Resources").standardizedFileURL
    for name in try FileManager.default.contentsOfDirectory(atPath: resources.path) where name.hasPrefix("schema-") {
      var text = try String(contentsOf: resources.appendingPathComponent(name), encoding: .utf8)
      text = text.replacingOccurrences(of: "\nversion: 1\n", with: "\nversion: 2\n")
      if name.contains("publication") { text += "      seal: {label: {zh: 印章, en: Seal}, max_length: 60}\n" }
      _ = try town.write("schema/\(name)", text)
    }
    try await town.city(["upgrade", "--schema", folder])
    #expect(try await town.city(["verify"]).isDone)
    let again = ["publish", "plan", "--year", "2018", "--on", "2018-12-31", "--no", "2018-1"]
    expectFailure(try await town.tryCity(again), 65, "nothing differs")
    try await town.city(["publish", "plan", "--year", "2019", "--on", "2019-12-31", "--no", "2019-1"])
    #expect(try await town.city(["verify"]).isDone)
    // One that was altered is named, and one that was deleted.
    try await town.sqlite(
      town.master,
      """
      UPDATE publication SET content = replace(content, '2018', '2017') WHERE no = '2018-1';
      DELETE FROM publication WHERE no = '2019-1';
      """)
    let verified = try await town.tryCity(["verify"])
    #expect(verified.code == 65 && (verified.out + verified.err).contains("2018-1"))
    #expect(verified.out.contains("publication 2019-1, version 1: it was deleted"), "\(verified.out)")
  }
}
