import Presentation
import SQLiteStore
import SyncCore

/// The enterprise that a report is about.
struct EnterpriseSubject {
  let id: String
  /// The name of one that was merged into it, when that one was asked for.
  let mergedName: String?

  /// Takes an id, `uscc:CODE` or a credit code. One that was merged stands for the one that it was merged into.
  /// - Throws: `Failure` when none is named or none is found, with some that exist.
  static func asked(_ source: ReportSource) throws -> EnterpriseSubject {
    guard let text = source.subject, !text.isEmpty else {
      throw Failure(
        .usage, zh: "请指明企业:编号或统一社会信用代码;\(try known(source, "").zh)",
        en: "name an enterprise by its id or credit code; \(try known(source, "").en)")
    }
    let code = text.hasPrefix("uscc:") ? String(text.dropFirst(5)) : text
    let found = try source.db.first(
      "SELECT id, name, merged_into FROM enterprise WHERE id = ?1 OR uscc = ?2 ORDER BY id = ?1 DESC LIMIT 1",
      [.text(text.lowercased()), .text(code.uppercased())])
    guard let found, case .text(let id) = found[0], case .text(let name) = found[1] else {
      let known = try known(source, code)
      throw Failure(
        .notFound, zh: "没有企业“\(quotedText(text))”;\(known.zh)",
        en: "there is no enterprise '\(quotedText(text))'; \(known.en)")
    }
    let survivor = try survivor(source, of: id)
    return EnterpriseSubject(id: survivor, mergedName: survivor == id ? nil : name)
  }

  /// Follows merges to their end.
  private static func survivor(_ source: ReportSource, of id: String) throws -> String {
    let sql = """
      WITH RECURSIVE chain(id, next, step) AS (SELECT id, merged_into, 0 FROM enterprise WHERE id = ?
        UNION SELECT e.id, e.merged_into, step + 1 FROM chain c JOIN enterprise e ON e.id = c.next WHERE step < 100)
      SELECT id FROM chain ORDER BY step DESC LIMIT 1
      """
    if case .text(let last)? = try source.db.first(sql, [.text(id)])?.first { return last }
    return id
  }

  /// Up to five enterprises: those whose name holds what was typed, else the first ones.
  private static func known(_ source: ReportSource, _ typed: String) throws -> Label {
    let sql = """
      SELECT coalesce(uscc, id) || ' ' || name FROM enterprise WHERE merged_into IS NULL
      ORDER BY (?1 <> '' AND instr(name, ?1) > 0) DESC, name, id LIMIT 5
      """
    var list: [String] = []
    try source.db.each(sql, [.text(typed)]) { list.append(visibleText($0[0])) }
    if list.isEmpty { return Label(zh: "还没有登记企业", en: "no enterprise is registered yet") }
    return Label(zh: "例如:\(list.joined(separator: "、"))", en: "for example: \(list.joined(separator: ", "))")
  }
}

/// 「新名(原:旧名)」: a name and the one of another day, where they differ.
func nameThen(_ now: String, _ then: String) -> String {
  "CASE WHEN \(then) <> \(now) THEN \(now) || '(原:' || \(then) || ')' ELSE \(now) END"
}

/// The name that an enterprise had on a day; NULL when it was its present one, or there is no day. `enterprise` and `day` are
/// expressions in SQL.
public func formerName(of enterprise: String, on day: String) -> String {
  """
  (SELECT f.name FROM enterprise_name f WHERE f.enterprise_id = \(enterprise) AND f.valid_to >= \(day) \
  ORDER BY f.valid_to, f.id LIMIT 1)
  """
}
