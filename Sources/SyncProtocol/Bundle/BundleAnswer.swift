import SyncCore

/// What the city answers on a stick, verified: all of it is for this replica, and from its city.
public struct BundleAnswer: Sendable {
  /// Where a city that was restored stands with this replica; nil: it was not, as far as this answer knows.
  public private(set) var standing: RestoredStanding?
  /// The city has enrolled this replica.
  public private(set) var isWelcome = false
  /// The schema, in its canonical form, by which the city writes from now on, when it is another than this replica's: that comes
  /// first.
  public private(set) var upgrade: String?
  public private(set) var receipts: [Envelope] = []
  /// One pull, in order; empty when a snapshot takes its place.
  public private(set) var pages: [Envelope] = []
  /// The manifest of the snapshot whose file follows in the bundle.
  public private(set) var snapshot: Envelope?

  /// Reads the messages of a bundle that was verified.
  /// - Parameters:
  ///   - epoch: that of the city as this replica knows it.
  ///   - schema: the hash of the schema by which this replica reads pages.
  public init(
    _ bundle: BundleReader, city: VerifyingKey, replica: Identifier, epoch known: Identifier, schema: [UInt8]
  ) throws {
    var schema = schema
    var epoch = known
    while snapshot == nil, let sealed = try bundle.message() {
      guard let message = try? sealed.open(with: city) else { throw Self.otherCity(bundle.file) }
      let header = message.header
      guard header.replica == replica else { throw BundleFailure.receiver(bundle.file, .down) }
      if [.welcome, .standing].contains(header.kind), standing == nil, receipts.isEmpty, pages.isEmpty {
        epoch = header.epoch
      }
      // A receipt may be of a restore between.
      let isBetween = header.kind == .receipt && standing != nil && header.epoch != known
      guard header.epoch == epoch || isBetween else { throw Self.otherEpoch(bundle.file) }
      switch header.kind {
      case .welcome: isWelcome = true
      case .standing where standing == nil: standing = try RestoredStanding(message, in: bundle.file)
      case .schema where upgrade == nil && pages.isEmpty && header.schema == sha256(message.body):
        upgrade = String(validating: message.body, as: UTF8.self)
        schema = header.schema
      case .receipt: receipts.append(message)
      case .page where header.schema != schema: throw Self.otherSchema(bundle.file)
      case .page where header.stale: break
      case .page where header.number == pages.last?.header.cursor ?? header.number && header.cursor >= header.number:
        pages.append(message)
      case .snapshot: snapshot = message
      default: throw BundleFailure.damaged(bundle.file)
      }
    }
    if let standing, !standing.isEnd {
      guard snapshot == nil, pages.isEmpty, receipts.isEmpty else { throw BundleFailure.damaged(bundle.file) }
      return
    }
    guard epoch == known || standing != nil else { throw Self.otherEpoch(bundle.file) }
    guard snapshot != nil || !pages.isEmpty, snapshot == nil || pages.isEmpty, pages.last?.header.more != true else {
      throw BundleFailure.damaged(bundle.file)
    }
  }

  /// It brings nothing but the city's word where it stands.
  public var isOnlyStanding: Bool { standing != nil && snapshot == nil }

  /// Where the pull begins; nil: a snapshot follows on anything.
  public var start: Int64? { pages.first?.header.number }
  /// Where the replica stands after it.
  public var end: Int64 { snapshot?.header.cursor ?? pages.last?.header.cursor ?? 0 }

  private static func otherCity(_ file: String) -> Failure {
    Failure(
      .protocolViolation, zh: "\(file) 不是本机所属城市签发的;未作任何更改,请核对来源",
      en: "\(file) is not signed by this replica's city; nothing was changed, check where it comes from")
  }

  private static func otherEpoch(_ file: String) -> Failure {
    Failure(
      .protocolViolation, zh: "\(file) 属于市主库的另一纪元(主库曾从备份恢复);未作任何更改,请重新写一个交换包交给市里",
      en:
        "\(file) belongs to another epoch of the city's master, which was restored; nothing was changed, write a new bundle and take it to the city"
    )
  }

  private static func otherSchema(_ file: String) -> Failure {
    Failure(
      .protocolViolation, zh: "\(file) 按另一个模式版本写成;未作任何更改,请重新写一个交换包交给市里",
      en: "\(file) is written by another version of the schema; nothing was changed, write a new bundle for the city")
  }
}
