import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// I4: of what is contested in a row of another unit's, a unit knows what it contests itself and what was decided about that, by
// whichever road it heard.
extension Town {
  func checkTold() throws {
    let (anew, moved) = (rowsBegunAnew(), movedRows())
    for machine in active {
      for conflict in try machine.replica.conflicts(Conflict.State.allCases) {
        let ref = RowRef(conflict.record, conflict.key)
        guard let image = city.rows[ref], let unit = schema.unit(of: ref, image, in: city.rows),
          unit != "", unit != machine.org
        else { continue }
        // Of what was once its own it may know all of that time.
        let rows = schema.ancestry(of: ref, image, in: city.rows)
        if rows.contains(where: { anew.contains($0) || moved[$0]?.contains(machine.org) == true }) { continue }
        guard let secret = try secret(of: conflict, from: machine) else { continue }
        throw Violation(
          .isolation,
          "\(machine.name) knows of conflict \(conflict.id) about \(name(ref)), which is of unit \(unit), \(secret)")
      }
    }
  }

  /// The same of a page, which tells of every row as it stands now.
  func checkTold(_ items: [PageItem], to machine: Machine) throws {
    var contenders: [Int64: [Contender]] = [:]
    for case .contender(let id, let contender) in items { contenders[id, default: []].append(contender) }
    for case .conflict(var conflict) in items {
      let ref = RowRef(conflict.record, conflict.key)
      guard let image = city.rows[ref] else { continue }
      let unit = schema.unit(of: ref, image, in: city.rows)
      conflict.contenders = contenders[conflict.id] ?? []
      guard unit != "", unit != machine.org, let secret = try secret(of: conflict, from: machine) else { continue }
      throw Violation(
        .isolation, "\(machine.name) was told of \(name(ref)), which is of unit \(unit ?? "none"), \(secret)")
    }
  }

  /// What a machine knows of a conflict that only those know who see its row; nil: nothing.
  private func secret(of conflict: Conflict, from machine: Machine) throws -> String? {
    let unit = machines.filter { $0.org == machine.org }
    let ids = Set(try unit.flatMap { try $0.replica.identity.names })
    let own = conflict.contenders.filter { ids.contains($0.replica) }
    let decided = conflict.decision?.value ?? .null
    if own.count < conflict.contenders.count { return "what others contest" }
    if !conflict.base.isNull || !conflict.master.isNull { return "what stood there" }
    if !decided.isNull, !own.contains(where: { $0.id == conflict.decision?.contender }) { return "what was decided" }
    // The image of a row has cells of others' in it.
    let isImage = conflict.field == nil && (!decided.isNull || own.contains { !$0.value.isNull })
    return isImage ? "an image of the row" : nil
  }

  /// The units between which rows have moved; of one that went to another parent all of them.
  private func movedRows() -> [RowRef: Set<String>] {
    var moved: [RowRef: Set<String>] = [:]
    for claim in witness.claims where !claim.isInsert {
      guard let record = schema.record(claim.ref.record), let column = claim.column, column == record.scopeIndex else {
        continue
      }
      var units = offices
      if case .field = record.scope {
        units = [claim.value, claim.seen].compactMap { if case .text(let unit) = $0 { unit } else { nil as String? } }
      }
      moved[claim.ref, default: []].formUnion(units)
    }
    return moved
  }
}
