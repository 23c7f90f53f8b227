import Foundation
import Testing

/// A line on which no connection lives long: it is cut after so many bytes in either direction. It counts what crossed.
final class Cutter: @unchecked Sendable {
  let url: String
  private let folder: String
  private let process: Running

  /// - Parameters:
  ///   - relay: what it leads to; nil: the city.
  ///   - bytes: after which a connection is cut.
  ///   - times: after so many cuts the line is well; nil: never.
  ///   - pause: before each piece of 16 kB is passed on, in milliseconds.
  init(
    _ town: Town, to relay: Relay? = nil, after bytes: Int = 200_000, times: Int? = nil, pause: Int = 0
  ) async throws {
    folder = town.path("cutter-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let city = try #require(URL(string: relay?.url ?? town.url)?.port)
    process = try Running(
      ["python3", "-c", Self.script, "\(city)", folder, "\(bytes)", "\(pause)", "\(times ?? -1)"])
    url = "http://127.0.0.1:\(try await process.firstLine())"
  }

  /// Bytes that crossed since the start.
  var up: Int { size("up") }
  var down: Int { size("down") }
  var connections: Int { size("connections") }

  private func size(_ name: String) -> Int {
    let text = FileManager.default.contents(atPath: "\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    return text.flatMap { Int($0) } ?? 0
  }

  private static let script = """
    import os, socket, sys, threading, time
    city, folder, most, pause = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) / 1000
    times = int(sys.argv[5])
    lock, totals = threading.Lock(), {"up": 0, "down": 0, "connections": 0, "cuts": 0}

    def count(name, n):
      with lock:
        totals[name] += n
        with open(f"{folder}/{name}.new", "w") as file: file.write(str(totals[name]))
        os.replace(f"{folder}/{name}.new", f"{folder}/{name}")

    def pump(source, target, name):
      left = most
      try:
        while left > 0:
          data = source.recv(min(16384, left))
          if not data: break
          if pause: time.sleep(pause)
          target.sendall(data)
          if totals["cuts"] != times: left -= len(data)
          count(name, len(data))
        if left <= 0: count("cuts", 1)
      except OSError: pass
      for end in (source, target):
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass

    def serve(client):
      count("connections", 1)
      try: server = socket.create_connection(("127.0.0.1", city))
      except OSError: return client.close()
      threads = [threading.Thread(target=pump, args=a, daemon=True) for a in
        ((client, server, "up"), (server, client, "down"))]
      for thread in threads: thread.start()
      for thread in threads: thread.join()
      client.close()
      server.close()

    door = socket.create_server(("127.0.0.1", 0))
    print(door.getsockname()[1], flush=True)
    while True:
      client, _ = door.accept()
      threading.Thread(target=serve, args=(client,), daemon=True).start()
    """
}
