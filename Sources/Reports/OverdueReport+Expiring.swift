import Presentation
import SyncCore

// Certificates, recognitions and ratings that have ended or end within 90 days.

extension OverdueReport {
  static let expiryDays = 90

  /// What a newer one of the same kind has replaced is not listed.
  static func expiring(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "expiring", Label(zh: "已到期或 90 天内到期", en: "Ended, or ends within 90 days"),
      [
        .enterprise, .county,
        Drawn(
          Report.Column("kind", Label(zh: "类别", en: "Kind")),
          .choice([
            .init(value: "qualification", label: Label(zh: "资质", en: "Qualification")),
            .init(value: "recognition", label: Label(zh: "认定", en: "Recognition")),
            .init(value: "credit_rating", label: Label(zh: "信用评级", en: "Credit rating")),
          ])),
        what(source), source.drawn("recognition", "cert_no"), source.drawn("recognition", "valid_to"),
        Drawn("days_left", zh: "剩余天数", en: "Days left", unit: .days),
      ],
      sql: """
        SELECT e.name, e.owner_org, x.kind, x.what, x.no, x.ends, \(daysBetween(":day", "x.ends"))
        FROM (\(qualifications) UNION ALL \(recognitions) UNION ALL \(ratings)) x
        JOIN enterprise e ON e.id = x.enterprise
        WHERE e.merged_into IS NULL AND x.ends <= date(:day, '+\(expiryDays) days')
        ORDER BY x.ends, e.name, x.kind, x.what
        """)
  }

  private static func what(_ source: ReportSource) -> Drawn {
    let schemes = source.schema.record("recognition")?.field("scheme")?.check.values ?? []
    return Drawn(Report.Column("what", Label(zh: "名称", en: "What")), .choice(schemes))
  }

  /// One without an end replaces another unless it is known to be older.
  private static let qualifications = """
    SELECT q.enterprise_id AS enterprise, 'qualification' AS kind, q.name AS what, q.cert_no AS no, q.expires_on AS ends
    FROM qualification q WHERE q.expires_on IS NOT NULL AND (q.issued_on IS NULL OR q.issued_on <= :day)
      AND NOT EXISTS (SELECT 1 FROM qualification n WHERE n.enterprise_id = q.enterprise_id AND n.kind = q.kind
        AND n.name = q.name AND (n.issued_on IS NULL OR n.issued_on <= :day)
        AND (n.expires_on > q.expires_on OR n.expires_on IS NULL AND coalesce(n.issued_on >= q.issued_on, 1)))
    """

  private static let recognitions = """
    SELECT r.enterprise_id, 'recognition', r.scheme, r.cert_no, r.valid_to FROM recognition r
    WHERE r.valid_to IS NOT NULL AND (r.revoked_on IS NULL OR r.revoked_on > :day)
      AND \(Valid.made("r"))
      AND NOT EXISTS (SELECT 1 FROM recognition n WHERE n.enterprise_id = r.enterprise_id AND n.scheme = r.scheme
        AND \(Valid.made("n")) AND (n.revoked_on IS NULL OR n.revoked_on > :day) AND (n.valid_to IS NULL OR n.valid_to > r.valid_to))
    """

  private static let ratings = """
    SELECT r.enterprise_id, 'credit_rating', s.name || ' ' || s.version, r.grade, r.valid_to
    FROM credit_rating r JOIN credit_standard s ON s.code = r.standard
    WHERE r.valid_from <= :day AND (r.revoked_on IS NULL OR r.revoked_on > :day)
      AND NOT EXISTS (SELECT 1 FROM credit_rating n WHERE n.enterprise_id = r.enterprise_id AND n.valid_from <= :day
        AND (n.revoked_on IS NULL OR n.revoked_on > :day) AND n.valid_to > r.valid_to)
    """
}
