import Presentation
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

@testable import Commands

private let schema = """
  schema: visits
  version: 1
  title: Visits
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: }
    stub:
      key: id
      projects: {record: company, fields: [id, code]}
    company:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
    visit:
      key: id
      scope: {field: office}
      fields:
        id:
        office: {required: true, references: office.code}
        company: {references: company.id, weak: true}
  """

@Suite struct ImportShapeTests {
  @Test("What lies out of scope is listed once, however many lines name it, and each line is looked up once")
  func looksUpOnce() async throws {
    for count in [2, 30] {
      let world = try World(schema: schema, seed: [("office", [[.text("A"), .null], [.text("B"), .null]])])
      let (a, b) = (try await world.join("A"), try await world.join("B"))
      for n in 1...count { try world.shell(b, "INSERT INTO company VALUES ('b\(n)', 'B', 'Y\(n)')") }
      try await world.settle()
      let visit = try a.record("visit")
      let shape = ImportShape(visit, a.schema)
      let code = try #require(shape.record.index(of: "code"))
      var job = ImportJob(store: a, shape: shape)
      let trace = try Trace(of: a)
      try a.edit(as: nil) { db in
        for n in 1...count {
          let values: [Int: Value] = [0: .text("v\(n)"), 1: .text("A"), code: .text("Y\(n)")]
          try job.take(db, ImportRow(line: n + 1, columns: [0, 1, code], values: values))
        }
      }
      #expect(job.problems.isEmpty && job.added == count, "\(job.problems)")
      #expect(trace.statements(with: "FROM \"stub\"").count == 1)
      #expect(trace.statements(with: "FROM \"company\" WHERE \"code\" = ?").count == count)
      #expect(try Set(a.rows(visit).map { $0[2] }) == Set((1...count).map { Value.text("b\($0)") }))
      try await world.settle()
    }
  }
}
