import SyncCore

/// The line broke, or was never there.
struct Broken: Error {}

/// When to try again after the line broke in one transfer: while bytes arrive, always; else a few times; never when the
/// city has not been heard of at all, for a clerk without network hears so at once.
struct Attempts {
  /// What goes over the line.
  enum Transfer {
    /// By a machine that is none of the city's yet, and knows no address that may be no more.
    case enrolment
    /// Of these the next sync has what arrived.
    case upload, file
    /// Of it nothing is kept.
    case answer
  }

  /// Before each attempt in a row that brings no new byte, in milliseconds.
  static let pauses = [100, 400, 1000, 2000, 4000]

  private let city: String
  private let transfer: Transfer
  private var failures = 0
  private var best: Int64 = 0

  init(_ city: String, _ transfer: Transfer) { (self.city, self.transfer) = (city, transfer) }

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
    guard wasHeard else { throw unreachable }
    guard failures < Self.pauses.count else { throw best > 0 ? gaveUp(total) : broke }
    try await Task.sleep(for: .milliseconds(Self.pauses[failures]))
    failures += 1
  }

  private var unreachable: Failure {
    let (zh, en) =
      transfer == .enrolment
      ? ("", "")
      : (";市里换了地址时请运行 county sync --server 新地址", ", or give its new address: county sync --server URL")
    return Failure(
      .unreachable, zh: "连不上市里 \(city);数据均在本机,未丢失,请稍后再试\(zh)",
      en: "the city cannot be reached at \(city); nothing is lost, try again later\(en)")
  }

  /// Nothing arrived, but the city is there.
  var broke: Failure {
    Failure(
      .unreachable, zh: "与市里 \(city) 的连接中断;数据未丢失,请重新同步",
      en: "the line to \(city) broke; nothing is lost, sync again")
  }

  private func gaveUp(_ total: Int64?) -> Failure {
    let (zh, en) = total.map { ("\($0)", "\($0)") } ?? ("未知", "an unknown number")
    let next =
      transfer == .answer
      ? Label(zh: "下次同步重新获取", en: "the next sync fetches it again")
      : Label(zh: "下次同步从断处继续", en: "the next sync goes on there")
    return Failure(
      .unreachable, zh: "与市里 \(city) 的连接中断,已传输 \(best) 字节(共 \(zh));数据未丢失,\(next.zh)",
      en: "the line to \(city) broke after \(best) of \(en) bytes; nothing is lost, \(next.en)")
  }
}
