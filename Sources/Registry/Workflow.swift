import SyncCore

/// Where a filing stands.
public enum Stage: String, Sendable, CaseIterable { case draft, county, city, notice, published, returned }

/// How the rows of one record go from stage to stage, and whose step each one is.
public struct Workflow: Sendable {
  public struct Step: Sendable, Hashable {
    public var from: Stage
    public var to: Stage
    public var by: Side
    /// The step must say why.
    public var needsReason = false
  }

  /// What publication brings.
  public enum Gain: String, Sendable, CaseIterable {
    /// A row of the record `recognition`.
    case recognition
    /// The row's own mark that the city confirmed it, and in which year.
    case confirmation
  }

  public let record: String
  public let steps: [Step]
  public let gain: Gain
  /// Whether the row keeps from when to when its public notice lasts.
  public let keepsNotice: Bool
  /// Working days of public notice by scheme.
  let noticeDays: [String: Int64]
  private let labels: [Stage: Label]

  init(_ terms: WorkflowFile.Terms, steps: [Step], of record: RecordSchema) throws(Failure) {
    self.record = record.name
    self.steps = steps
    gain = terms.gain
    keepsNotice = terms.keepsNotice
    noticeDays = terms.noticeDays
    var labels: [Stage: Label] = [:]
    for choice in record.field("stage")?.check.values ?? [] {
      if let stage = Stage(rawValue: choice.value) { labels[stage] = choice.label }
    }
    guard labels.count == Stage.allCases.count else {
      throw Failure(
        .configuration, zh: "\(record.name).stage 缺少流程所需的阶段;请检查模式文件",
        en: "\(record.name).stage lacks stages that the workflow needs; check the schema")
    }
    self.labels = labels
  }

  public func label(_ stage: Stage) -> Label { labels[stage] ?? Label(zh: stage.rawValue, en: stage.rawValue) }

  /// The stage that a cell holds: NULL is a draft. nil: another value.
  public static func stage(_ value: Value) -> Stage? {
    switch value {
    case .null: .draft
    case .text(let text): Stage(rawValue: text)
    default: nil
    }
  }

  /// The stage of that name or label.
  public func stage(named text: String) -> Stage? {
    Stage(rawValue: text) ?? Stage.allCases.first { label($0).zh == text || label($0).en == text }
  }

  public func steps(from stage: Stage) -> [Step] { steps.filter { $0.from == stage } }

  /// The step, if this side may take it. Otherwise a refusal that says who may, and what can follow.
  public func step(from: Stage, to: Stage, by side: Side, of place: Label) throws(Failure) -> Step {
    let step = steps.first { $0.from == from && $0.to == to }
    if let step, step.by == side { return step }
    let (here, there) = (label(from), label(to))
    let next = following(from)
    if let step {
      throw Failure(
        .notAllowed,
        zh: "\(place.zh) 在「\(here.zh)」:只有\(step.by.label.zh)可以转为「\(there.zh)」。\(next.zh)",
        en: "\(place.en) is at “\(here.en)”: only the \(step.by.label.en) takes it to “\(there.en)”. \(next.en)")
    }
    throw Failure(
      .notAllowed, zh: "\(place.zh) 在「\(here.zh)」,不能转为「\(there.zh)」。\(next.zh)",
      en: "\(place.en) is at “\(here.en)”, from which no step leads to “\(there.en)”. \(next.en)")
  }

  /// "Next: …" with the side that takes each step.
  public func following(_ stage: Stage) -> Label {
    let steps = steps(from: stage)
    if steps.isEmpty { return Label(zh: "没有后续步骤。", en: "No step follows.") }
    return Label(
      zh: "可办:" + steps.map { "\($0.to.rawValue)(\(label($0.to).zh),\($0.by.label.zh))" }.joined(separator: "、"),
      en: "Next: "
        + steps.map { "\($0.to.rawValue) (\(label($0.to).en), by the \($0.by.label.en))" }.joined(separator: ", ")
    )
  }
}

extension Workflow {
  /// The last day of a notice that begins on `start`: the one that is given, or the first that the scheme allows.
  public func noticeEnd(from start: CalendarDay, until given: CalendarDay?, scheme: String) throws(Failure)
    -> CalendarDay
  {
    let days = noticeDays[scheme] ?? 0
    let least = start.after(workingDays: days)
    guard let end = given ?? (days > 0 ? least : nil) else {
      throw Failure(
        .usage, zh: "\(scheme) 没有规定公示期;请用 --until 给出公示结束日期",
        en: "no length of notice is set for \(scheme); give its last day with --until")
    }
    guard end >= least else {
      throw Failure(
        .data, zh: "公示期至少 \(days) 个工作日:自 \(start) 起,notice_to 不能早于 \(least)",
        en: "notice lasts at least \(days) working days: from \(start), notice_to must not be before \(least)")
    }
    return end
  }

  /// The last day of a notice is usable to its end: publication comes after it.
  public func assertNoticeOver(_ end: CalendarDay?, on day: CalendarDay, of place: Label) throws(Failure) {
    guard let end else {
      throw Failure(
        .data, zh: "\(place.zh).notice_to 为空,不知公示何时结束;请先补填",
        en: "\(place.en).notice_to is empty: when the notice ends is not known; fill it in first")
    }
    if day > end { return }
    throw Failure(
      .notAllowed, zh: "\(place.zh) 公示到 \(end) 为止,\(end.adding(1)) 起才能公布",
      en: "\(place.en) is under public notice until \(end); it can be published from \(end.adding(1))")
  }
}

extension Side {
  public var label: Label {
    switch self {
    case .county: Label(zh: "县区", en: "county")
    case .city: Label(zh: "市里", en: "city")
    }
  }
}
