import Foundation

/// Folders beside the master's file of what replicas are sending or fetching just now. Nothing else is in them, and all of it may go
/// at any time: who needs it begins anew.
public enum KeptFolder: String, CaseIterable, Sendable { case snapshots, staged, answers }

extension Master {
  public func folder(_ kept: KeptFolder) -> URL {
    URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(kept.rawValue)
  }

  /// They may hold what is erased.
  func emptyKeptFolders() {
    for kept in KeptFolder.allCases {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(kept).path)) ?? []
      for name in names { try? FileManager.default.removeItem(at: folder(kept).appendingPathComponent(name)) }
    }
  }
}
