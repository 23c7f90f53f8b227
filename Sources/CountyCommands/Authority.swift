import Foundation
import NIOSSL
import SQLiteStore
import SyncCore

/// The authority behind the city's certificate, kept beside the replica so that nobody types it twice.
enum Authority {
  private static func kept(_ home: URL) -> String { home.appendingPathComponent("city-authority.pem").path }

  /// The file to trust in this run: a given one, or the one that is kept; nil: the system's authorities.
  static func path(_ home: URL, or file: String?) throws -> String? {
    if let file {
      _ = try read(file)
      return file
    }
    return FileManager.default.fileExists(atPath: kept(home)) ? kept(home) : nil
  }

  /// Keeps a file, durably, in place of the one before. That may be the right one: the city has to have answered by it.
  static func keep(_ file: String, _ home: URL) throws {
    let draft = kept(home) + ".\(getpid())"
    defer { unlink(draft) }
    let bytes = try read(file)
    do { try bytes.write(to: URL(fileURLWithPath: draft)) } catch {
      throw Failure(.disk, zh: "无法写入 \(draft)", en: "cannot write \(draft); check the disk and the permissions")
    }
    try DurableFile.move(draft, to: kept(home))
  }

  private static func read(_ file: String) throws -> Data {
    guard let bytes = FileManager.default.contents(atPath: file) else {
      throw Failure(.notFound, zh: "无法读取证书 \(file)", en: "cannot read the certificate \(file)")
    }
    guard (try? NIOSSLCertificate.fromPEMBytes([UInt8](bytes)))?.isEmpty == false else {
      throw Failure(
        .data, zh: "\(file) 不是 PEM 格式的证书,原有证书未更换;请向市里索取 PEM 文件",
        en: "\(file) is not a certificate in PEM, the one before is kept; ask the city for the PEM file")
    }
    return bytes
  }
}
