import Foundation
import SyncCore

/// The authority behind the city's certificate, kept beside the replica so that nobody types it twice.
enum Authority {
  /// The file to trust; nil: the system's authorities.
  static func path(_ home: URL, replacing file: String?) throws -> String? {
    let kept = home.appendingPathComponent("city-authority.pem")
    if let file {
      do { try Data(contentsOf: URL(fileURLWithPath: file)).write(to: kept, options: .atomic) } catch {
        throw Failure(.notFound, zh: "无法读取证书 \(file)", en: "cannot read the certificate \(file)")
      }
    }
    return FileManager.default.fileExists(atPath: kept.path) ? kept.path : nil
  }
}
