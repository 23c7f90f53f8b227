import SyncCore
import Yams

/// The workflows written as YAML: steps that all records share, and what is peculiar to each record.
struct WorkflowFile {
  struct Terms {
    var gain: Workflow.Gain
    var keepsNotice: Bool
    var noticeDays: [String: Int64]
  }

  let steps: [Workflow.Step]
  let records: [(name: String, terms: Terms)]

  init(_ yaml: String) throws(Failure) {
    let top = try RuleSection(
      RulesFile.parsed(yaml, path: "workflows"), path: "workflows", known: ["steps", "records"])
    var steps: [Workflow.Step] = []
    for node in try top.list("steps") {
      let section = try RuleSection(node, path: "workflows.steps", known: ["from", "to", "by", "reason"])
      let step = try Self.step(section)
      if step.from == step.to || steps.contains(where: { $0.from == step.from && $0.to == step.to }) {
        throw section.failure("\(step.from) to \(step.to) is no step, or is there twice")
      }
      steps.append(step)
    }
    self.steps = steps
    let section = try top.section("records")
    var records: [(name: String, terms: Terms)] = []
    for name in section.keys { records.append((name, try Self.terms(section, name))) }
    self.records = records
  }

  func workflow(of record: RecordSchema) throws(Failure) -> Workflow? {
    guard let terms = records.first(where: { $0.name == record.name })?.terms else { return nil }
    let direct = Workflow.Step(from: .city, to: .published, by: .city)
    return try Workflow(terms, steps: steps + (terms.keepsNotice ? [] : [direct]), of: record)
  }

  private static func step(_ section: RuleSection) throws(Failure) -> Workflow.Step {
    var step = Workflow.Step(
      from: try choice(section, "from"), to: try choice(section, "to"),
      by: try section.text("by") == "city" ? .city : .county)
    guard ["city", "county"].contains(try section.text("by")) else { throw section.failure("by is county or city") }
    if section.has("reason") {
      guard try section.text("reason") == "true" else { throw section.failure("reason is true or left out") }
      step.needsReason = true
    }
    return step
  }

  private static func terms(_ sections: RuleSection, _ name: String) throws(Failure) -> Terms {
    let section = try sections.section(name, known: ["gives", "notice", "notice_days"])
    let notice = try section.text("notice")
    guard ["required", "optional"].contains(notice) else { throw section.failure("notice is required or optional") }
    var days: [String: Int64] = [:]
    if section.has("notice_days") {
      let list = try section.section("notice_days")
      guard notice == "required" else { throw list.failure("an optional notice has no length") }
      for scheme in list.keys { days[scheme] = try list.number(scheme, in: 1...100) }
    }
    return Terms(gain: try choice(section, "gives"), keepsNotice: notice == "required", noticeDays: days)
  }

  private static func choice<T: RawRepresentable<String> & CaseIterable>(
    _ section: RuleSection, _ key: String
  ) throws(Failure) -> T {
    let text = try section.text(key)
    if let value = T(rawValue: text) { return value }
    throw section.failure("\(key) is one of \(T.allCases.map(\.rawValue).joined(separator: ", ")), not \(text)")
  }
}

extension Registry {
  /// How the rows of a record go from stage to stage; nil: they do not.
  public static func workflow(of record: RecordSchema) throws(Failure) -> Workflow? {
    try workflowFile().workflow(of: record)
  }

  static func workflowFile() throws(Failure) -> WorkflowFile {
    try WorkflowFile(String(decoding: PackageResources.workflows_yaml, as: UTF8.self))
  }
}
