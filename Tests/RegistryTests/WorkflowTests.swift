import SyncCore
import Testing

@testable import Registry

@Suite struct WorkflowTests {
  static let records = [
    "application", "product", "key_technology", "rd_institution", "carrier", "park", "project", "cluster",
  ]
  /// Each step as `from to side`, `!` where it must say why. Everything that is not here is refused.
  static let allowed = [
    "draft county county", "county draft county", "county city county", "returned draft county",
    "returned county county", "city notice city", "city returned city !", "notice returned city !",
    "notice published city",
  ]
  /// What needs no public notice may be published at once.
  static let direct = "city published city"

  private func workflow(_ record: String) throws -> Workflow {
    let schema = try #require(try Registry.schema().record(record))
    return try #require(try Registry.workflow(of: schema))
  }

  @Test("Every record, every stage to every other, either side", arguments: records)
  func steps(record: String) throws {
    let workflow = try workflow(record)
    let allowed = Self.allowed + (record == "application" ? [] : [Self.direct])
    var taken: [String] = []
    for from in Stage.allCases {
      for to in Stage.allCases {
        for side in [Side.county, .city] {
          let name = "\(from) \(to) \(side)"
          do {
            let step = try workflow.step(from: from, to: to, by: side, of: Label(zh: "甲", en: "row A"))
            taken.append(name + (step.needsReason ? " !" : ""))
          } catch {
            #expect(error.kind == .notAllowed)
            #expect(error.message.en.hasPrefix("row A is at “\(workflow.label(from).en)”"), "\(error.message.en)")
            #expect(error.message.zh.hasPrefix("甲 在「\(workflow.label(from).zh)」"), "\(error.message.zh)")
          }
        }
      }
    }
    #expect(taken.sorted() == allowed.sorted())
    #expect(workflow.gain == (record == "application" ? .recognition : .confirmation))
    #expect(workflow.keepsNotice == (record == "application"))
  }

  @Test("A refusal says who may and what can follow")
  func refusals() throws {
    let workflow = try workflow("application")
    let place = Label(zh: "申报甲", en: "application A")
    let wrongSide = #expect(throws: Failure.self) {
      try workflow.step(from: .city, to: .notice, by: .county, of: place)
    }
    #expect(
      wrongSide?.message.en == "application A is at “City review”: only the city takes it to “Public notice”. "
        + "Next: notice (Public notice, by the city), returned (Returned, by the city)")
    #expect(wrongSide?.message.zh.contains("只有市里可以转为「公示」。可办:notice(公示,市里)、returned(退回,市里)") == true)
    let none = #expect(throws: Failure.self) { try workflow.step(from: .published, to: .draft, by: .city, of: place) }
    #expect(none?.message.en.hasSuffix("from which no step leads to “Draft”. No step follows.") == true)
  }

  @Test("Exactly the records with a stage have a workflow; a cell without one is a draft")
  func whichRecords() throws {
    let schema = try Registry.schema()
    let staged = schema.records.filter { $0.field("stage") != nil }.map(\.name)
    #expect(Set(staged) == Set(Self.records))
    #expect(Set(try Registry.workflowFile().records.map(\.name)) == Set(Self.records))
    #expect(try schema.record("enterprise").flatMap { try Registry.workflow(of: $0) } == nil)
    #expect(Workflow.stage(.null) == .draft && Workflow.stage(.text("notice")) == .notice)
    #expect(Workflow.stage(.text("gone")) == nil && Workflow.stage(.integer(1)) == nil)
    let workflow = try workflow("park")
    #expect(workflow.stage(named: "公示") == .notice && workflow.stage(named: "City review") == .city)
    #expect(workflow.stage(named: "x") == nil)
    // Every scheme with a length of notice is one that can be applied for.
    let schemes = schema.record("application")?.field("scheme")?.check.values?.map(\.value) ?? []
    #expect(Set(try self.workflow("application").noticeDays.keys).isSubset(of: schemes))
  }

  @Test("A schema whose stages lack one is refused")
  func otherStages() throws {
    var record = try #require(try Registry.schema().record("park"))
    let index = try #require(record.index(of: "stage"))
    record.fields[index].check.values?.removeLast()
    let failure = #expect(throws: Failure.self) { try Registry.workflow(of: record) }
    #expect(failure?.kind == .configuration)
  }

  @Test("Notice lasts ten working days for a tech SME; publication comes after its last day")
  func notice() throws {
    let workflow = try workflow("application")
    func day(_ text: String) throws -> CalendarDay { try #require(CalendarDay(text)) }
    // Friday: the ten days are Monday to Friday, twice.
    let start = try day("2018-06-01")
    #expect(try workflow.noticeEnd(from: start, until: nil, scheme: "tech_sme").description == "2018-06-15")
    #expect(try workflow.noticeEnd(from: start, until: day("2018-06-20"), scheme: "tech_sme") == day("2018-06-20"))
    let early = #expect(throws: Failure.self) {
      try workflow.noticeEnd(from: start, until: day("2018-06-14"), scheme: "tech_sme")
    }
    #expect(early?.kind == .data && early?.message.en.contains("must not be before 2018-06-15") == true)
    let open = #expect(throws: Failure.self) { try workflow.noticeEnd(from: start, until: nil, scheme: "small_giant") }
    #expect(open?.kind == .usage)
    #expect(try workflow.noticeEnd(from: start, until: start, scheme: "small_giant") == start)
    #expect(throws: Failure.self) {
      try workflow.noticeEnd(from: start, until: start.adding(-1), scheme: "small_giant")
    }

    let place = Label(zh: "甲", en: "row A")
    try workflow.assertNoticeOver(start, on: start.adding(1), of: place)
    let tooEarly = #expect(throws: Failure.self) { try workflow.assertNoticeOver(start, on: start, of: place) }
    #expect(tooEarly?.kind == .notAllowed)
    #expect(
      tooEarly?.message.en == "row A is under public notice until 2018-06-01; it can be published from 2018-06-02")
    let unknown = #expect(throws: Failure.self) { try workflow.assertNoticeOver(nil, on: start, of: place) }
    #expect(unknown?.kind == .data)
  }
}

