import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A machine on the way between a county and its city, that keeps every request and may change what passes.
final class Relay: @unchecked Sendable {
  enum Harm: String { case none, flipAnswer, cutAnswer, flipRequest }

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

  /// The bodies that came, in order.
  var requests: [[UInt8]] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)").map { [UInt8]($0) } }
  }

  private static let script = """
    import http.server, sys, urllib.error, urllib.request
    city, folder, harm, position = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    count = 0

    def flipped(data):
      data = bytearray(data)
      data[position] ^= 1
      return bytes(data)

    class Relay(http.server.BaseHTTPRequestHandler):
      def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers["content-length"]))
        count += 1
        open(f"{folder}/{count:04}", "wb").write(body)
        if harm == "flipRequest": body = flipped(body)
        try:
          with urllib.request.urlopen(urllib.request.Request(city + self.path, data=body)) as answer:
            status, data = answer.status, answer.read()
        except urllib.error.HTTPError as error:
          status, data = error.code, error.read()
        if harm == "flipAnswer": data = flipped(data)
        if harm == "cutAnswer": data = data[:-1]
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

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
