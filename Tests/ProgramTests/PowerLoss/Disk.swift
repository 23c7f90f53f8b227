import Foundation
import Testing

/// The disk of one machine, on which only what was synced outlives a loss of power. Tests/PowerLoss/disk.h tells the model.
struct Disk {
  /// What the machine's programs see.
  let folder: URL
  /// What would be left of it.
  private let state: URL

  /// A machine of a town, with nothing on it.
  init(_ town: URL, _ name: String) throws {
    folder = town.appendingPathComponent(name)
    state = town.appendingPathComponent(".disks/\(name)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try settle()
  }

  /// What makes programs run on the disks of a town.
  static func environment(_ town: URL) throws -> [String: String] {
    ["LD_PRELOAD": try library.get(), "POWER_LOSS": town.path]
  }

  /// The preloaded library, built once, with the compiler that comes with Swift.
  private static let library = Result {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../PowerLoss").standardizedFileURL.path
    let file = Program.folder.appendingPathComponent("libpowerloss.so").path
    let fresh = "\(file).\(getpid())"
    let clang = Process()
    clang.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    clang.arguments = [
      "clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", fresh, "\(sources)/disk.c", "\(sources)/calls.c",
    ]
    try clang.run()
    clang.waitUntilExit()
    guard clang.terminationStatus == 0, rename(fresh, file) == 0 else {
      throw Failed(description: "clang cannot build \(sources)")
    }
    return file
  }

  /// All that is in the folder lasts.
  func settle() throws {
    try? FileManager.default.removeItem(at: state)
    for kind in ["contents", "folders", "files"] {
      try FileManager.default.createDirectory(
        at: state.appendingPathComponent(kind), withIntermediateDirectories: true)
    }
    try settle(folder)
  }

  private func settle(_ folder: URL) throws {
    var lines = ""
    for (name, entry) in try Self.entries(folder) {
      let file = folder.appendingPathComponent(name)
      lines += "\(entry.isFolder ? "d" : "f") \(entry.inode) \(name)\n"
      if entry.isFolder {
        try settle(file)
      } else {
        try FileManager.default.copyItem(at: file, to: place("contents", entry.inode))
        try FileManager.default.linkItem(at: file, to: place("files", entry.inode))
      }
    }
    try Data(lines.utf8).write(to: place("folders", try Self.inode(folder)))
  }

  /// Power fails: what was not synced is gone. Whoever worked on this disk must have ended before.
  /// - Parameter survives: whether one unsynced page of 512 or 4096 bytes, change of length or change of a name made it to
  ///   the disk all the same, in whatever order.
  func lose(_ survives: () -> Bool = { false }) throws {
    let next = state.appendingPathComponent("next")
    var seen: [UInt64: URL] = [:]
    try Self.collect(folder, &seen)
    try rebuild(try Self.inode(folder), seen, at: next, survives)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: next.path) {
      try FileManager.default.moveItem(
        at: next.appendingPathComponent(name), to: folder.appendingPathComponent(name))
    }
    try settle()
  }

  /// How many calls that change something were made since `settle` or `lose`, and by the last program alone.
  var calls: Int {
    let log = (try? String(contentsOf: state.appendingPathComponent("log"), encoding: .utf8)) ?? ""
    return log.split(separator: "\n").last.flatMap { Int($0.prefix { $0 != " " }) } ?? 0
  }

  // MARK: After the loss

  private struct Entry: Equatable {
    var isFolder: Bool
    var inode: UInt64
  }

  private func rebuild(
    _ inode: UInt64, _ seen: [UInt64: URL], at place: URL, _ survives: () -> Bool
  ) throws {
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let (kept, newest) = (try synced(inode), try seen[inode].map(Self.entries) ?? [:])
    for name in Set(kept.keys).union(newest.keys).sorted() {
      guard let entry = kept[name] == newest[name] || !survives() ? kept[name] : newest[name] else { continue }
      let target = place.appendingPathComponent(name)
      if entry.isFolder {
        try rebuild(entry.inode, seen, at: target, survives)
      } else {
        try content(entry.inode, survives).write(to: target)
      }
    }
  }

  private func content(_ inode: UInt64, _ survives: () -> Bool) throws -> Data {
    var bytes = (try? Data(contentsOf: place("contents", inode))) ?? Data()
    guard let newest = try? Data(contentsOf: place("files", inode)), newest != bytes else { return bytes }
    if newest.count != bytes.count, survives() {
      bytes = bytes.prefix(newest.count) + Data(count: max(0, newest.count - bytes.count))
    }
    let page = survives() ? 512 : 4096
    for start in stride(from: 0, to: newest.count, by: page) {
      let range = start..<min(start + page, newest.count)
      let old = bytes.count < range.upperBound ? nil : bytes[range]
      guard old != newest[range], survives() else { continue }
      bytes += Data(count: max(0, range.upperBound - bytes.count))
      bytes[range] = newest[range]
    }
    return bytes
  }

  private func synced(_ inode: UInt64) throws -> [String: Entry] {
    guard let text = try? String(contentsOf: place("folders", inode), encoding: .utf8) else { return [:] }
    var entries: [String: Entry] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 2)
      guard parts.count == 3, let inode = UInt64(parts[1]) else { throw Failed(description: "not an entry: \(line)") }
      entries[String(parts[2])] = Entry(isFolder: parts[0] == "d", inode: inode)
    }
    return entries
  }

  private func place(_ kind: String, _ inode: UInt64) -> URL { state.appendingPathComponent("\(kind)/\(inode)") }

  private static func collect(_ folder: URL, _ found: inout [UInt64: URL]) throws {
    found[try inode(folder)] = folder
    for (name, entry) in try entries(folder) where entry.isFolder {
      try collect(folder.appendingPathComponent(name), &found)
    }
  }

  private static func entries(_ folder: URL) throws -> [String: Entry] {
    var entries: [String: Entry] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.appendingPathComponent(name).path)
      let inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
      entries[name] = Entry(isFolder: attributes[.type] as? FileAttributeType == .typeDirectory, inode: inode)
    }
    return entries
  }

  private static func inode(_ folder: URL) throws -> UInt64 {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path)
    return (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
  }
}
