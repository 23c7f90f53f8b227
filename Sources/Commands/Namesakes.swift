import GRDB
import Registry
import SQLiteStore
import SyncCore

/// Warns of an enterprise that stands somewhere already: here, or in another county by the city-wide list.
struct Namesakes {
  /// The city-wide list: credit code, name and owner of every enterprise.
  static let list = "enterprise_stub"

  let store: any RecordStore

  /// What to say about a new row of enterprises. Inside the transaction that wrote it.
  func warnings(_ db: Database, _ record: RecordSchema, _ row: [Value]) throws -> [Label] {
    guard store.schema.name == Registry.schemaName, record.name == "enterprise" else { return [] }
    let facts = RowFacts(record, row)
    guard case .text(let name) = facts["name"] else { return [] }
    let known = store.schema.record(Self.list) == nil ? "enterprise" : Self.list
    var labels: [Label] = []
    try db.each("SELECT id, uscc, name, owner_org FROM \(quoted(known)) WHERE id IS NOT ?", [facts["id"]]) { cells in
      guard case .text(let id) = cells.cell(0), case .text(let other) = cells.cell(2),
        case .text(let owner) = cells.cell(3)
      else { return }
      let code = cells.cell(1)
      if !code.isNull, code == facts["uscc"] {
        labels.append(sameCode(other, owner, id))
      } else if EnterpriseName.areNear(name, other), code.isNull || facts["uscc"].isNull {
        labels.append(nearName(other, owner, id))
      }
    }
    return Array(labels.prefix(3))
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
