import SchemaFile
import SyncCore

/// The municipal registry of science and technology SMEs: its schema, its first rows, its formats.
public enum Registry {
  /// The name that the schema gives itself.
  public static let schemaName = "registry"

  public static func schema() throws -> Schema {
    try SchemaFile.read(
      parts.map { SchemaFile.Part(name: $0.0, text: String(decoding: $0.1, as: UTF8.self)) })
  }

  private static let parts = [
    ("schema-1-units.yaml", PackageResources.schema_1_units_yaml),
    ("schema-2-plan.yaml", PackageResources.schema_2_plan_yaml),
    ("schema-3-enterprise.yaml", PackageResources.schema_3_enterprise_yaml),
    ("schema-4-recognition.yaml", PackageResources.schema_4_recognition_yaml),
    ("schema-5-innovation.yaml", PackageResources.schema_5_innovation_yaml),
    ("schema-6-service.yaml", PackageResources.schema_6_service_yaml),
    ("schema-7-publication.yaml", PackageResources.schema_7_publication_yaml),
  ]

  /// What the city knows from its plan on the first day: full rows in the order of the fields, parents first.
  /// - Parameter day: that day: a unit that ends later has no successor yet, for one takes over at once (M15). nil: all
  ///   that is known by now.
  public static func seed(on day: CalendarDay? = nil) throws -> [(record: String, rows: [[Value]])] {
    let known = try schema()
    var seed = try SeedFile.read(String(decoding: PackageResources.seed_yaml, as: UTF8.self), for: known)
    guard let day, let unit = known.record("org_unit"), let end = unit.index(of: "valid_to"),
      let successor = unit.index(of: "successor"), let units = seed.firstIndex(where: { $0.record == unit.name })
    else { return seed }
    for row in seed[units].rows.indices {
      guard case .text(let last) = seed[units].rows[row][end], last > day.description else { continue }
      seed[units].rows[row][successor] = .null
    }
    return seed
  }

  /// The formats that the schema names.
  public static let formats: Formats = [
    "uscc": CreditCode.problem(in:),
    "industry": Codes.industryProblem(in:),
    "division": Codes.divisionProblem(in:),
  ]
}
