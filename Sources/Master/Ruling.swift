import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// What officials decide about parked changes.

extension Master {
  /// Takes parked changes in, though they are out of scope or what they belong to is closed: they merge with their
  /// original base. What still cannot stand refuses the whole.
  public func admit(_ ids: [Int64], reason: String, actor: String?) throws {
    try rule(ids, .admit, reason: reason, actor: actor) { desk, parked, detail, edit in
      for group in desk.groups(parked) {
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

  /// Does not take parked changes in. They stay on record, and their senders are told why.
  public func dismiss(_ ids: [Int64], reason: String, actor: String?) throws {
    try rule(ids, .dismiss, reason: reason, actor: actor) { desk, parked, detail, edit in
      for change in parked { try desk.transaction.settle(change, as: .dismissed, detail: detail, edit: edit) }
    }
  }

  private func rule(
    _ ids: [Int64], _ verdict: Ruling.Verdict, reason: String, actor: String?,
    _ body: (Desk, [ParkedChange], Label, Edit) throws -> Void
  ) throws {
    try store.write { db in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      try absorb(transaction)
      let parked = try ids.map { id in
        let parked = try transaction.parkedChange(id).orThrow(
          Failure(
            .notFound, zh: "没有编号为 \(id) 的搁置记录;请用 city parked 查看",
            en: "there is no parked change \(id); city parked lists them"))
        guard parked.state == .waiting else {
          throw Failure(
            .data, zh: "搁置 \(id) 已处理(\(parked.state.rawValue))",
            en: "parked change \(id) is \(parked.state.rawValue) already")
        }
        return parked
      }
      let stamp = try transaction.tick(milliseconds: clock())
      let edit = Edit(stamp: stamp, actor: actor ?? "city")
      // The batch that records the ruling comes next in the log.
      let desk = desk(transaction, received: stamp, arrival: try transaction.upcomingArrival())
      try body(desk, parked, Label(zh: reason, en: reason), edit)
      let rulings = parked.map { Ruling(parked: $0.ref, verdict: verdict, reason: reason, edit: edit) }
      try absorb(transaction, Batch(rulings: rulings))
    }
  }
}
