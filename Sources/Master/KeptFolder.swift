import Foundation
import SQLiteStore

/// Folders beside the master's file of what replicas are sending or fetching just now. Nothing else is in them, and all of it may go
/// at any time: who needs it begins anew.
public enum KeptFolder: String, CaseIterable, Sendable { case snapshots, staged, answers }

extension Master {
  public func folder(_ kept: KeptFolder) -> URL {
    URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(kept.rawValue)
  }

  /// Which erasure was the last; 0: there was none. What was read before it may hold what it erased.
  public func lastErasure() throws -> Int64 { try read { try $0.integer("SELECT max(id) FROM sync_erasure") ?? 0 } }

  /// They may hold what is erased.
  func emptyKeptFolders() {
    for kept in KeptFolder.allCases { empty(folder(kept)) { _ in true } }
    // Earlier versions wrote a snapshot for a stick beside the file; one that is left is of a program that was killed.
    let file = URL(fileURLWithPath: path)
    let start = file.lastPathComponent + ".snapshot-"
    empty(file.deletingLastPathComponent()) { $0.hasPrefix(start) && Self.isLeft($0.dropFirst(start.count)) }
  }

  /// Whether a name ends as that of a snapshot did, packed or not: somebody's own copy may have one that begins so.
  private static func isLeft(_ ending: Substring) -> Bool {
    UUID(uuidString: String(ending.prefix(36))) != nil && ["", ".plain"].contains(ending.dropFirst(36))
  }

  private func empty(_ folder: URL, of fits: (String) -> Bool) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where fits(name) {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }
}
