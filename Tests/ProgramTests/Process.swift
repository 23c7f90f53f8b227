import Foundation
import Testing

/// What a program did.
struct Outcome: Sendable {
  /// The exit code, or minus the signal that ended it.
  var code: Int32
  var out: String
  var err: String

  var isDone: Bool { code == 0 }

  /// Its JSON as an object, its array as a list.
  var object: [String: Any] { parsed as? [String: Any] ?? [:] }
  var list: [[String: Any]] { parsed as? [[String: Any]] ?? [] }
  var line: String { out.split(separator: "\n").first.map(String.init) ?? "" }
  private var parsed: Any? { try? JSONSerialization.jsonObject(with: Data(out.utf8), options: .fragmentsAllowed) }
}

/// A program that should have succeeded.
struct Failed: Error, CustomStringConvertible {
  var description: String
}

/// A process of its own, with its output in files so that no pipe can fill up.
final class Running: @unchecked Sendable {
  let pid: pid_t
  private let folder: URL
  private let lock = NSLock()
  private var status: Int32?

  init(_ command: [String], environment: [String: String] = [:]) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    variables["LC_ALL"] = variables["LC_ALL"].flatMap { environment["LC_ALL"] == nil ? "C" : $0 } ?? "C"
    for name in ["COUNTY_HOME", "CITY_HOME"] where environment[name] == nil { variables[name] = nil }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, name) in [(Int32(1), "out"), (2, "err")] {
      let path = folder.appendingPathComponent(name).path
      posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    var arguments = command.map { strdup($0) } + [nil]
    var assignments = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + assignments { free(pointer) } }
    var started: pid_t = 0
    let error = posix_spawnp(&started, command[0], &actions, nil, &arguments, &assignments)
    guard error == 0 else { throw Failed(description: "\(command[0]) does not start: error \(error)") }
    pid = started
  }

  deinit {
    if status == nil {
      kill(SIGKILL)
      reap()
    }
    try? FileManager.default.removeItem(at: folder)
  }

  func kill(_ signal: Int32) { lock.withLock { if status == nil { _ = Foundation.kill(pid, signal) } } }

  /// Waits for the end.
  func outcome() async -> Outcome {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: self.end()) }
    }
  }

  /// Waits until the program has written a whole line; throws when it ends before that.
  func firstLine(seconds: Double = 600) async throws -> String {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      if let line = text("out").split(separator: "\n", omittingEmptySubsequences: false).dropLast().first {
        return String(line)
      }
      if hasEnded { throw Failed(description: "no line before the end; on stderr: \(text("err"))") }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Failed(description: "no line after \(seconds) s; on stderr: \(text("err"))")
  }

  private var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) != 0 || information.si_signo == SIGCHLD
  }

  private func end() -> Outcome {
    reap()
    return Outcome(code: lock.withLock { status } ?? -1, out: text("out"), err: text("err"))
  }

  private func reap() {
    var raw: Int32 = 0
    while waitpid(pid, &raw, 0) == -1, errno == EINTR {}
    // The macros WIFSIGNALED and WEXITSTATUS.
    lock.withLock { if status == nil { status = raw & 0x7f == 0 ? raw >> 8 & 0xff : -(raw & 0x7f) } }
  }

  private func text(_ name: String) -> String {
    (try? Data(contentsOf: folder.appendingPathComponent(name))).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

/// Runs a command to its end.
func run(_ command: [String], environment: [String: String] = [:]) async throws -> Outcome {
  await (try Running(command, environment: environment)).outcome()
}

/// Runs a command that must succeed.
@discardableResult
func need(_ command: [String], environment: [String: String] = [:]) async throws -> Outcome {
  let outcome = try await run(command, environment: environment)
  guard outcome.isDone else {
    throw Failed(
      description: "\(command.joined(separator: " ")) ended with \(outcome.code): \(outcome.err)\(outcome.out)")
  }
  return outcome
}
