import Foundation
import SQLiteStore
import SyncCore
import SyncProtocol

// The city's side of an exchange: who speaks, is it new, what becomes of each batch, what the replica has not read.
// The batches of a request are one transaction, or one each; receipts leave only after the commit has reached the disk (I3).

extension Master {
  /// Answers one request: an enrolment, if the replica has no welcome yet, a hello, then any number of batches. Throws
  /// `Refusal` for what a replica must be told.
  /// - Parameter staged: what follows the hello was sent ahead of it, after it had been made.
  public func exchange(_ bytes: [UInt8], staged: Bool = false) throws -> [UInt8] {
    try store.answering { try reply(to: bytes, staged) }
  }

  private func reply(to bytes: [UInt8], _ staged: Bool) throws -> [UInt8] {
    var rest = try refusing { try SealedEnvelope.split(bytes) }[...]
    var reply: [UInt8] = []
    if rest.prefix(while: { $0.header.kind == .enrol }).count > Self.mostEnrolments { throw Refusal.tooManyIds }
    // A copy of a file that was not welcomed yet may have another key by now: the last one counts.
    while let first = rest.first, first.header.kind == .enrol {
      reply = try welcome(first.bytes)
      rest.removeFirst()
    }
    guard let first = rest.popFirst(), first.header.kind == .hello else { throw Refusal.notAMessage }
    let hello = first.header
    if hello.returning { return try reply + takeBack(first, rest) }
    let replica = try greet(first, staged: staged)
    reply += try accept(rest, from: replica)
    return reply + (try page(for: replica, hello)).bytes
  }

  /// Takes batches, each followed by its secrets if it has any. Many rows that come in several batches touch the same pages:
  /// they are written once. When one cannot be taken, those before it are taken one by one.
  private func accept(_ messages: ArraySlice<SealedEnvelope>, from replica: ReplicaRecord) throws -> [UInt8] {
    let isSingle = messages.lazy.filter { $0.header.kind == .batch }.count <= 1
    if !isSingle, let receipts = try? store.transaction({ try acceptAll(messages, from: replica, within: $0) }) {
      return receipts
    }
    return try acceptAll(messages, from: replica)
  }

  /// - Parameter transaction: nil: each has one of its own.
  private func acceptAll(
    _ messages: ArraySlice<SealedEnvelope>, from replica: ReplicaRecord,
    within transaction: (any MasterTransaction)? = nil
  ) throws -> [UInt8] {
    let key = try VerifyingKey(bytes: replica.publicKey)
    var rest = messages
    var receipts: [UInt8] = []
    while let message = rest.popFirst() {
      guard message.header.kind == .batch else { throw Refusal.notAMessage }
      let id = message.header.replica
      guard id == replica.id else {
        throw try transaction.map { try $0.foreign(id) } ?? store.transaction { try $0.foreign(id) }
      }
      let batch = try refusing { try message.open(with: key) }
      var secrets: Envelope?
      if let next = rest.first?.header, next.kind == .secrets, next.replica == replica.id,
        next.number == batch.header.number
      {
        secrets = try refusing { try rest.popFirst()?.open(with: key) }
      }
      receipts +=
        try transaction.map { try accept(batch, secrets: secrets?.body, from: replica.id, $0) }
        ?? accept(batch, secrets: secrets?.body, from: replica.id)
    }
    return receipts
  }

