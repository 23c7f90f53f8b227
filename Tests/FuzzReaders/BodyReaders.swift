import Foundation
import SyncCore
import SyncProtocol

// What can be read is written again, and is then the same. A body may spell the same in several ways (a table that comes again, the
// mark of a trigger), so it is what was read that must be the same, and the bytes from the second time on.

func readBatch(_ bytes: [UInt8]) throws {
  let batch = try Batch(bytes, schema: Sample.schema)
  let plain = batch.encoded(Sample.schema)
  let again = try Batch(plain, schema: Sample.schema)
  try expect(again == batch, "a batch is another when read again")
  try expect(again.encoded(Sample.schema) == plain, "a batch is spelled otherwise the second time")
  let odd = batch.changes.indices.filter { $0.isMultiple(of: 2) }.map { batch.changes[$0] }
  let excerpt = try BatchExcerpt(bytes, schema: Sample.schema, about: Set(odd.map(\.ref)))
  try expect(excerpt.batch.changes == odd && excerpt.count == batch.changes.count, "an excerpt is not of its batch")
  _ = batch.holdsErased(Sample.schema)
  _ = try batch.opened(Sample.schema, with: [])
}

func readReceipt(_ bytes: [UInt8]) throws {
  let (rows, taken) = (try ReceiptBody.decode(bytes), try ReceiptBody.taken(bytes))
  let plain = ReceiptBody.encode(rows, taken: taken)
  try expect(try ReceiptBody.decode(plain) == rows, "a receipt is another when read again")
  try expect(try ReceiptBody.taken(plain) == taken, "a receipt is of another batch when read again")
}

func readPage(_ bytes: [UInt8]) throws {
  let items = try PageBody.decode(bytes, schema: Sample.schema)
  var writer = PageWriter(Sample.schema)
  for item in items { writer.append(item) }
  try expect(try PageBody.decode(writer.bytes, schema: Sample.schema) == items, "a page is another when read again")
}

func readSecrets(_ bytes: [UInt8]) throws {
  // The harness commits: nobody guesses a SHA-256.
  let secrets = try SecretsBody.decode(bytes.first == UInt8(ascii: "P") ? bytes : committed(bytes))
  try expect(try SecretsBody.decode(SecretsBody.encode(secrets)) == secrets, "secrets are others when read again")
}

/// Secrets of the values that the bytes spell, one after the other.
func committed(_ bytes: [UInt8]) throws -> [UInt8] {
  var salts = Salts()
  return SecretsBody.encode(try RowKey(encoded: bytes).values.map { Secret($0, using: &salts) })
}

private struct Salts: RandomNumberGenerator {
  var count: UInt64 = 0
  mutating func next() -> UInt64 {
    count += 1
    return count
  }
}

func readProbe(_ bytes: [UInt8]) throws {
  let probe = try Probe(bytes, schema: Sample.schema)
  try expect(try Probe(probe.encoded, schema: Sample.schema) == probe, "a probe is another when read again")
  for probed in probe.ranges { _ = probed.range.children }
}

func readAnswer(_ bytes: [UInt8]) throws {
  let items = try AnswerBody.decode(bytes, schema: Sample.schema)
  var writer = AnswerWriter(Sample.schema)
  for item in items { writer.append(item) }
  try expect(
    try AnswerBody.decode(writer.bytes, schema: Sample.schema) == items, "an answer is another when read again")
}

/// What is too small for a reader of its own; the first byte says which.
func readSmall(_ bytes: [UInt8]) throws {
  guard let first = bytes.first else { return }
  let rest = Array(bytes.dropFirst())
  let text = String(decoding: rest, as: UTF8.self)
  switch first % 7 {
  case 0: try expect(try HelloBody(rest).bytes == rest, "a hello is spelled otherwise")
  case 1: try expect(try SnapshotManifest(rest).bytes == rest, "a manifest is spelled otherwise")
  case 2: try expect(try RowKey(encoded: rest).encoded == rest, "a key is spelled otherwise")
  case 3:
    let standing = try Standing(rest)
    try expect(try Standing(standing.bytes) == standing, "a standing is another when read again")
  case 4:
    guard let code = EnrolmentCode(text) else { return }
    try expect(EnrolmentCode(code.description) == code, "a code is another when read again")
  case 5:
    guard let state = StagedState(header: text) else { return }
    try expect(StagedState(header: state.header) == state, "a state is another when read again")
  default:
    let request = try? JSONDecoder().decode(EnrolRequest.self, from: Data(rest))
    _ = request?.isVouched(by: Sample.key.publicKey)
  }
}
