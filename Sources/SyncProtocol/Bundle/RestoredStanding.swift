import SyncCore

/// What a restored city says on a stick of where it stands with a replica.
public struct RestoredStanding: Sendable {
  public let header: Header
  public let standing: Standing

  init(_ message: Envelope, in file: String) throws {
    header = message.header
    do { standing = try Standing(message.body) } catch { throw BundleFailure.damaged(file) }
  }

  /// The city has not heard what this replica has: the next stick gives it back.
  public var isAsking: Bool { header.more }
  /// Everything is back: a snapshot follows.
  public var isEnd: Bool { !isAsking && standing.isComplete }

  /// What a person is to do while it is not the end. Nothing is lost.
  public var failure: Failure {
    if isAsking {
      return Failure(
        .busy,
        zh: "市主库曾从备份恢复;本机没有丢失任何内容。请再运行 county bundle write,新的交换包会把市里缺少的内容送回;交给市里并读取它的回复",
        en:
          "the city was restored from a backup; nothing is lost here. The next stick gives back what the city lacks: run "
          + "county bundle write again, take it to the city and read its answer")
    }
    let others = Label(
      zh: standing.unheard > 0 ? "\(standing.unheard) 台机器" : "放行",
      en: standing.unheard > 0 ? "\(standing.unheard) other machines" : "a release")
    return Failure(
      .busy,
      zh: "市主库刚从备份恢复,已收到本机送回的内容,没有丢失;还缺 \(standing.missing) 批,正在等\(others.zh);"
        + "请稍后再运行 county bundle write 交给市里,或请市里再读一次上次的交换包",
      en: "the city was restored from a backup and has what this machine gave back: nothing is lost; it lacks "
        + "\(standing.missing) batches and waits for \(others.en): write another bundle later (county bundle write), or "
        + "let the city read the last one again")
  }
}
