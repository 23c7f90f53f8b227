import Commands
import Foundation
import Presentation
import SyncClient
import SyncCore
import Synchronization

/// One line on a terminal that says how far a long transfer is. Elsewhere, and for what is soon done, nothing is written.
final class ProgressLine: Sendable {
  /// Nothing is drawn before, and then no more often than this, in seconds.
  private static let patience = 0.5
  private static let interval = 0.1

  private struct State {
    var start: Date?
    var drawn = Date.distantPast
    var isShown = false
  }

  private let language: Language
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let state = Mutex(State())

  init(_ language: Language) { self.language = language }

  func show(_ progress: TransferProgress) {
    guard isTerminal else { return }
    let now = Date()
    state.withLock { state in
      let start = state.start ?? now
      state.start = start
      guard now.timeIntervalSince(start) > Self.patience, now.timeIntervalSince(state.drawn) > Self.interval else {
        return
      }
      state.drawn = now
      state.isShown = true
      Output.say("\r\u{1b}[K" + Self.text(progress).text(language))
    }
  }

  /// Takes the line away: what follows begins at its start.
  func end() {
    state.withLock { state in
      if state.isShown { Output.say("\r\u{1b}[K") }
      state = State()
    }
  }

  static func text(_ progress: TransferProgress) -> Label {
    let share = progress.total == 0 ? 100 : progress.done * 100 / progress.total
    let (done, total) = (megabytes(progress.done), megabytes(progress.total))
    switch progress.direction {
    case .up: return Label(zh: "发送 \(done)/\(total) MB(\(share)%)", en: "sending \(done) of \(total) MB (\(share) %)")
    case .down:
      return Label(zh: "接收 \(done)/\(total) MB(\(share)%)", en: "fetching \(done) of \(total) MB (\(share) %)")
    }
  }

  private static func megabytes(_ bytes: Int64) -> String { String(format: "%.1f", Double(bytes) / 1e6) }
}
