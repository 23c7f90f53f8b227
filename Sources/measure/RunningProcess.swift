import Foundation

/// What the kernel tells of a process: proc(5).
struct RunningProcess: Sendable {
  enum Memory: String {
    /// What it holds now.
    case now = "VmRSS:"
    /// The most that it held so far.
    case peak = "VmHWM:"
  }

  static let own = RunningProcess("self")

  private let folder: String

  init(_ id: String) { folder = "/proc/\(id)" }

  /// In bytes; 0 when there is no such process any more.
  func memory(_ kind: Memory) -> Int {
    let status = (try? String(contentsOfFile: folder + "/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(kind.rawValue) }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
  }

  /// Processor time that it used so far, in seconds.
  func processorTime() -> Double {
    let line = (try? String(contentsOfFile: folder + "/stat", encoding: .utf8)) ?? ""
    // The name, in brackets, may hold spaces; user and system time are fields 14 and 15.
    let fields = line.drop { $0 != ")" }.split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
