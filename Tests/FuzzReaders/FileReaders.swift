import Foundation
import Presentation
import SchemaFile
import Spreadsheet
import SyncCore
import SyncProtocol

/// A bundle for the city. After a first byte of 0 follows the content of one that the harness seals.
func readBundle(_ bytes: [UInt8]) throws {
  let file = bytes.first == 0 ? try sealed(Array(bytes.dropFirst())) : try Scratch.file("bundle", bytes)
  let bundle = try BundleReader(file, .up, with: .key(Sample.cityKey))
  try bundle.verify()
  while try bundle.message() != nil {}
}

private func sealed(_ content: [UInt8]) throws -> String {
  let file = Scratch.path("sealed")
  unlink(file)
  var random = SystemRandomNumberGenerator()
  let writer = try BundleWriter(file, .up, to: [.key(Sample.cityKey.agreementPublicKey)], seed: random.bundleSeed())
  try writer.write(content)
  _ = try writer.finish()
  return file
}

/// The file of a snapshot, with the manifest that is true of it but for the length that it promises.
func readSnapshot(_ bytes: [UInt8]) throws {
  guard bytes.count > 2 else { return }
  let file = Array(bytes.dropFirst(2))
  let source = try Scratch.file("packed", file)
  let raw = Int64(bytes[0]) << 8 | Int64(bytes[1])
  let manifest = SnapshotManifest(id: .city, packed: Int64(file.count), raw: raw, hash: sha256(file), arrival: 0)
  let target = Scratch.path("raw")
  defer { unlink(target) }
  try SnapshotFile.unpack(source, manifest, into: target)
  var status = stat()
  try expect(
    stat(target, &status) == 0 && Int64(status.st_size) == raw, "a snapshot has not the length that it promises")
}

/// A schema file of somebody's. One that is accepted is the same in its canonical form.
func readSchema(_ bytes: [UInt8]) throws {
  let schema = try SchemaFile.read(String(decoding: bytes, as: UTF8.self))
  let text = try SchemaFile.canonicalJSON(schema)
  let again = try SchemaFile.parse(canonicalJSON: text)
  try expect(try SchemaFile.canonicalJSON(again) == text, "a schema is another when read again")
}

/// A schema as it comes over the wire.
func readCanonicalSchema(_ bytes: [UInt8]) throws {
  let schema = try SchemaFile.parse(canonicalJSON: String(decoding: bytes, as: UTF8.self))
  let text = try SchemaFile.canonicalJSON(schema)
  let again = try SchemaFile.parse(canonicalJSON: text)
  try expect(try SchemaFile.canonicalJSON(again) == text, "a schema is another when read again")
}

func readCSV(_ bytes: [UInt8]) throws {
  guard let record = Sample.schema.record("item") else { return }
  _ = try ImportFile.readCSV(bytes, record: record)
}

/// A workbook. After a first byte of 0 follow parts of one, with a byte of 0 between them, and the harness makes the zip file.
func readXLSX(_ bytes: [UInt8]) throws {
  guard let record = Sample.schema.record("item") else { return }
  let parts = bytes.dropFirst().split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
  _ = try ImportFile.readXLSX(bytes.first == 0 ? HandmadeWorkbook.bytes(parts) : bytes, record: record)
}
