import Foundation
import Master
import SyncCore
import Testing

// What the README shows is what runs: its snippet is compiled here, its tour is played by bash.

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// The text of the fenced block with this info string.
private func block(_ info: String, in file: String) throws -> String {
  let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
  let start = try #require(text.range(of: "```\(info)\n"))
  let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
  return String(text[start.upperBound..<end.lowerBound])
}

private func emptyFolder() throws -> URL {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-readme-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}

@Test(arguments: ["README.md", "README.zh.md"]) func theSnippetIsTheOneThatIsCompiledHere(file: String) throws {
  let compiled = try String(contentsOf: root.appendingPathComponent("Tests/ReadmeTests/Notes.swift"), encoding: .utf8)
  #expect(try block("swift embed", in: file) == compiled)
}

@Test func theSnippetRuns() async throws {
  let folder = try emptyFolder()
  defer { try? FileManager.default.removeItem(at: folder) }
  let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
  let (master, server) = try serveNotes(try block("yaml", in: "README.md"), in: folder.path) { continuation.yield($0) }
  defer { server.cancel() }
  var iterator = ports.makeAsyncIterator()
  let port = try #require(await iterator.next())
  let code = try master.enrol(org: "A").code
  let summary = try await takeNotes("http://127.0.0.1:\(port)", code, in: folder.path)
  #expect(summary.pushed == 1)
  let notes = try master.rows(master.record("note"))
  #expect(notes.map { Array($0[1...]) } == [[.text("看河"), .integer(3)]])
}

@Test(arguments: ["README.md", "README.zh.md"]) func theTourRuns(file: String) throws {
  let folder = try emptyFolder()
  defer { try? FileManager.default.removeItem(at: folder) }
  let tour = Process()
  tour.executableURL = URL(fileURLWithPath: "/bin/bash")
  tour.currentDirectoryURL = folder
  tour.arguments = ["-euo", "pipefail", "-c", try block("sh tour", in: file)]
  let programs = Bundle.main.executableURL?.deletingLastPathComponent().path ?? ""
  var environment = ProcessInfo.processInfo.environment
  environment["PATH"] = "\(root.path)/.build/debug:\(programs):\(environment["PATH"] ?? "")"
  environment["LC_ALL"] = "C"
  tour.environment = environment
  let output = Pipe()
  tour.standardOutput = output
  tour.standardError = output
  try tour.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  tour.waitUntilExit()
  #expect(tour.terminationStatus == 0, "\(text)")
  #expect(text.contains("甲新材料公司"), "\(text)")
}
