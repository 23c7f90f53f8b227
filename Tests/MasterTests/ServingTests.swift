import Foundation
import GRDB
import Logging
import NIOCore
import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

@testable import Master
@testable import SyncServer

// What a city that serves keeps beside its file, which connections, and for how long, and what it says when it fails.

extension World {
  fileprivate var server: SyncServer {
    SyncServer(master, logger: Logger(label: "city") { _ in SwiftLogNoOpLogHandler() })
  }

  fileprivate func names(in kept: KeptFolder) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: master.folder(kept).path)) ?? []
  }

  /// Personal data of so many people, which goes in pieces.
  fileprivate func enterMany(_ replica: Replica) throws {
    try shell(
      replica,
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
      INSERT INTO person (id, office, name, phone, note)
      SELECT 'q' || i, 'A', 'NAME-many', 'PHONE-many', hex(randomblob(300)) FROM n
      """)
  }
}

/// Serves at a port while the body runs.
private func serving(
  _ server: SyncServer, idle: TimeAmount = SyncServer.idle, _ body: (Int) async throws -> Void
) async throws {
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  let task = Task {
    defer { port.finish() }
    try await server.run(host: "127.0.0.1", port: 0, idle: idle) { port.yield($0) }
  }
  defer { task.cancel() }
  var bound = ports.makeAsyncIterator()
  try await body(await bound.next() ?? 0)
}

/// A machine that dies before the city's answer to what it has uploaded has come.
private struct Unanswered: Transport {
  let line: HTTPTransport

  func welcome(_ message: [UInt8]) async throws -> [UInt8] { try await line.welcome(message) }
  func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    let answer = try await line.exchange(message)
    guard message.count > Resumption.threshold else { return answer }
    throw Failure(.unreachable, zh: "断开", en: "it broke")
  }
  func snapshot(_ hello: [UInt8]) async throws -> [UInt8] { try await line.snapshot(hello) }
  func download(_ manifest: SnapshotManifest, to file: String) async throws {
    try await line.download(manifest, to: file)
  }
  func probe(_ message: [UInt8]) async throws -> [UInt8] { try await line.probe(message) }
}

/// Whether the other end closes a connection on which this comes and then nothing more. Waits on a thread of its own.
private func isClosed(_ port: Int, after text: String) async -> Bool {
  await withCheckedContinuation { waiting in
    Thread.detachNewThread { waiting.resume(returning: closes(port, after: text)) }
  }
}

private func closes(_ port: Int, after text: String) -> Bool {
  let line = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(line) }
  var patience = timeval(tv_sec: 20, tv_usec: 0)
  setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  let connected = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(line, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard connected == 0, write(line, text, text.utf8.count) == text.utf8.count else { return false }
  var bytes = [UInt8](repeating: 0, count: 1024)
  var count = bytes.count
  while count > 0 { count = read(line, &bytes, bytes.count) }
  return count == 0 || errno == ECONNRESET
}

@Suite(.timeLimit(.minutes(5))) struct ServingTests {
  /// Its network is gone: nobody says so, and the city would run out of connections, and wait for it when it is to end.
  @Test(arguments: ["", "PUT /v1/staged/\(String(repeating: "ab", count: 16)) HTTP/1.1\r\n"])
  func aConnectionWhoseOtherEndIsGoneIsClosed(_ line: String) async throws {
    let world = try World.people()
    let request = line.isEmpty ? "" : line + "host: city\r\ncontent-length: 5000\r\n\r\nTRIB"
    try await serving(world.server, idle: .seconds(1)) { port in
      #expect(await isClosed(port, after: request))
    }
  }

  /// It uploads once more what it cannot know to be erased.
  @Test func whatIsUploadedAgainAfterItsErasureIsNotKept() async throws {
    let (world, one, _) = try await World.twoOfficers()
    try world.enterMany(one)
    try await serving(world.server) { port in
      let line = HTTPTransport(server: "http://127.0.0.1:\(port)")
      await #expect(throws: Failure.self) {
        try await SyncClient(one, transport: Unanswered(line: line)).sync()
      }
      #expect(world.names(in: .staged).count == 1)
      try world.erase("q1")
      #expect(world.names(in: .staged) == [])
      world.clock.now += 1000
      _ = try await SyncClient(one, transport: line).sync()
      #expect(world.names(in: .staged) == [])
    }
    try await world.settle()
  }

  /// It was read before the erasure, and waited for the disk.
  @Test func anAnswerThatAnErasureOvertookIsNotKept() async throws {
    let (world, _, _) = try await World.twoOfficers()
    let server = world.server
    var random = SystemRandomNumberGenerator()
    let (first, second) = (Identifier(using: &random), Identifier(using: &random))
    let kept = try server.made(first, keep: true) { [UInt8]("PHONE-one".utf8) }
    #expect(kept.file != nil && world.names(in: .answers) == [first.description])
    let overtaken = try server.made(second, keep: true) {
      try world.erase()
      return [UInt8]("PHONE-one".utf8)
    }
    #expect(overtaken.file == nil && overtaken.reply.count == 9)
    #expect(world.names(in: .answers) == [])
  }

  /// Though nobody sends or fetches any more.
  @Test func whatIsKeptForALineThatBrokeGoesWhenItsTimeHasPassed() async throws {
    let (world, _, _) = try await World.twoOfficers()
    let manager = FileManager.default
    for (kept, hours) in [(KeptFolder.staged, 48.0), (KeptFolder.answers, 1.0)] {
      let folder = world.master.folder(kept)
      try manager.createDirectory(at: folder, withIntermediateDirectories: true)
      for (name, age) in [("old", hours + 0.5), ("young", hours - 0.5)] {
        let file = folder.appendingPathComponent(name)
        try Data("x".utf8).write(to: file)
        let written = Date(timeIntervalSinceNow: -age * 3600)
        try manager.setAttributes([.modificationDate: written], ofItemAtPath: file.path)
      }
    }
    world.server.tidy()
    #expect(world.names(in: .staged) == ["young"] && world.names(in: .answers) == ["young"])
  }

  /// Its sender has something else to send by now.
  @Test func whatIsStagedFromItsFirstByteOnBeginsAnew() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let staged = StagedUploads(folder: folder, limit: 100)
    #expect(try staged.writer(of: .city, at: 0)?.append([1, 2, 3]) == true)
    #expect(try staged.writer(of: .city, at: 2) == nil)
    #expect(try staged.state(of: .city) == StagedState(whole: [1, 2, 3]))
    #expect(try staged.writer(of: .city, at: 0)?.append([4]) == true)
    #expect(try staged.state(of: .city) == StagedState(whole: [4]))
  }

  /// Nor is its busy file.
  @Test func theCitysFullDiskIsNotTheClerks() async throws {
    let (world, one, _) = try await World.twoOfficers()
    let server = world.server
    try world.enterMany(one)
    func limit(pages: Int) throws {
      try world.master.store.database.writeWithoutTransaction {
        try $0.execute(sql: "PRAGMA max_page_count = \(pages)")
      }
    }
    try limit(pages: 1)
    try await serving(server) { port in
      let line = HTTPTransport(server: "http://127.0.0.1:\(port)")
      let failure = await #expect(throws: Failure.self) { try await SyncClient(one, transport: line).sync() }
      #expect(failure?.kind == .unreachable)
      #expect(failure?.message.en.hasPrefix("the city's server cannot write") == true)
      #expect(failure?.message.zh.hasPrefix("市里的服务器无法写入") == true)
    }
    try limit(pages: 1 << 30)
    try await world.settle()
    let path = world.master.path
    let busy = Failure(.busy, zh: "\(path) 正被另一程序占用", en: "\(path) is locked by another program")
    #expect(server.told(busy).en.hasPrefix("the city's server is busy"))
    // What an official has to do is told as it is.
    #expect(server.told(Master.recovering) == Master.recovering.message)
  }
}
