import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore
import SyncProtocol

/// One report: its word on the command line, what it is about, and how it is drawn from the records.
public protocol ReportKind: Sendable {
  /// The word on the command line.
  static var name: String { get }
  static var summary: Label { get }
  /// What has to be named besides the report, such as an enterprise; nil: nothing.
  static var subject: Label? { get }
  /// Whether the report can be drawn without it.
  static var subjectIsOptional: Bool { get }
  /// Whether it may be published: it holds no figure that identifies an enterprise, or what it lists is public.
  static var isPublic: Bool { get }
  /// Whether it has a form without figures that identify an enterprise, also when it is not published.
  static var hasPublicForm: Bool { get }
  /// Reads only. A figure that the records do not give is left blank, never guessed.
  static func draw(_ source: ReportSource) throws -> Report
}

extension ReportKind {
  public static var subject: Label? { nil }
  public static var subjectIsOptional: Bool { false }
  public static var isPublic: Bool { false }
  public static var hasPublicForm: Bool { isPublic }
}

/// What a report is drawn from: the records of a county's replica, of the master, or of the master of an earlier day.
public struct ReportSource {
  public var db: Database
  public var schema: Schema
  public var rules: Rules
  /// The day that is asked for, `YYYY-MM-DD`: what is valid, due or overdue is so on this day.
  public var day: String
  /// The year that is asked for: that of the day unless it is named.
  public var year: Int64
  /// The org unit of a county's replica; nil at the city.
  public var unit: String?
  /// What the report is about, as typed: a key or a credit code of an enterprise, a period, a plan.
  public var subject: String?
  /// Cells of fewer than three enterprises are left out.
  public var isForPublication: Bool
  /// The version of a row that an approval names.
  public var version: (RecordSchema, [Value]) -> String? = { $0.version(of: $1) }

  public init(
    db: Database, schema: Schema, rules: Rules, day: String, year: Int64? = nil, unit: String? = nil,
    subject: String? = nil, isForPublication: Bool = false
  ) {
    self.db = db
    self.schema = schema
    self.rules = rules
    self.day = day
    self.year = year ?? Int64(day.prefix(4)) ?? 0
    self.unit = unit
    self.subject = subject
    self.isForPublication = isForPublication
  }
}

/// All reports, in the order in which help lists them.
public enum Reports {
  public static let all: [any ReportKind.Type] = [
    PlanReport.self, CountyReport.self, TiersReport.self, CandidatesReport.self, PipelineReport.self,
    OverdueReport.self, LedgerReport.self, BulletinReport.self, FileReport.self, CreditReport.self,
    EvaluationReport.self, InvestmentReport.self, ActivitiesReport.self, InnovationReport.self,
    RecognisedReport.self, ProductsReport.self, CultivationReport.self, CasesReport.self, ReleasesReport.self,
  ]
}
