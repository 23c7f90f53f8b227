import Presentation
import Reports
import SyncCore
import Testing

@Suite struct ActivitiesTests {
  @Test("Events of the year until the day, with people and enterprises; staff training is one kind")
  func events() throws {
    let town = try Records()
    try town.enterprise(1, "甲公司")
    try town.enterprise(2, "乙公司")
    let events: [(Int, String, String, Value)] = [
      (10, "matching", "2018-03-01", 40), (11, "matching", "2018-06-30", .null),
      (12, "staff_training", "2018-01-01", 25),
      (13, "matching", "2018-07-01", 9), (14, "matching", "2017-12-31", 9),
    ]
    for (number, kind, day, people) in events {
      try town.add(
        "event",
        [
          "id": id(number), "owner_org": "320706", "kind": .text(kind), "title": "活动", "held_on": .text(day),
          "people": people,
        ])
    }
    for (event, enterprise) in [(10, 1), (10, 2), (11, 1), (13, 1)] {
      try town.add("attendance", ["event_id": id(event), "enterprise_id": id(enterprise)])
    }
    let report = try town.draw(ActivitiesReport.self, on: "2018-06-30")
    let kinds = try report.rows("event_kinds", "kind", "count", "people", "attendances", "enterprises")
    #expect(kinds.contains("上下游对接 2 40 3 2") && kinds.contains("工作人员培训 1 25 0 0") && kinds.count == 6)
    #expect(
      try report.rows("events", "county", "kind", "count", "attendances") == ["海州区 上下游对接 2 3", "海州区 工作人员培训 1 0"])
  }

  @Test("Services by kind, measures, confirmed cases, providers that still work, consultations with late decisions")
  func others() throws {
    let town = try Records()
    try town.enterprise(1, "甲公司")
    for (number, accepted) in [(10, 1), (11, .null)] as [(Int, Value)] {
      try town.add(
        "service_record",
        ["id": id(number), "enterprise_id": id(1), "kind": "legal", "given_on": "2018-02-01", "accepted": accepted])
    }
    try town.add("county_measure", ["id": id(20), "owner_org": "320722", "title": "培育办法"])
    for (number, confirmed) in [(30, 1), (31, 0)] as [(Int, Value)] {
      try town.add(
        "model_case",
        ["id": id(number), "enterprise_id": id(1), "title": .text("典型\(number)"), "year": 2018, "confirmed": confirmed])
    }
    for (number, closed) in [(40, Value.null), (41, "2018-06-30")] {
      try town.add(
        "service_provider", ["id": id(number), "name": .text("机构\(number)"), "kind": "legal", "closed_on": closed])
    }
    try town.add("meeting", ["id": id(50), "held_on": "2018-05-01", "topic": "入库"])
    try town.add("meeting", ["id": id(51), "held_on": "2018-06-01", "topic": "无决定"])
    for (item, due) in [(1, "2018-06-29"), (2, "2018-06-30")] as [(Value, Value)] {
      try town.add(
        "meeting_decision",
        ["meeting_id": id(50), "item": item, "subject": "名单", "outcome": "同意", "due_on": due])
    }
    let report = try town.draw(ActivitiesReport.self, on: "2018-06-30")
    #expect(try report.rows("services", "kind", "count", "enterprises", "accepted", "purchased")[0] == "法律辅导 2 1 1 0")
    #expect(try report.rows("measures", "county", "title") == ["东海县 培育办法"])
    #expect(try report.rows("cases", "enterprise", "title") == ["甲公司 典型30"])
    #expect(try report.rows("providers", "kind", "name") == ["法律 机构40"])
    #expect(
      try report.rows("consultations", "topic", "item", "days_late") == ["入库 1 1", "入库 2 -", "无决定 - -"])
  }
}
