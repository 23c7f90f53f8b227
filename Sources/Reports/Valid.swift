/// What counts, as conditions in SQL. `?1` is the day `YYYY-MM-DD` wherever one is asked for.
public enum Valid {
  /// One that was merged into another is counted there.
  public static func enterprise(_ alias: String = "e") -> String { "\(alias).merged_into IS NULL" }

  /// A recognition that was made by the day, whatever became of it.
  static func made(_ alias: String = "r", by day: String = "?1") -> String {
    """
    (\(alias).recognised_on IS NULL OR \(alias).recognised_on <= \(day)) \
    AND \(alias).year <= CAST(substr(\(day), 1, 4) AS INTEGER)
    """
  }

  /// A recognition that holds on the day. The last day of its validity is one; the day of its revocation is not.
  public static func recognition(_ alias: String = "r") -> String {
    """
    \(made(alias)) AND (\(alias).valid_to IS NULL OR \(alias).valid_to >= ?1) \
    AND (\(alias).revoked_on IS NULL OR \(alias).revoked_on > ?1)
    """
  }

  /// A row of annual figures that is a report: one with a note alone is none.
  public static func figures(_ alias: String = "y") -> String {
    "coalesce(\(alias).taxable_sales, \(alias).revenue, \(alias).rd, \(alias).staff) IS NOT NULL"
  }

  /// Anything with a first and a last day, both of them included; a day that is not given sets no bound.
  static func between(_ first: String, _ last: String) -> String {
    "(\(first) IS NULL OR \(first) <= ?1) AND (\(last) IS NULL OR \(last) >= ?1)"
  }
}
