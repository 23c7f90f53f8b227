import Foundation
import SyncCore
import Testing

@testable import SyncProtocol

/// Bodies of every kind as other languages read them.
@Suite struct BodyVectorTests {
  struct File: Codable {
    struct Record: Codable {
      var name: String
      var key: [String]
      var fields: [String]
    }
    struct Case: Codable {
      var kind: UInt8
      var name: String
      var hex: String
      /// Of a changeset or patchset.
      var changes: [VectorFile.Row]?
      /// Of any other body.
      var fields: [String: String]?
    }
    struct Refused: Codable {
      var kind: UInt8
      var name: String
      var hex: String
      /// The reader's own word; on the wire all of them are `tampered`.
      var reason: String
    }
    /// A row, where it stands among the ranges of its record, and its hash.
    struct Place: Codable {
      var record: String
      var key: [String]
      var row: [String]
      var place: String
      var hash: String
    }
    /// By these shapes the bodies are read.
    var records: [Record]
    /// The public key of the machine that vouches for the copied file.
    var formerKey: String
    var cases: [Case]
    var refused: [Refused]
    var places: [Place]
  }

  /// Makes the file anew: only with TRIBUTARY_WRITE_VECTORS=1.
  func write() throws {
    let cases = try BodyVectors.good().map { kind, name, bytes in
      File.Case(
        kind: kind.rawValue, name: name, hex: bytes.hex,
        changes: try kind.form.map { try readByUs(bytes, $0).map(VectorFile.Row.init) },
        fields: kind.form == nil ? try fields(kind, bytes) : nil)
    }
    let refused = BodyVectors.refused().map {
      File.Refused(kind: $0.kind.rawValue, name: $0.name, hex: $0.bytes.hex, reason: reason($0.kind, $0.bytes))
    }
    let records = Sample.schema.records.map { File.Record(name: $0.name, key: $0.key, fields: $0.fields.map(\.name)) }
    try VectorFile.write(
      "body.json",
      File(
        records: records, formerKey: try Sample.key(3).publicKey.bytes.hex, cases: cases, refused: refused,
        places: places()))
  }

  private func places() -> [File.Place] {
    [[.text("行0"), .integer(0)], [.text(""), .null], [.text("A"), .blob([0])]].map { (row: [Value]) in
      let hashed = HashedRow(row, keyIndices: [0])
      return File.Place(
        record: "unit", key: [VectorFile.spelled(row[0])], row: row.map(VectorFile.spelled),
        place: RowRange("unit", digits: 16, bits: hashed.place).prefix, hash: hashed.hash.bigEndianBytes.hex)
    }
  }

  /// What a body that is no changeset says, by name.
  private func fields(_ kind: MessageKind, _ bytes: [UInt8]) throws -> [String: String] {
    func number(_ number: some BinaryInteger) -> String { "integer:\(number)" }
    switch kind {
    case .hello:
      let body = try HelloBody(bytes)
      let asking = body.asking.map { ["asking": "blob:\($0)"] } ?? [:]
      return ["last": number(body.last), "seen": number(body.seen)].merging(asking) { $1 }
    case .snapshot:
      let body = try SnapshotManifest(bytes)
      return [
        "id": "blob:\(body.id)", "packed": number(body.packed), "raw": number(body.raw),
        "hash": "blob:\(body.hash.hex)", "arrival": number(body.arrival),
      ]
    case .standing:
      let body = try Standing(bytes)
      return [
        "batch": number(body.batch), "own": number(body.own), "isComplete": number(body.isComplete ? 1 : 0),
        "missing": number(body.missing), "unheard": number(body.unheard),
      ]
    case .enrol:
      let body = try JSONDecoder().decode(EnrolRequest.self, from: Data(bytes))
      let texts = [
        ("code", body.code), ("proof", body.proof), ("formerly", body.formerly), ("voucher", body.voucher),
        ("publicKey", body.publicKey), ("agreementKey", body.agreementKey),
      ]
      var fields = Dictionary(
        uniqueKeysWithValues: texts.compactMap { name, text in text.map { (name, "text:\($0)") } })
      fields["kept"] = body.kept.map(number)
      return fields
    case .welcome:
      let body = try JSONDecoder().decode(Welcome.self, from: Data(bytes))
      return [
        "org": "text:\(body.org)", "cityKey": "text:\(body.cityKey)", "agreementKey": "text:\(body.agreementKey)",
        "schema": "text:\(body.schema)",
      ]
    default: return ["text": "text:\(String(decoding: try reread(kind, bytes), as: UTF8.self))"]
    }
  }

  private func reason(_ kind: MessageKind, _ bytes: [UInt8]) -> String {
    do {
      _ = try reread(kind, bytes)
      return "taken"
    } catch let error as CodecError { return error.reason.rawValue } catch {
      return String("\(error)".prefix { $0 != "(" })
    }
  }

  @Test func read() throws {
    if VectorFile.isWriting { try write() }
    let file: File = try VectorFile.read("body.json")
    #expect(file.cases.count == (try BodyVectors.good().count))
    for (item, good) in zip(file.cases, try BodyVectors.good()) {
      let kind = try #require(MessageKind(rawValue: item.kind))
      let bytes = try #require([UInt8](hex: item.hex))
      #expect(kind == good.kind && bytes == good.bytes, "\(kind) \(item.name)")
      if let form = kind.form { #expect(try readByUs(bytes, form).map(VectorFile.Row.init) == item.changes) }
      if kind.form == nil { #expect(try fields(kind, bytes) == item.fields, "\(kind) \(item.name)") }
      let isPlain = !item.name.hasSuffix("that is not known")
      if isPlain { #expect(try reread(kind, bytes) == bytes, "\(kind) \(item.name)") }
    }
  }

  @Test func whatIsKnownOfEachIsRead() throws {
    let schema = Sample.schema
    #expect(try PageBody.decode(PageBodyTests.encode(BodyVectors.marks), schema: schema) == BodyVectors.marks)
    #expect(try Batch(BodyVectors.ofTheCity.encoded(schema), schema: schema) == BodyVectors.ofTheCity)
    #expect(try AnswerBody.decode(BodyVectors.encode(BodyVectors.answer), schema: schema) == BodyVectors.answer)
    let receipt = ReceiptBody.encode(ReceiptBodyTests.rows, taken: BodyVectors.taken)
    #expect(try ReceiptBody.taken(receipt) == BodyVectors.taken)
    #expect(try ReceiptBody.decode(receipt) == ReceiptBodyTests.rows)
    #expect(try SnapshotManifest(BodyVectors.largestManifest.bytes) == BodyVectors.largestManifest)
    let enrol = try JSONDecoder().decode(EnrolRequest.self, from: Data(BodyVectors.enrols()[1].1))
    let (former, other) = (try Sample.key(3).publicKey, try Sample.key(2).publicKey)
    #expect(enrol.isVouched(by: former) && !enrol.isVouched(by: other))
  }

  @Test func refused() throws {
    let file: File = try VectorFile.read("body.json")
    #expect(file.refused.count == BodyVectors.refused().count)
    for item in file.refused {
      let kind = try #require(MessageKind(rawValue: item.kind))
      let found = reason(kind, try #require([UInt8](hex: item.hex)))
      #expect(found == item.reason && found != "taken", "\(kind) \(item.name)")
    }
  }

  @Test func placesAndHashes() throws {
    let file: File = try VectorFile.read("body.json")
    #expect(file.places.map(\.place) == places().map(\.place) && file.places.map(\.hash) == places().map(\.hash))
  }
}
