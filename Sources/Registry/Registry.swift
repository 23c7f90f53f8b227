import SchemaFile
import SyncCore

/// The municipal registry of science and technology SMEs: its schema, its first rows, its formats.
public enum Registry {
  public static func schema() throws -> Schema {
    try SchemaFile.read(String(decoding: PackageResources.schema_yaml, as: UTF8.self))
  }

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
