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
    for kept in KeptFolder.allCases { empty(folder(kept)) }
    // Earlier versions wrote a snapshot for a stick beside the file; one that is left is of a program that was killed.
    let file = URL(fileURLWithPath: path)
    empty(file.deletingLastPathComponent(), of: file.lastPathComponent + ".snapshot-")
  }

  private func empty(_ folder: URL, of start: String = "") {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where start.isEmpty || name.hasPrefix(start) {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }
}
