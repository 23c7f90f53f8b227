import SyncCore
import SyncProtocol

/// Whole messages, cut and unpacked as a receiver does before it knows whose they are. A first byte below 0x20 stands for a message
/// whose header the harness makes, so that what stands behind the hashes is reached too.
func readEnvelope(_ bytes: [UInt8]) throws {
  guard let first = bytes.first, first < 0x20 else { return try readMessages(bytes) }
  var reader = ByteReader(bytes.dropFirst()[...])
  let (packing, flags, rawLength) = (try reader.byte(), try reader.byte(), try reader.bigEndian(UInt32.self))
  let body = bytes.dropFirst(1 + reader.offset)
  var out = ByteWriter()
  out.raw(Array("TRIB".utf8) + [Header.version, first, packing, flags])
  out.raw(Array(repeating: 7, count: 88))
  out.bigEndian(rawLength)
  out.bigEndian(UInt32(body.count))
  out.raw(sha256(body))
  out.raw(Array(repeating: 0, count: 64))
  try readMessages(out.bytes + body)
}

private func readMessages(_ bytes: [UInt8]) throws {
  var again: [UInt8] = []
  for message in try SealedEnvelope.split(bytes) {
    again += message.bytes
    let opened = try? message.open(with: Sample.key.publicKey)
    let body = try message.unverifiedBody()
    try expect(opened.map { $0.body == body } ?? true, "a body is another when it is verified")
    try expect(body.count <= message.header.kind.mostRaw, "a body over the limit")
    let sealed = try Envelope(message.header, body: body, key: Sample.key)
    let second = try Envelope(sealed.bytes[...]) { _ in Sample.key.publicKey }
    try expect(second.header == message.header && second.body == body, "a message is another when sealed again")
  }
  try expect(again == bytes, "the messages are not what came")
}

/// A body as any of the two forms, before its tables are known.
func readChangeset(_ bytes: [UInt8]) throws {
  guard let first = bytes.first else { return }
  let form: ChangesetForm = first & 1 == 0 ? .changeset : .patchset
  let entries = try list(bytes.dropFirst(), form)
  let plain = written(entries, form)
  try expect(plain.count < bytes.count, "a body grows when it is written again")
  let again = try list(plain[...], form)
  try expect(again.elementsEqual(entries) { $0 == $1 }, "a body is another when read again")
  try expect(written(again, form) == plain, "a body is spelled otherwise the second time")
}

private func list(
  _ bytes: ArraySlice<UInt8>, _ form: ChangesetForm
) throws -> [(table: ChangesetTable, entry: ChangesetEntry)] {
  var reader = ChangesetReader(bytes, form)
  var entries: [(table: ChangesetTable, entry: ChangesetEntry)] = []
  while let (table, entry) = try reader.next() { entries.append((table, entry)) }
  return entries
}

private func written(_ entries: [(table: ChangesetTable, entry: ChangesetEntry)], _ form: ChangesetForm) -> [UInt8] {
  var writer = ChangesetWriter(form)
  for (table, entry) in entries { writer.append(entry, to: table) }
  return writer.bytes
}
