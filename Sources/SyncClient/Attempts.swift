import SyncCore

/// The line broke, or was never there.
struct Broken: Error {}

/// When to try again after the line broke: while bytes arrive, always; else a few times; never when the city has not been heard
/// of at all, for a clerk without network hears so at once.
struct Attempts {
  /// Before each attempt in a row that brings no new byte, in milliseconds.
  static let pauses = [100, 400, 1000, 2000, 4000]

  let city: String
  /// Whether this machine is one of the city's already, and may know an address that is no more.
  private let isEnrolled: Bool
  private var failures = 0
  private var best: Int64 = 0

  init(_ city: String, isEnrolled: Bool = true) { (self.city, self.isEnrolled) = (city, isEnrolled) }

  /// Bytes went that had not gone before.
  mutating func reached(_ done: Int64) {
    if done > best {
      best = done
      failures = 0
    }
  }

  /// Waits, or throws when it is enough.
  /// - Parameter wasHeard: the city has answered something before.
  mutating func failed(wasHeard: Bool, total: Int64?) async throws {
    guard wasHeard, failures < Self.pauses.count else { throw gaveUp(total) }
    try await Task.sleep(for: .milliseconds(Self.pauses[failures]))
    failures += 1
  }

  private func gaveUp(_ total: Int64?) -> Failure {
    guard best > 0 else {
      let (zh, en) =
        isEnrolled
        ? (";市里换了地址时请运行 county sync --server 新地址", ", or give its new address: county sync --server URL")
        : ("", "")
      return Failure(
        .unreachable, zh: "连不上市里 \(city);数据均在本机,未丢失,请稍后再试\(zh)",
        en: "the city cannot be reached at \(city); nothing is lost, try again later\(en)")
    }
    let (zh, en) = total.map { ("\($0)", "\($0)") } ?? ("未知", "an unknown number")
    return Failure(
      .unreachable, zh: "与市里 \(city) 的连接中断,已传输 \(best) 字节(共 \(zh));数据未丢失,下次同步从断处继续",
      en: "the line to \(city) broke after \(best) of \(en) bytes; nothing is lost, the next sync goes on there")
  }
}
