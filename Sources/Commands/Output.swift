import Foundation
import SyncCore
import Synchronization

/// What a program writes to stdout and stderr, whatever stands behind them: a full disk or a reader that went away ends
/// no command before its work is done.
public enum Output {
  /// Why something of the result could not be written.
  private static let failure = Mutex<Int32?>(nil)

  /// Part of a result, to stdout. Who has closed the other end has read enough.
  public static func put(_ bytes: [UInt8]) {
    guard let error = send(bytes, to: STDOUT_FILENO), error != EPIPE else { return }
    failure.withLock { $0 = error }
  }

  /// A message for people, to stderr. Where nobody can be told, the command goes on.
  public static func say(_ text: String) { _ = send([UInt8](text.utf8), to: STDERR_FILENO) }

  /// Whether all of the result was written.
  static func assertWritten() throws {
    guard let error = failure.withLock({ $0 }) else { return }
    let why = String(cString: strerror(error))
    throw Failure(
      .disk, zh: "命令已执行,但结果无法输出:\(why);重复执行之前请先查看",
      en: "the command was carried out, but its output could not be written: \(why); look before you repeat it")
  }

  /// - Returns: the error that ended it; nil: all was written.
  private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
