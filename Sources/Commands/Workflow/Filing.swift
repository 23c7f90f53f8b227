import GRDB
import Presentation
import Registry
import Reports
import SQLiteStore
import SyncCore
import SyncProtocol

/// A row on its way from stage to stage.
struct Filing<Store: RecordStore> {
  let store: Store
  let workflow: Workflow
  let record: RecordSchema
  let key: RowKey
  let row: [Value]
  let stage: Stage

  /// What a step did, with cells and keys that scripts may want.
  struct Taken {
    var from, to: Stage
    var details: [(key: String, value: Value)] = []
    /// Of an application that goes to be reviewed.
    var assessment: Assessment?
  }

  init(_ db: Database, _ store: Store, _ workflow: Workflow, _ record: RecordSchema, _ key: RowKey) throws {
    guard let row = try record.row(db, key: key) else { throw store.missing(record, key) }
    guard let stage = Workflow.stage(record.value("stage", of: row)) else {
      throw Failure(
        .data, zh: "\(record.name) \(KeyText.show(key)).stage 的值不在流程中;请先更正",
        en: "\(record.name) \(KeyText.show(key)).stage is no stage of the workflow; correct it first")
    }
    self.store = store
    self.workflow = workflow
    self.record = record
    self.key = key
    self.row = row
    self.stage = stage
  }

  /// Names the whole row as it stands.
  var version: String { String(sha256(RowKey(row).encoded).hex.prefix(32)) }

  var otherVersion: Failure {
    Failure(
      .data, zh: "\(place.zh) 已是另一版本 \(version);请重新查看", en: "\(place.en) is at version \(version) now; look again first"
    )
  }

  private var place: Label {
    let key = KeyText.show(key)
    return Label(zh: "\(record.label.zh)(\(record.name))\(key)", en: "\(record.name) \(key)")
  }

  /// Takes the step with all that it brings, or nothing. Inside `edit`.
  func take(_ db: Database, to: Stage, _ details: StepDetails) throws -> Taken {
    let step = try workflow.step(from: stage, to: to, by: store.side, of: place)
    if step.needsReason, details.reason == nil {
      let there = workflow.label(to)
      throw Failure(
        .usage, zh: "转为「\(there.zh)」须说明理由;请加 --reason", en: "“\(there.en)” must say why; add --reason")
    }
    try assertUsed(details, to)
    var cells = try record.cells(["stage": .text(to.rawValue)])
    if let reason = details.reason { cells.merge(try record.cells(["reason": .text(reason)])) { $1 } }
    var taken = Taken(from: stage, to: to)
    if record.name == "application", to == .county || to == .city { taken.assessment = try assess(db, &cells) }
    if to == .notice, workflow.keepsNotice { try announce(details, &cells, &taken) }
    if to == .published {
      if workflow.keepsNotice {
        try workflow.assertNoticeOver(record.day("notice_to", of: row), on: details.on, of: place)
      }
      if workflow.gain == .confirmation { try confirm(details, &cells, &taken) }
    }
    try store.update(db, record, key: key, cells)
    if to == .published, workflow.gain == .recognition { try recognise(db, details, &taken) }
    return taken
  }

  /// An option that would be lost is refused.
  private func assertUsed(_ details: StepDetails, _ to: Stage) throws {
    let recognises = to == .published && workflow.gain == .recognition
    let wrong =
      details.until != nil && !(to == .notice && workflow.keepsNotice)
      ? "--until"
      : details.certNo != nil && !recognises ? "--cert-no" : details.validTo != nil && !recognises ? "--valid-to" : nil
    guard let wrong else { return }
    let there = workflow.label(to)
    throw Failure(
      .usage, zh: "\(record.label.zh)转为「\(there.zh)」时不用 \(wrong)",
      en: "\(wrong) has no place when \(record.name) goes to “\(there.en)”"
    )
  }

  /// What is reviewed is what the records say on this day, not on that of the draft. Where no rule holds in the year there
  /// is nothing to say.
  private func assess(_ db: Database, _ cells: inout [Int: Value]) throws -> Assessment? {
    let enterprise = try store.enterprise(db, RowKey([record.value("enterprise_id", of: row)]))
    guard case .integer(let year) = record.value("year", of: row), let scheme = record.text("scheme", of: row) else {
      return nil
    }
    do {
      let found = try store.selfAssessment(db, of: enterprise, as: scheme, year: year)
      guard let assessment = found else { return nil }
      cells.merge(
        try record.cells(["rule_version": .text(assessment.rule), "assessment": .text(assessment.kept)])
      ) { $1 }
      return assessment
    } catch let failure as Failure where failure.kind == .notFound { return nil }
  }

  private func announce(_ details: StepDetails, _ cells: inout [Int: Value], _ taken: inout Taken) throws {
    let end = try workflow.noticeEnd(
      from: details.on, until: details.until, scheme: record.text("scheme", of: row) ?? "")
    cells.merge(try record.cells(["notice_from": Value(details.on), "notice_to": Value(end)])) { $1 }
    taken.details = [("notice_from", Value(details.on)), ("notice_to", Value(end))]
  }

  private func confirm(_ details: StepDetails, _ cells: inout [Int: Value], _ taken: inout Taken) throws {
    cells.merge(try record.cells(["confirmed": .integer(1), "confirmed_year": .integer(details.on.year)])) { $1 }
    taken.details = [("confirmed_year", .integer(details.on.year))]
  }

  /// The certificate keeps the name of its day.
  private func recognise(_ db: Database, _ details: StepDetails, _ taken: inout Taken) throws {
    let owner = record.value("enterprise_id", of: row)
    if let validTo = details.validTo, validTo < details.on {
      throw Failure(
        .data, zh: "--valid-to:\(validTo) 早于认定日期 \(details.on)",
        en: "--valid-to: \(validTo) is before the recognition of \(details.on)")
    }
    let enterprise = try store.enterprise(db, RowKey([owner]))
    let scheme = record.text("scheme", of: row) ?? ""
    let former = try db.first("SELECT \(formerName(of: "?1", on: "?2"))", [owner, Value(details.on)])?.first ?? .null
    let name = former.isNull ? .text(enterprise.name) : former
    let recognition = try store.add(
      db, "recognition",
      [
        "enterprise_id": owner, "scheme": .text(scheme), "year": record.value("year", of: row),
        "recognised_on": Value(details.on), "cert_no": Value(details.certNo), "name_at_time": name,
        "valid_to": Value(details.validTo), "application_id": key.values.first ?? .null,
      ])
    try store.note(
      db,
      StatusChange(
        scheme, .entry, from: nil, to: "recognised", on: details.on, reason: details.reason, docNo: details.certNo),
      of: owner)
    taken.details = [("recognition", recognition.values.first ?? .null), ("recognised_on", Value(details.on))]
  }
}
