import SyncCore

/// A replica's side of giving back what a restored city lacks. No I/O: a reply in, what to do next out.
///
///     hello (returning, more)                          →  standing
///     hello (returning, more) + some of what is lacking →  standing      as often as it takes
///     hello (returning, for this epoch)                →  receipts that are not those of then, standing
public struct ReturnSession {
  public enum Action: Equatable {
    /// Give back to the city of this epoch what comes after these numbers: of the city's own batches, of this replica's, of which that
    /// one has this hash.
    case give(epoch: Identifier, own: Int64, batch: Int64, hash: String?)
    /// Everything is back: go on under the new epoch, with receipts in place of those of then.
    case resume(epoch: Identifier, receipts: [Envelope])
    /// The city waits for others.
    case wait(Standing)
  }

  private let city: VerifyingKey
  private let replica: Identifier
  private let epoch: Identifier

  /// - Parameter epoch: the one that the city had before.
  public init(city: VerifyingKey, replica: Identifier, epoch: Identifier) {
    self.city = city
    self.replica = replica
    self.epoch = epoch
  }

  /// Verifies the reply to a hello.
  public func receive(_ reply: [UInt8], to hello: Header) throws -> Action {
    var receipts: [Envelope] = []
    var last: Envelope?
    for sealed in try SealedEnvelope.split(reply) {
      let message = try sealed.open(with: city)
      guard message.header.replica == replica, message.header.epoch != epoch, last == nil else {
        throw EnvelopeError.notAMessage
      }
      switch message.header.kind {
      case .receipt: receipts.append(message)
      case .standing where message.header.number == hello.number: last = message
      default: throw EnvelopeError.notAMessage
      }
    }
    guard let last else { throw EnvelopeError.notAMessage }
    let standing = try Standing(last.body)
    // Each receipt is the city's; that none was taken away or put in, only its last word says.
    if let hash = standing.receipts, hash != sha256(receipts.flatMap(\.bytes)).hex { throw EnvelopeError.tampered }
    let now = last.header.epoch
    if hello.more { return .give(epoch: now, own: standing.own, batch: standing.batch, hash: standing.hash) }
    return standing.isComplete ? .resume(epoch: now, receipts: receipts) : .wait(standing)
  }
}

extension Standing {
  /// Why a replica has to wait.
  public var failure: Failure {
    let others = Label(
      zh: unheard > 0 ? "\(unheard) 台机器" : "放行", en: unheard > 0 ? "\(unheard) other machines" : "a release")
    return Failure(
      .busy,
      zh: "市主库刚从备份恢复,已收到本机送回的内容,没有丢失;还缺 \(missing) 批,正在等\(others.zh);请稍后再同步",
      en: "the city was restored from a backup and has what this replica gave back: nothing is lost; it lacks "
        + "\(missing) batches and waits for \(others.en): sync again later")
  }
}
