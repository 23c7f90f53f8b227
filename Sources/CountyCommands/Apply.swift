import ArgumentParser
import Commands
import GRDB
import Presentation
import Registry
import Replica
import SQLiteStore
import SyncCore

/// `county apply ENTERPRISE --scheme S --year Y [--figures Y]`
struct Apply: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: words("Draft an application with its self-assessment; `step` sends it on its way. 申报"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key, uscc:CODE, or the credit code. 企业"))) var enterprise: String
  @Option(help: ArgumentHelp(words("What it applies for, such as tech_sme. 申报类别"))) var scheme: String
  @Option(help: ArgumentHelp(words("The year of the application. 年份"))) var year: Int64
  @Option(help: ArgumentHelp(words("The year of the figures; else the newest of this and last year. 数据年份")))
  var figures: Int64?

  func run() async throws {
    try await options.run {
      let replica = try options.open(CountyProgram.self)
      try replica.checkYear(year, "--year")
      try replica.checkYear(figures, "--figures")
      let enterprise = try replica.enterprise(self.enterprise)
      let record = try replica.record("application")
      let row = try replica.edit(as: options.actor) { db in
        try assertFirst(db, replica, record, enterprise)
        let assessment = try replica.selfAssessment(db, of: enterprise, as: scheme, year: year, figures: figures)
        warn(assessment)
        let key = try replica.add(
          db, "application",
          [
            "enterprise_id": enterprise.id, "scheme": .text(scheme), "year": .integer(year), "stage": .text("draft"),
            "rule_version": Value(assessment?.rule), "assessment": Value(assessment?.kept),
          ])
        return try record.row(db, key: key) ?? []
      }
      let id = KeyText.show(record.rowKey(of: row))
      options.show(
        rowJSON(record, row),
        Label(
          zh: "已填报 \(id);county step application \(id) county 提交初审",
          en: "drafted as \(id); county step application \(id) county sends it to review"
        ).text(options.language))
    }
  }

  private func assertFirst(_ db: Database, _ replica: Replica, _ record: RecordSchema, _ enterprise: Enterprise) throws
  {
    let same = try replica.rows(
      db, record, ["enterprise_id": enterprise.id, "scheme": .text(scheme), "year": .integer(year)])
    guard let row = same.first else { return }
    let (there, stage) = (KeyText.show(record.rowKey(of: row)), record.text("stage", of: row) ?? "draft")
    throw Failure(
      .data, zh: "\(enterprise.shown) 已有 \(year) 年 \(scheme) 的申报 \(there)(\(stage));请办理那一件",
      en:
        "\(enterprise.shown) has an application as \(scheme) of \(year) already, \(there) (\(stage)); go on with that one"
    )
  }

  private func warn(_ assessment: Assessment?) {
    if let assessment { return options.warn(assessment) }
    options.tell(Label(zh: "\(scheme) 没有评价规则,未作自评", en: "there is no rule for \(scheme): not assessed"))
  }
}