  /// Identifies the sender of a hello or a probe and uses up its request number.
  /// - Parameters:
  ///   - carried: the hello comes on a stick. It may come again, and tells neither the time nor where the replica stands
  ///     now.
  ///   - staged: much was sent after it had been made.
  func greet(_ message: SealedEnvelope, carried: Bool = false, staged: Bool = false) throws -> ReplicaRecord {
    let hello = message.header
    guard hello.carried == carried else { throw Refusal.notAMessage }
    let greeted = try store.transaction { transaction -> ReplicaRecord? in
      guard var replica = try transaction.replica(hello.replica) else {
        // It may have been enrolled after the backup from which this city was restored: what it gives back tells.
        throw try transaction.isFormer(hello) ? Refusal.epoch : Refusal.unknownReplica
      }
      let body = try refusing { try message.open(with: try VerifyingKey(bytes: replica.publicKey)).body }
      let said: HelloBody? = try hello.kind == .probe ? nil : refusing { try HelloBody(body) }
      let last = said?.last ?? replica.highWater
      if replica.isWithdrawn { throw Refusal.withdrawn }
      // What was asked before others asked may come after them, and says how its file stood then.
      let isLate = hello.number <= replica.request
      #if MUTANTS
        if Mutant.lateIsFork.isActive, !carried, last < replica.highWater {
          throw Refusal.oldCopy(last, of: replica.highWater)
        }
      #endif
      guard !isLate || carried else { throw Refusal.replayed }
      // A file that does not know of its own batches is an old copy: rows that it has sent would not come back to it.
      guard isLate || last >= replica.highWater else { throw Refusal.oldCopy(last, of: replica.highWater) }
      let meta = try transaction.meta()
      guard hello.epoch == meta.epoch else { throw try transaction.otherEpoch() }
      // Who asks for no page continues nothing.
      if !hello.stale {
        if try transaction.lacks(hello, seen: said?.seen) { throw Refusal.putBack(.epoch) }
        guard hello.cursor >= 0 else { throw Refusal.epoch }
      }
      if try transaction.isRecovering() { throw Self.recovering }
      guard try knownSchema(hello.schema, meta, transaction) != nil else {
        try transaction.noteUnknownSchema(hello.schema, of: replica.id)
        return nil
      }
      replica.request = max(replica.request, hello.number)
      replica.offset = offset(of: replica, hello, staged: staged)
      replica.lastSeen = clock()
      if !hello.tentative, !hello.stale {
        replica.acknowledged = carried ? max(replica.acknowledged, hello.cursor) : hello.cursor
      }
      try transaction.save(replica)
      return replica
    }
    guard let greeted else { throw Refusal.schema(schema) }
    return greeted
  }

  /// By how much a sender's clock lags, in milliseconds.
  /// - Parameter staged: much was sent after the hello had been made.
  func offset(of replica: ReplicaRecord, _ hello: Header, staged: Bool = false) -> Int64 {
    let offset = clock() - hello.stamp.milliseconds
    // What was measured just before, by a greeting or with other batches, holds for this one. A program of before sends
    // no greeting, and its clock may have been set since.
    let elapsed = hello.stamp.milliseconds + replica.offset - (replica.lastSeen ?? 0)
    if staged, (0...Self.longestAnswer).contains(elapsed) { return min(replica.offset, offset) }
    // What was made long before it comes says how far a clock is ahead at least, and how far it lags at most.
    return (staged || hello.carried) && offset > 0 ? min(max(replica.offset, 0), offset) : offset
  }

  /// How long a sender may wait for an answer before it makes its next hello, by its own clock, in milliseconds.
  private static let longestAnswer: Int64 = 10 * 60 * 1000

  /// The receipt of a batch that the log has. One of before a restore is said again: its sender has not heard it.
  func receipt(of logged: LoggedBatch, _ meta: MasterMeta) throws -> [UInt8] {
    let then = try SealedEnvelope(logged.receipt[...])
    if then.header.epoch == meta.epoch { return logged.receipt }
    var header = then.header
    header.epoch = meta.epoch
    return try Envelope(header, body: then.unverifiedBody(), key: key).bytes
  }

  /// Merges a batch exactly once and returns its signed receipt.
  /// - Parameter secrets: the restricted values; nil: nothing was said of them. Of a batch that came before they are not looked at.
  func accept(_ message: Envelope, secrets: [UInt8]?, from id: Identifier) throws -> [UInt8] {
    try store.transaction { try accept(message, secrets: secrets, from: id, $0) }
  }

