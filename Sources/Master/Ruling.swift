import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What officials decide about parked changes.

extension Master {
  /// Takes parked changes in, though they are out of scope or what they belong to is closed: they merge with their
  /// original base. What still cannot stand refuses the whole.
  public func admit(_ ids: [Int64], reason: String, actor: String?) throws {
    try rule(ids, .admit, reason: reason, actor: actor)
  }

  /// Does not take parked changes in. They stay on record, and their senders are told why.
  public func dismiss(_ ids: [Int64], reason: String, actor: String?) throws {
    try rule(ids, .dismiss, reason: reason, actor: actor)
  }

  private func rule(_ ids: [Int64], _ verdict: Ruling.Verdict, reason: String, actor: String?) throws {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      var named: Set<Int64> = []
      let parked = try ids.filter { named.insert($0).inserted }.map { id in
        let parked = try transaction.parkedChange(id).orThrow(
          Failure(
            .notFound, zh: "没有编号为 \(id) 的搁置记录;请用 city parked 查看",
            en: "there is no parked change \(id); city parked lists them"))
        guard parked.state == .waiting else {
          throw Failure(
            .data, zh: "搁置 \(id) 已处理(\(parked.state.label.zh))",
            en: "parked change \(id) is \(parked.state.label.en) already")
        }
        return parked
      }
      let edit = Edit(stamp: try transaction.tick(milliseconds: clock()), actor: actor ?? "city")
      let rulings = parked.map { Ruling(parked: $0.ref, verdict: verdict, reason: reason, edit: edit) }
      try carryOut(rulings, of: parked, transaction)
      try absorb(transaction, Batch(rulings: rulings))
    }
  }

  /// Everything that rulings of one kind do to parked changes, whether they are given or the log is replayed.
  func carryOut(_ rulings: [Ruling], of parked: [ParkedChange], _ transaction: any MasterTransaction) throws {
    guard let first = rulings.first else { return }
    let detail = Label(zh: first.reason, en: first.reason)
    // The batch that records the ruling comes next in the log.
    let desk = desk(transaction, received: first.edit.stamp, arrival: try transaction.upcomingArrival())
    if first.verdict == .admit { return try admit(parked, desk, detail, first.edit) }
    for change in parked { try transaction.settle(change, as: .dismissed, detail: detail, edit: first.edit) }
  }

  private func admit(_ parked: [ParkedChange], _ desk: Desk, _ detail: Label, _ edit: Edit) throws {
    for group in desk.groups(parked) {
      // What one of them frees may be another.
      let group = try group.filter { try desk.transaction.parkedChange($0.id)?.state == .waiting }
      let (writes, still) = try desk.enter(
        group, as: .admitted, detail: detail, edit: edit, waiving: [.scope, .locked])
      if let first = still.first, let parked = group.first(where: { $0.n == first.n }) {
        let row = "\(parked.change.record) \(show(parked.change.key))"
        throw Failure(
          .data, zh: "搁置 \(parked.id)(\(row))仍不能入库:\(first.why.detail.zh)",
          en: "parked change \(parked.id) (\(row)) still cannot enter: \(first.why.detail.en)")
      }
      try desk.follow(writes)
    }
  }
}
