import Foundation

/// A program of this machine, as a clerk might start it.
struct Program {
  private let process = Process()
  private let output = Pipe()

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
  }

  var isRunning: Bool { process.isRunning }
  func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

  /// Waits for the end; returns the status and what was printed.
  @discardableResult
  func wait() -> (status: Int32, output: String) {
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
