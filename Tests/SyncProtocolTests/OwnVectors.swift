import SyncCore
import Testing

@testable import SyncProtocol

/// Batches of the city's own as a replica keeps them: own.json. Only the city that sealed them can read them.
enum OwnVectors {
  static let batches: [(number: Int64, batch: OwnBatch)] = [
    (1, OwnBatch(arrival: 1, receivedAt: Stamp(raw: 65_536), message: [1, 2, 3], secrets: [])),
    (2, OwnBatch(arrival: 9, receivedAt: Stamp(raw: 0), message: [], secrets: [9])),
    (.max, OwnBatch(arrival: .max, receivedAt: Stamp(raw: .max), message: Array(0...255), secrets: Array(0..<130))),
  ]

  static func sealed(_ number: Int64) throws -> [UInt8] {
    let batch = try #require(batches.first { $0.number == number }).batch
    return try batch.sealed(number: number, key: SigningKey(seed: EnvelopeVectorTests.seed))
  }

  static func refused() throws -> [(String, Int64, [UInt8])] {
    let good = try sealed(1)
    func changed(_ index: Int) -> [UInt8] {
      var bytes = good
      bytes[index] ^= 1
      return bytes
    }
    return [
      ("empty", 1, []), ("cut", 1, good.dropLast()), ("one byte more", 1, good + [0]), ("another number", 2, good),
      ("nonce changed", 1, changed(0)), ("content changed", 1, changed(20)),
      ("tag changed", 1, changed(good.count - 1)),
      ("of another city", 1, try batches[0].batch.sealed(number: 1, key: Sample.key(9))),
    ]
  }
}

@Suite struct OwnVectorTests {
  struct File: Codable {
    struct Case: Codable {
      var number: Int64
      var sealed: String
      var arrival: Int64
      var receivedAt: Int64
      var message: String
      var secrets: String
    }
    struct Refused: Codable {
      var name: String
      var number: Int64
      var sealed: String
    }
    /// The Ed25519 seed of the city.
    var seed: String
    var cases: [Case]
    var refused: [Refused]
  }

  func write() throws {
    let cases = try OwnVectors.batches.map { number, batch in
      File.Case(
        number: number, sealed: try OwnVectors.sealed(number).hex, arrival: batch.arrival,
        receivedAt: batch.receivedAt.raw, message: batch.message.hex, secrets: batch.secrets.hex)
    }
    let refused = try OwnVectors.refused().map { File.Refused(name: $0, number: $1, sealed: $2.hex) }
    try VectorFile.write("own.json", File(seed: EnvelopeVectorTests.seed.hex, cases: cases, refused: refused))
  }

  @Test func read() throws {
    if VectorFile.isWriting { try write() }
    let file: File = try VectorFile.read("own.json")
    let key = try SigningKey(seed: try #require([UInt8](hex: file.seed)))
    #expect(file.cases.count == OwnVectors.batches.count)
    for item in file.cases {
      let sealed = try #require([UInt8](hex: item.sealed))
      let batch = try OwnBatch(sealed: sealed, number: item.number, key: key)
      #expect(batch.arrival == item.arrival && batch.receivedAt.raw == item.receivedAt)
      #expect(batch.message.hex == item.message && batch.secrets.hex == item.secrets)
      // The same content is sealed to the same bytes.
      let again = try batch.sealed(number: item.number, key: key)
      #expect(again == sealed)
    }
    #expect(!file.refused.isEmpty)
    for item in file.refused {
      let sealed = try #require([UInt8](hex: item.sealed))
      #expect(throws: EnvelopeError.tampered, "\(item.name)") {
        try OwnBatch(sealed: sealed, number: item.number, key: key)
      }
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let key = try SigningKey(seed: EnvelopeVectorTests.seed)
    for (number, _) in OwnVectors.batches.prefix(2) {
      let sealed = try OwnVectors.sealed(number)
      for (changed, place) in FlippedBits(sealed) {
        #expect(throws: EnvelopeError.tampered, "\(place)") {
          try OwnBatch(sealed: changed, number: number, key: key)
        }
      }
    }
  }
}
