import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A machine on the way between a county and its city, that keeps every request and may change what passes.
final class Relay: @unchecked Sendable {
  /// - keepOpen: none; a connection stays open for more requests.
  /// - dropSecond: the same, but the first connection with a second request dies then, and the city never hears of it.
  /// - chunk: none; an answer is passed on without its length.
  /// - portal, chunkedPortal, bigPortal: whoever asks is to log in first.
  /// - laterPortal: a large answer is cut, and whoever asks for the rest of something, or what is there, is to log in first.
  /// - smallOnly: none; a request of more than 1 MiB is refused.
  /// - collects: none; a request is passed on only once it is there whole.
  /// - withoutLength: a large answer is cut once, and no answer says how long the whole is of which it is the rest.
  enum Harm: String {
    case none, flipAnswer, cutAnswer, flipRequest, keepOpen, dropSecond, chunk, portal, chunkedPortal, bigPortal
    case laterPortal, smallOnly, collects, withoutLength
  }

  let url: String
  private let folder: String
  private let process: Running

  /// - Parameter at: the byte to flip; negative counts from the end.
  init(_ town: Town, harm: Harm = .none, at position: Int = 0) async throws {
    folder = town.path("relay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    process = try Running(["python3", "-c", Self.script, town.url, folder, harm.rawValue, "\(position)"])
    url = "http://127.0.0.1:\(try await process.firstLine())"
  }

  /// How many connections there were, and how many of them it let die.
  var connections: Int { count(of: "connection-") }
  var dropped: Int { count(of: "dropped-") }

  private func count(of prefix: String) -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(prefix) }.count
  }

  /// The bodies that came, in order.
  var requests: [[UInt8]] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.contains("-") }.sorted().compactMap {
      FileManager.default.contents(atPath: "\(folder)/\($0)").map { [UInt8]($0) }
    }
  }

  private static let script = """
    import http.server, sys, urllib.error, urllib.request
    city, folder, harm, position = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    count = 0
    chunked, portal = harm in ("chunk", "chunkedPortal"), harm in ("portal", "chunkedPortal", "bigPortal")
    passes = harm in ("smallOnly", "collects", "withoutLength")
    page = b"<html>Log in first</html>" + b" " * (100_000 if harm in ("bigPortal", "laterPortal") else 0)

    def flipped(data):
      data = bytearray(data)
      data[position] ^= 1
      return bytes(data)

    class Relay(http.server.BaseHTTPRequestHandler):
      if chunked or harm in ("keepOpen", "dropSecond"): protocol_version = "HTTP/1.1"
      served, dropped, connections = 0, 0, 0

      def setup(self):
        super().setup()
        Relay.connections += 1
        open(f"{folder}/connection-{Relay.connections}", "w").close()

      def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers["content-length"])) if self.command != "GET" else None
        self.served += 1
        if harm == "dropSecond" and self.served == 2 and not Relay.dropped:
          Relay.dropped = 1
          open(f"{folder}/dropped-1", "w").close()
          self.close_connection = True
          return
        if harm == "collects" and body is not None and len(body) < int(self.headers["content-length"]):
          self.close_connection = True
          return
        if body is not None:
          count += 1
          open(f"{folder}/{count:04}", "wb").write(body)
        if harm == "flipRequest": body = flipped(body)
        own = {n: v for n, v in self.headers.items() if passes and n.lower().startswith("tributary")}
        isPage = portal or harm == "laterPortal" and body is None
        request = urllib.request.Request(city + self.path, data=body, headers=own, method=self.command)
        if harm == "smallOnly" and body is not None and len(body) > 1 << 20:
          status, data, headers = 413, b"<html>Too large</html>", {}
        elif isPage:
          status, data, headers = 200, page, {}
        else:
          try:
            with urllib.request.urlopen(request) as answer:
              status, data, headers = answer.status, answer.read(), answer.headers
          except urllib.error.HTTPError as error:
            status, data, headers = error.code, error.read(), error.headers
        if harm == "flipAnswer": data = flipped(data)
        if harm == "cutAnswer": data = data[:-1]
        self.send_response(status)
        if isPage: self.send_header("content-type", "text/html")
        if chunked:
          self.send_header("transfer-encoding", "chunked")
          data = b"%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(data), data)
        else:
          for name, value in headers.items():
            if name.lower().startswith("tributary") and harm != "withoutLength": self.send_header(name, value)
          self.send_header("content-length", str(len(data)))
        self.end_headers()
        isCut = harm == "laterPortal" and not isPage or harm == "withoutLength" and self.command == "POST"
        if isCut and len(data) > 65536: data = data[:len(data) // 2]
        self.wfile.write(data)

      do_GET = do_PUT = do_POST

      def log_message(self, *_): pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """
}

/// The status of an answer to bytes that no client of ours sends.
func status(posting body: [UInt8], to url: String) async throws -> Int {
  var request = URLRequest(url: try #require(URL(string: url)))
  request.httpMethod = "POST"
  request.httpBody = Data(body)
  let (_, response) = try await URLSession.shared.data(for: request)
  return (response as? HTTPURLResponse)?.statusCode ?? 0
}
