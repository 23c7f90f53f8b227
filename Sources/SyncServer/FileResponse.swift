import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import SyncProtocol

extension Response {
  /// The rest of a file, a piece at a time; nil: it has no such byte.
  static func rest(of path: String, from offset: Int, type: String) -> Response? {
    guard let file = FileHandle(forReadingAtPath: path), let end = try? file.seekToEnd(), offset >= 0,
      offset <= Int(end), (try? file.seek(toOffset: UInt64(offset))) != nil,
      let length = HTTPField.Name(Resumption.lengthHeader)
    else { return nil }
    let opened = OpenFile(file)
    let body = ResponseBody(contentLength: Int(end) - offset) { writer in
      while let bytes = try opened.handle.read(upToCount: 64 << 10), !bytes.isEmpty {
        try await writer.write(ByteBuffer(bytes: bytes))
      }
      try await writer.finish(nil)
    }
    let headers: HTTPFields = [.contentType: type, .cacheControl: SyncServer.cacheControl, length: "\(end)"]
    return Response(status: .ok, headers: headers, body: body)
  }
}

/// A file that one response reads, on whatever thread it runs.
private final class OpenFile: @unchecked Sendable {
  let handle: FileHandle
  init(_ handle: FileHandle) { self.handle = handle }
}
