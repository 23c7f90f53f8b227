import Foundation
import SyncCore
import Testing

@testable import SyncProtocol

extension MessageKind {
  /// Whether a body of the kind is JSON, which may be spelled in several ways.
  var isJSON: Bool { [.enrol, .welcome, .standing].contains(self) }

  var form: ChangesetForm? {
    switch self {
    case .batch: .changeset
    case .receipt, .page, .secrets, .probe, .answer: .patchset
    case .hello, .enrol, .welcome, .schema, .snapshot, .standing, .own: nil
    }
  }
}

/// Reads a body as its kind and writes again what was read. Throws what the reader throws.
func reread(_ kind: MessageKind, _ body: [UInt8]) throws -> [UInt8] {
  let schema = Sample.schema
  switch kind {
  case .hello: return try HelloBody(body).bytes
  case .batch:
    let batch = try Batch(body, schema: schema)
    let refs = Set(batch.changes.map(\.ref))
    #expect(try BatchExcerpt(body, schema: schema, about: refs).batch == batch)
    return batch.encoded(schema)
  case .receipt: return ReceiptBody.encode(try ReceiptBody.decode(body), taken: try ReceiptBody.taken(body))
  case .page: return PageBodyTests.encode(try PageBody.decode(body, schema: schema))
  case .enrol: return try BodyVectors.sorted(try JSONDecoder().decode(EnrolRequest.self, from: Data(body)))
  case .welcome: return try BodyVectors.sorted(try JSONDecoder().decode(Welcome.self, from: Data(body)))
  case .secrets: return SecretsBody.encode(try SecretsBody.decode(body))
  case .schema:
    guard let text = String(validating: body, as: UTF8.self) else { throw EnvelopeError.notAMessage }
    return Array(text.utf8)
  case .snapshot: return try SnapshotManifest(body).bytes
  case .standing: return try Standing(body).bytes
  case .own: return body
  case .probe: return try Probe(body, schema: schema).encoded
  case .answer: return BodyVectors.encode(try AnswerBody.decode(body, schema: schema))
  }
}

/// A changeset as we would have written it: without what a reader passes over.
func normal(_ kind: MessageKind, _ body: [UInt8]) throws -> [UInt8] {
  guard let form = kind.form else { return body }
  var reader = ChangesetReader(body[...], form)
  var writer = ChangesetWriter(form)
  while let (table, entry) = try reader.next() {
    if kind == .page, table.name == "sync_mark", case .text(let name) = entry.new.first, PageMark(rawValue: name) == nil
    {
      continue
    }
    writer.append(entry, to: table)
  }
  // That all secrets were erased is said by the head of their table.
  return kind == .secrets && writer.bytes.isEmpty ? body : writer.bytes
}
