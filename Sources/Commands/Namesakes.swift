import GRDB
import Registry
import SQLiteStore
import SyncCore

/// Warns of an enterprise that stands somewhere already: here, or in another county by the city-wide list.
final class Namesakes {
  /// The city-wide list: credit code, name and owner of every enterprise.
  static let list = "enterprise_stub"

  private struct Known {
    var id, name, owner: String
    var code: Value
    var core: [Character]
  }

  private let store: any RecordStore
  /// Read once: who brings many rows asks about each of them.
  private var known: [Known]?

  init(store: any RecordStore) { self.store = store }

  /// What to say about a new row of enterprises. Inside the transaction that wrote it.
  func warnings(_ db: Database, _ record: RecordSchema, _ row: [Value]) throws -> [Label] {
    guard store.schema.name == Registry.schemaName, record.name == "enterprise" else { return [] }
    let facts = RowFacts(record, row)
    guard case .text(let name) = facts["name"] else { return [] }
    let (id, code, core) = (facts["id"], facts["uscc"], EnterpriseName.letters(of: name))
    let known = try self.known ?? read(db)
    self.known = known
    var labels: [Label] = []
    for other in known where id != .text(other.id) {
      if !code.isNull, code == other.code {
        labels.append(sameCode(other.name, other.owner, other.id))
      } else if code.isNull || other.code.isNull, EnterpriseName.areNear(core, other.core) {
        labels.append(nearName(other.name, other.owner, other.id))
      }
    }
    return Array(labels.prefix(3))
  }

  private func read(_ db: Database) throws -> [Known] {
    let list = store.schema.record(Self.list) == nil ? "enterprise" : Self.list
    var known: [Known] = []
    try db.each("SELECT id, uscc, name, owner_org FROM \(quoted(list))") { cells in
      guard case .text(let id) = cells.cell(0), case .text(let name) = cells.cell(2),
        case .text(let owner) = cells.cell(3)
      else { return }
      let core = EnterpriseName.letters(of: name)
      known.append(Known(id: id, name: name, owner: owner, code: cells.cell(1), core: core))
    }
    return known
  }

  private func sameCode(_ name: String, _ owner: String, _ id: String) -> Label {
    Label(
      zh: "注意:此信用代码已由 \(owner) 登记为“\(name)”(\(id))。同步后市里会合并重复记录;如企业已迁入,请由双方申请迁移",
      en:
        "note: \(owner) has registered this credit code as “\(name)” (\(id)). The city merges duplicates after the sync; if the enterprise has moved, both units ask for a transfer"
    )
  }

  private func nearName(_ name: String, _ owner: String, _ id: String) -> Label {
    Label(
      zh: "注意:\(owner) 已有名称相近的企业“\(name)”(\(id));如是同一企业,请核对信用代码",
      en:
        "note: \(owner) has an enterprise with a similar name, “\(name)” (\(id)); if it is the same one, compare credit codes"
    )
  }
}
