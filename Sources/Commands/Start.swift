import CHeap
import Foundation
import Presentation
import SQLiteStore
import SyncCore

/// What a program does before anything else, on its first thread.
public enum Start {
  /// Most of a short command is reading the schema of its file: many small pieces of memory, for one thread after another.
  /// - Parameter isServer: whether it stays, and chooses its own heaps.
  public static func prepare(isServer: Bool = false) {
    // Whoever writes where nobody reads any more is told so by `write`, and goes on.
    signal(SIGPIPE, SIG_IGN)
    Connection.countNoMemory()
    if !isServer { cheap_one() }
    requireUTF8()
  }

  /// What a terminal of another encoding sends would become other letters before anybody sees it.
  private static func requireUTF8() {
    let place = (1..<max(1, Int(CommandLine.argc))).first { index in
      CommandLine.unsafeArgv[index].map { String(validatingCString: $0) == nil } ?? false
    }
    guard let place else { return }
    let failure = Failure(
      .usage,
      zh: "第 \(place) 个参数不是 UTF-8 编码,未执行;请把终端设为 UTF-8,或用 import 导入文件(可为 GB18030)",
      en: "argument \(place) is not UTF-8, and nothing was done; set the terminal to UTF-8, or import a file, "
        + "which may be GB18030")
    let text = failure.message.text(.from(flag: nil, environment: ownEnvironment))
    Output.say(text + "\n")
    exit(failure.kind.rawValue)
  }
}