@Suite struct WorkflowFileTests {
  private static let yaml = String(decoding: PackageResources.workflows_yaml, as: UTF8.self)

  static let broken: [(old: String, new: String, reason: String)] = [
    (
      "{from: draft, to: county, by: county}", "{from: draft, to: county}",
      "line 3, please correct it: workflows.steps: by"
    ),
    ("{from: draft, to: county, by: county}", "{from: drft, to: county, by: county}", "from is one of draft, county"),
    ("{from: draft, to: county, by: county}", "{from: draft, to: gone, by: county}", "to is one of"),
    ("{from: draft, to: county, by: county}", "{from: draft, to: county, by: bank}", "by is county or city"),
    ("{from: draft, to: county, by: county}", "{from: draft, to: draft, by: county}", "is no step, or is there twice"),
    ("{from: draft, to: county, by: county}", "{from: county, to: city, by: city}", "is there twice"),
    ("{from: draft, to: county, by: county}", "{from: draft, to: county, by: county, why: x}", "unknown key why"),
    ("reason: true}", "reason: false}", "reason is true or left out"), ("steps:", "stages:", "unknown key stages"),
    ("gives: recognition", "gives: money", "gives is one of recognition, confirmation, not money"),
    (
      "    notice: required", "    notice: maybe",
      "line 16, please correct it: workflows.records.application: notice is required"
    ),
    ("    notice: required", "    notice: optional", "an optional notice has no length"),
    ("{tech_sme: 10}", "{tech_sme: 0}", "tech_sme is no whole number from 1"), ("records:", "records: {", "no YAML"),
    ("    gives: recognition\n", "", "gives is missing"),
  ]

  @Test("A malformed file is refused with the line and the reason", arguments: broken)
  func refused(old: String, new: String, reason: String) throws {
    let pieces = Self.yaml.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(pieces.count == 2, "\(old) is not in the file")
    let failure = #expect(throws: Failure.self) { try WorkflowFile(pieces.joined(separator: new)) }
    #expect(failure?.kind == .defect)
    #expect(failure?.message.en.contains(reason) == true, "\(failure?.message.en ?? "")")
  }
}

@Suite struct CalendarDayTests {
  @Test(
    "Days are read and written, and counted from 1970",
    arguments: [
      ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2018-06-04", 17_686), ("2100-03-01", 47_541),
      ("0001-01-01", -719_162), ("9999-12-31", 2_932_896),
    ] as [(String, Int64)])
  func numbers(text: String, number: Int64) {
    #expect(CalendarDay(text)?.number == number)
    #expect(CalendarDay(number: number).description == text)
  }

  @Test(
    "What is no day",
    arguments: [
      "", "2018-02-29", "2018-13-01", "2018-00-10", "2018-04-31", "2018-1-1", "18-01-01", "2018/01/01", "2018-01-01 ",
      "2018-+1-01", "-001-01-01", "２０１８-01-01",
    ])
  func wrong(text: String) { #expect(CalendarDay(text) == nil) }

  @Test("Every day of four centuries follows the one before it")
  func order() {
    for number in -60_000..<100_000 as Range<Int64> {
      let day = CalendarDay(number: number)
      #expect(CalendarDay(day.description) == day)
    }
  }

  @Test("The day in China, and working days")
  func china() {
    #expect(CalendarDay(inChinaAt: 1_528_127_999_999).description == "2018-06-04")
    #expect(CalendarDay(inChinaAt: 1_528_128_000_000).description == "2018-06-05")
    #expect(CalendarDay(inChinaAt: -28_800_001).description == "1969-12-31")
    let week = (0..<7).map { CalendarDay(number: 17_686 + $0).isWorkingDay }
    #expect(week == [true, true, true, true, true, false, false])
    #expect(CalendarDay("2018-06-02")?.after(workingDays: 1).description == "2018-06-04")
    #expect(CalendarDay("2018-06-04")?.after(workingDays: 0).description == "2018-06-04")
  }
}