  private func accept(
    _ message: Envelope, secrets: [UInt8]?, from id: Identifier, _ transaction: any MasterTransaction
  ) throws -> [UInt8] {
    guard let replica = try transaction.replica(id) else { throw Refusal.unknownReplica }
    if replica.isWithdrawn { throw Refusal.withdrawn }
    try absorb(transaction)
    let number = message.header.number
    if let known = try transaction.batch(id, number) {
      #if MUTANTS
        if Mutant.forgetsReceipts.isActive { throw Refusal.gap(number, after: replica.highWater) }
      #endif
      guard known.hash == message.hash else { throw Refusal.fork(number) }
      return try receipt(of: known, transaction.meta())
    }
    guard number == replica.highWater + 1 else { throw try transaction.gap(number, after: replica.highWater) }
    let meta = try transaction.meta()
    // Made before the city was restored: what its sender had read then is no place of this feed.
    let isOfNow = message.header.epoch == meta.epoch
    guard try isOfNow || transaction.isFormer(message.header) else { throw Refusal.epoch }
    let own = try schema(named: message.header.schema, meta, transaction)
    // What came after its sender's cursor was trimmed in part: it is taken as if nothing had been read.
    let isStale = try !isOfNow || message.header.cursor < transaction.trimmedPlace()
    let cursor = isStale ? -1 : message.header.cursor
    let received = try transaction.tick(milliseconds: clock())
    // What its sender lacks of a batch that is here already was erased since.
    let isFormer = try !isOfNow || own.hasRestricted && transaction.isTaken(message)
    let (batch, kept) = try refusing {
      try self.received(
        Batch(message.body, schema: own), by: own, secrets: secrets.map(SecretsBody.decode),
        cursor: isOfNow ? message.header.cursor : -1, offset: replica.offset, at: received, transaction,
        isFormer: isFormer)
    }
    try transaction.keep(kept, arrival: try transaction.upcomingArrival())
    let widened = batch.widened(to: schema)
    return try take(widened, of: message, from: replica, cursor: cursor, received: received, transaction) {
      try receipt(
        $1, of: message, arrival: $0, received: received, offset: replica.offset, isStale: isStale, transaction)
    }
  }

  /// The signed receipt of a batch.
  /// - Parameter isStale: it was taken as if its sender had read nothing.
  func receipt(
    _ rows: [RowReceipt], of message: Envelope, arrival: Int64, received: Stamp, offset: Int64,
    isStale: Bool, _ transaction: any MasterTransaction
  ) throws -> [UInt8] {
    let meta = try transaction.meta()
    var header = Header(
      kind: .receipt, replica: message.header.replica, epoch: meta.epoch, number: message.header.number,
      cursor: arrival, stamp: received, schema: meta.schemaHash)
    header.stale = isStale
    let body = ReceiptBody.encode(rows, taken: Taken(hash: message.hash, offset: offset))
    return try Envelope(header, body: body, key: key).bytes
  }

  /// Everything that the next batch of a county does to the master, whether it arrives or the log is replayed.
  /// - Parameters:
  ///   - cursor: what its sender had read of this feed; -1: nothing that counts.
  ///   - seal: makes the message that its sender gets.
  func take(
    _ batch: Batch, of message: Envelope, from replica: ReplicaRecord, cursor: Int64, received: Stamp,
    _ transaction: any MasterTransaction, seal: (_ arrival: Int64, [RowReceipt]) throws -> [UInt8]
  ) throws -> [UInt8] {
    var replica = replica
    let header = message.header
    let arrival = try transaction.nextArrival()
    // Before the batch: a change of it may be parked and enter again at once, and is corrected by this clock, too.
    replica.highWater = header.number
    try transaction.save(replica)
    let desk = desk(transaction, received: received, arrival: arrival)
    let known = try transaction.repeated(message)
    if known != nil { try desk.echo(batch, to: replica) }
    let receipt = try seal(
      arrival,
      try known
        ?? desk.take(batch, from: replica, cursor: cursor, number: header.number))
    try transaction.append(
      message, receipt: receipt, arrival: arrival, received: received, offset: replica.offset,
      touched: known == nil ? try touched(batch, transaction) : [])
    return receipt
  }

