import Foundation
import SQLiteStore
import SyncCore
import SyncProtocol

// Snapshots that replicas are fetching, in a folder beside the master: a file and a description of each. Several servers may
// work on it at once: nothing is there by its name before it is whole, and a file that is gone is made anew.

extension Master {
  /// How long a snapshot is kept, in milliseconds; how many, and how many bytes of them.
  static let snapshotLifetime: Int64 = 6 * 3600 * 1000
  static let mostSnapshots = 32
  static let mostSnapshotBytes: Int64 = 8 << 30

  private var shelf: URL { folder(.snapshots) }

  /// Answers a hello with the manifest of a snapshot; its file is then to be had by its id. Throws `Refusal`.
  public func snapshot(_ hello: [UInt8]) throws -> [UInt8] {
    let sealed = try refusing { try SealedEnvelope(hello[...]) }
    guard sealed.header.kind == .hello else { throw Refusal.notAMessage }
    let replica = try greet(sealed)
    // Of another version of the schema it could read nothing.
    let present = try store.transaction { try $0.meta() }.schemaHash
    guard sealed.header.schema == present else { throw Refusal.hasUpgraded }
    return try seal(keptSnapshot(of: replica.org), for: replica.id, answering: sealed.header.number).bytes
  }

  /// The file of a snapshot that is kept; nil: there is none any more.
  public func snapshotFile(_ id: Identifier) -> String? {
    let file = shelf.appendingPathComponent("\(id).zst").path
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  /// A recent one of the unit if nothing has changed since, or else a new one.
  private func keptSnapshot(of org: String) throws -> MadeSnapshot {
    let wanted = try standing(org)
    let kept = clearShelf()
    if let same = kept.last(where: { $0.isLike(wanted) }) { return same }
    while true {
      let made = try shelve(org)
      // What was erased while it was made may be in it.
      let erased = "SELECT 1 FROM sync_erasure WHERE arrival > ?"
      guard try read({ try $0.first(erased, [.integer(made.arrival)]) }) != nil else { return made }
      for ending in ["json", "zst"] { remove("\(made.id).\(ending)") }
    }
  }

  /// A name on the shelf for a file that is being made: what a program that was killed leaves of it goes with the rest.
  func snapshotDraft() throws -> URL {
    do { try FileManager.default.createDirectory(at: shelf, withIntermediateDirectories: true) } catch {
      throw Failure(.disk, zh: "无法创建目录 \(shelf.path)", en: "cannot create the folder \(shelf.path)")
    }
    return shelf.appendingPathComponent("\(UUID().uuidString).new")
  }

  private func shelve(_ org: String) throws -> MadeSnapshot {
    let draft = try snapshotDraft()
    defer { try? FileManager.default.removeItem(at: draft) }
    let made = try makeSnapshot(org: org, into: draft.path)
    do {
      try FileManager.default.moveItem(at: draft, to: shelf.appendingPathComponent("\(made.id).zst"))
      let description = try JSONEncoder().encode(made)
      try description.write(to: shelf.appendingPathComponent("\(made.id).json"), options: .atomic)
    } catch {
      throw Failure(.disk, zh: "无法写入 \(shelf.path):\(error)", en: "cannot write into \(shelf.path): \(error)")
    }
    return made
  }

  /// Removes what is too old or too much, the oldest first, and what a server that was killed left behind.
  /// - Returns: those that stay, oldest first.
  private func clearShelf() -> [MadeSnapshot] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: shelf.path)) ?? []
    let all = names.filter { $0.hasSuffix(".json") }.compactMap { name in
      (try? Data(contentsOf: shelf.appendingPathComponent(name))).flatMap {
        try? JSONDecoder().decode(MadeSnapshot.self, from: $0)
      }
    }.sorted { ($0.madeAt, $0.id) < ($1.madeAt, $1.id) }
    var room = Self.mostSnapshotBytes
    var kept: [MadeSnapshot] = []
    for made in all.reversed() {
      room -= made.packed
      let isYoung = made.madeAt > clock() - Self.snapshotLifetime
      if isYoung, room >= 0, kept.count < Self.mostSnapshots, Identifier(hex: made.id).flatMap(snapshotFile) != nil {
        kept.append(made)
      } else {
        for ending in ["json", "zst"] { remove("\(made.id).\(ending)") }
      }
    }
    for name in names where name.contains(".new") && isAbandoned(name) { remove(name) }
    return kept.reversed()
  }

  private func remove(_ name: String) { try? FileManager.default.removeItem(at: shelf.appendingPathComponent(name)) }

  private func isAbandoned(_ name: String) -> Bool {
    let path = shelf.appendingPathComponent(name).path
    let written = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    return written.map { $0.timeIntervalSinceNow < -Double(Self.snapshotLifetime) / 1000 } ?? true
  }
}
