import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

/// People with personal data, of two offices.
let peopleSchemaYAML = """
  schema: people
  version: 1
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: , name: }}
    person:
      key: id
      scope: {field: office}
      decides: owner
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
        name: {required: true, restricted: true}
        phone: {restricted: true}
        mobile: {restricted: true, policy: latest}
        note:
    visit:
      key: id
      scope: {via: person}
      decides: owner
      fields: {id: , person: {required: true, references: person.id}, note: }
  """

/// The same with a field more.
let laterPeopleSchemaYAML = peopleSchemaYAML.replacing("version: 1", with: "version: 2")
  .replacing("      note:\n", with: "      note:\n      email:\n")

extension World {
  static func people() throws -> World {
    let offices: [[Value]] = ["A", "B"].map { [.text($0), .null] }
    return try World(schema: peopleSchemaYAML, seed: [("office", offices)])
  }

  /// Two machines of office A that both have the person p1, whose name and phone are theirs.
  static func twoOfficers() async throws -> (World, Replica, Replica) {
    let world = try people()
    let one = try await world.join("A", actor: "one")
    let two = try await world.join("A", actor: "two")
    try world.shell(
      one, "INSERT INTO person (id, office, name, phone, note) VALUES ('p1', 'A', 'NAME-one', 'PHONE-one', 'n')")
    try await world.sync(one)
    try await world.sync(two)
    return (world, one, two)
  }

  var person: RecordSchema { get throws { try master.record("person") } }

  func person(_ field: String, of id: String = "p1") throws -> Value? {
    let record = try person
    return try master.row(record, key: RowKey([.text(id)])).flatMap { row in record.index(of: field).map { row[$0] } }
  }

  @discardableResult
  func erase(_ id: String = "p1", _ fields: [String]? = nil) throws -> [Erasure] {
    clock.now += 1000
    return try master.erase(person, key: RowKey([.text(id)]), fields: fields, reason: "asked for", actor: "li")
  }

  func syncAll() async throws {
    for _ in 1...2 { for replica in replicas { try await sync(replica) } }
  }

  /// The files of this world, with their write-ahead logs, in which the text stands.
  func files(with text: String) throws -> [String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    // A folder has no contents.
    return names.filter { name in
      (try? Data(contentsOf: folder.appendingPathComponent(name)))?.range(of: Data(text.utf8)) != nil
    }
  }

  /// What every signed batch of the master's log says, unpacked.
  func loggedBodies() throws -> [[UInt8]] {
    try master.read { db in
      var bodies: [[UInt8]] = []
      try db.each("SELECT message FROM sync_batch ORDER BY arrival") { row in
        if case .blob(let message) = row.cell(0) {
          bodies.append(try SealedEnvelope(message[...]).unverifiedBody())
        }
      }
      return bodies
    }
  }
}

extension Replica {
  func cell(_ field: String, of id: String = "p1") throws -> Value? {
    let record = try record("person")
    return try row(record, key: RowKey([.text(id)])).flatMap { row in record.index(of: field).map { row[$0] } }
  }
}