  func desk(_ transaction: any MasterTransaction, received: Stamp, arrival: Int64) -> Desk {
    Desk(schema: schema, formats: formats, transaction: transaction, received: received, arrival: arrival)
  }

  /// The rows by whose history a batch is found: those that it changes, decides about, rules on or erases.
  func touched(_ batch: Batch, _ transaction: any MasterTransaction) throws -> [RowRef] {
    let decided = batch.decisions.compactMap(\.subject?.ref)
    let ruled = try batch.rulings.compactMap { try transaction.parkedChange($0.parked)?.change.ref }
    let merged = batch.aliases.flatMap { [RowRef($0.record, $0.key), RowRef($0.record, $0.target)] }
    return batch.changes.map(\.ref) + decided + ruled + merged + batch.erasures.map(\.ref)
  }

  /// A replica that reads by another schema than the present one is answered with that.
  private func page(for replica: ReplicaRecord, _ hello: Header) throws -> Envelope {
    try store.transaction { transaction in
      try absorb(transaction)
      let meta = try transaction.meta()
      #if MUTANTS
        if Mutant.upgradeIsSilent.isActive { return try page(for: replica, after: hello.cursor, transaction) }
      #endif
      if hello.schema != meta.schemaHash { return try schemaMessage(for: replica, after: hello.cursor, meta) }
      if try mustTakeSnapshot(hello, transaction) { return try stalePage(for: replica, hello, transaction) }
      return try page(for: replica, after: hello.cursor, transaction)
    }
  }

  func page(
    for replica: ReplicaRecord, after cursor: Int64, _ transaction: any MasterTransaction
  ) throws -> Envelope {
    try absorb(transaction)
    let meta = try transaction.meta()
    let page = try transaction.page(unit: replica.org, after: cursor, for: replica.id, limit: pageLimit, key: key)
    var header = Header(
      kind: .page, replica: replica.id, epoch: meta.epoch, number: cursor, cursor: page.cursor,
      stamp: max(try transaction.stamp(), Stamp(milliseconds: clock())), schema: meta.schemaHash)
    header.more = page.more
    return try Envelope(header, body: page.body, key: key)
  }

  /// What cannot be read or verified was changed on the way, or never was a message.
  func refusing<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let refusal as Refusal { throw refusal } catch EnvelopeError.unknownVersion(
      let version)
    {
      throw Refusal.version(version)
    } catch is EnvelopeError {
      throw Refusal.tampered
    } catch is CodecError {
      throw Refusal.tampered
    } catch is BodyError { throw Refusal.tampered }
  }
}

extension MasterTransaction {
  /// Why a batch of another id than its sender's is refused: the city knows whose it is, or has lost who its sender was before.
  func foreign(_ id: Identifier) throws -> Refusal { try replica(id) == nil ? .formerIsLost : .ofAnother }

  /// Why a batch is refused when one before it is missing: a city that was never restored had it once.
  func gap(_ number: Int64, after last: Int64) throws -> Refusal {
    try formerEpochs().isEmpty ? .putBack(.gap) : .gap(number, after: last)
  }

  /// Why a hello of another epoch is refused: who gives back to a city that was never restored has followed another one.
  func otherEpoch() throws -> Refusal { try formerEpochs().isEmpty ? .ofACopy : .epoch }

  /// Whether a machine has read what this city has not: places that were flushed before it heard of them are gone.
  /// - Parameter seen: up to which batch of the log; nil: it does not say.
  func lacks(_ hello: Header, seen: Int64?) throws -> Bool {
    try hello.cursor > head() || seen ?? 0 >= upcomingArrival()
  }
}

