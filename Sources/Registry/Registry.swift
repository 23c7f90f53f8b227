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
  public static func seed() throws -> [(record: String, rows: [[Value]])] {
    try SeedFile.read(String(decoding: PackageResources.seed_yaml, as: UTF8.self), for: schema())
  }

  /// The formats that the schema names.
  public static let formats: Formats = [
    "uscc": CreditCode.problem(in:),
    "industry": Codes.industryProblem(in:),
    "division": Codes.divisionProblem(in:),
  ]
}
