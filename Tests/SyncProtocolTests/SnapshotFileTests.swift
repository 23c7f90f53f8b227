import Foundation
import SyncCore
import SyncProtocol
import Testing

/// Longer than what is read at once, and hardly shorter when it is packed.
@Test func aSnapshotOfManyPiecesIsUnpackedWhole() throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pieces-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let (raw, packed) = (folder.appendingPathComponent("raw"), folder.appendingPathComponent("packed"))
  let unpacked = folder.appendingPathComponent("unpacked")
  var state: UInt64 = 7
  let bytes = Data(
    (0..<700_001).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    })
  try bytes.write(to: raw)
  let (length, whole, hash) = try SnapshotFile.pack(raw.path, into: packed.path)
  #expect(length > 2 * 256 << 10 && whole == 700_001)
  let manifest = SnapshotManifest(id: .city, packed: length, raw: whole, hash: hash, arrival: 0)
  try SnapshotFile.unpack(packed.path, manifest, into: unpacked.path)
  #expect(try Data(contentsOf: unpacked) == bytes)
}