extension Refusal {
  static let ofAnother = Refusal(
    .tampered, zh: "这一批是另一台机器的,未作任何更改;请用本机的文件重新同步",
    en: "this batch is another machine's, nothing was changed; sync again with this machine's own file")
  static let notAMessage = Refusal(.tampered, zh: "这不是 Tributary 的消息", en: "this is not a message of Tributary")
  static let tampered = Refusal(
    .tampered, zh: "消息在途中被改动或不完整;请重新同步", en: "the message was changed or cut on its way; sync again")
  static let unknownReplica = Refusal(
    .unknownReplica, zh: "市里没有登记这台机器;请向市里索取登记码并运行 county rejoin --code,本机的修改都会保留",
    en: "the city does not know this replica; ask for a code and run county rejoin --code, which keeps its edits")
  static let withdrawn = Refusal(
    .withdrawn, zh: "这台机器已被市里停用;请与市里联系", en: "this replica was withdrawn by the city; ask the city")
  static let replayed = Refusal(
    .replayed, zh: "请求号已用过;请重新同步;若仍如此,则本机是复制品或由旧备份恢复,请运行 county rejoin",
    en: "this request number was used before; sync again; if that is refused, too, this replica was cloned or restored "
      + "from an old copy: run county rejoin")
  /// The file of the city was put back as it was before, or a backup into its place.
  static func putBack(_ code: Code) -> Refusal {
    Refusal(
      code,
      zh: "市里缺少已发给本机或已确认的内容:主库文件未经 city restore 被换成了旧的。本机未作任何更改,请与市里联系:"
        + "用 city backup 备份,再用 city restore 恢复这份备份,各县区即送回所缺的内容",
      en: "the city lacks what it has sent to this machine, or confirmed: its file was put back without city restore. "
        + "Nothing was changed here, ask the city: city backup, then city restore of that backup, and the counties give "
        + "back what it lacks")
  }
  static let ofACopy = Refusal(
    .epoch,
    zh: "本机已跟随由本市备份恢复的另一个主库。本机未作任何更改,请与市里联系:用 city backup 备份,再用 city restore "
      + "恢复这份备份,本机即送回它有的内容",
    en: "this machine has followed another master, which was restored from a backup of this one. Nothing was changed "
      + "here, ask the city: city backup, then city restore of that backup, and this machine gives back what it has")
  static let badCode = Refusal(
    .badCode, zh: "登记码无效、已使用、已过期或属于其他单位;请向市里索取新码",
    en: "the enrolment code is wrong, used, expired or for another unit; ask the city for a new one")
  /// What a former id of its sender has signed, which the city knows no more.
  static let formerIsLost = Refusal(
    .gap, zh: "本机原编号的登记已随市里的备份丢失;请运行 county rejoin,本机的修改都会保留",
    en: "who this machine was before is lost with the city's backups; run county rejoin, which keeps its edits")

  static let tooManyIds = Refusal(
    .limit, zh: "本机更换编号的次数过多;请向市里索取登记码并运行 county rejoin --code,本机的修改都会保留",
    en: "this machine has changed its id too often; ask for a code and run county rejoin --code, which keeps its edits")

  static func fork(_ number: Int64) -> Refusal {
    Refusal(
      .fork, zh: "第 \(number) 批已收到过不同内容:本机是复制品或由旧备份恢复;请运行 county rejoin,本机的修改都会保留",
      en: "batch \(number) came before with another content: this replica was cloned or restored from an old copy; "
        + "run county rejoin, which keeps its edits")
  }
  static func oldCopy(_ last: Int64, of highWater: Int64) -> Refusal {
    Refusal(
      .fork, zh: "本机只知道自己的 \(last) 批,市里已收到 \(highWater) 批:本机是复制品或由旧备份恢复;请运行 county rejoin,本机的修改都会保留",
      en:
        "this replica knows of \(last) batches of its own, the city has \(highWater): it was cloned or restored from an "
        + "old copy; run county rejoin, which keeps its edits")
  }
  static func gap(_ number: Int64, after last: Int64) -> Refusal {
    Refusal(
      .gap,
      zh: "收到第 \(number) 批,但上一批是第 \(last) 批:市主库由较早的备份恢复,其间各批已不在本机;请运行 county rejoin,本机的修改都会保留",
      en: "batch \(number) came, but the last one was \(last): the city was restored from an earlier backup, and this "
        + "replica has let go of those between; run county rejoin, which keeps its edits")
  }
}
