import Foundation
import Presentation
import SyncCore
import Testing

@testable import Spreadsheet

private let sharedFolder = ProcessInfo.processInfo.environment["SPREADSHEETS"]

/// Half of `Tools/check-spreadsheets`, which another program stands between. Enabled by it only.
@Suite(.enabled(if: sharedFolder != nil, "Tools/check-spreadsheets runs this"))
struct OtherProgramsTests {
  /// Carriage returns, control characters, and escapes of cells that overlap do not survive in LibreOffice, whoever
  /// wrote them; the rest must.
  private static let rows: [[Value]] = RecordSheetTests.values.flatMap { name, values in
    values.filter { !isLost($0) }.map { Sample.row(["id": .integer(7)].merging([name: $0]) { $1 }) }
  }

  private static func isLost(_ value: Value) -> Bool {
    guard case .text(let text) = value else { return false }
    if text.contains("_x005F_x") || text.contains("_x0041_x") { return true }
    return text.unicodeScalars.contains {
      $0.value < 0x20 && $0 != "\n" && $0 != "\t" || $0.value >= 0xfffe && $0.value < 0x10000
    }
  }

  /// What came back of a workbook; nil while the other program has not had it yet, and then it is written.
  private func returned(_ name: String, _ ours: [UInt8]) throws -> [UInt8]? {
    let folder = URL(fileURLWithPath: try #require(sharedFolder))
    let theirs = folder.appendingPathComponent("theirs")
    if FileManager.default.fileExists(atPath: theirs.path) {
      return [UInt8](try Data(contentsOf: theirs.appendingPathComponent(name)))
    }
    try Data(ours).write(to: folder.appendingPathComponent("ours").appendingPathComponent(name))
    return nil
  }

  @Test(arguments: Language.allCases)
  func everyValueSurvives(language: Language) throws {
    let ours = try RecordSheet.export(Sample.record, rows: Self.rows, language: language)
    guard let theirs = try returned("rows-\(language.rawValue).xlsx", ours) else { return }
    let read = try ImportFile.read(theirs, record: Sample.record)
    #expect(read.count == Self.rows.count)
    #expect(read.flatMap(\.problems) == [])
    for (row, expected) in zip(read, Self.rows) {
      let kept = Dictionary(uniqueKeysWithValues: expected.enumerated().filter { !$1.isNull }.map { ($0, $1) })
      #expect(row.values == kept)
    }
  }

  @Test func templatesAndReportsStayReadable() throws {
    let files = [
      "template.xlsx": try RecordSheet.template(Sample.record, language: .zh),
      "report.xlsx": try ReportSheet.workbook(ReportSheetTests.report, language: .zh),
    ]
    for (name, ours) in files {
      guard let theirs = try returned(name, ours) else { continue }
      for sheet in try XLSXFile.sheets(ours) {
        #expect(try XLSXFile.read(theirs, sheet: sheet).plain == XLSXFile.read(ours, sheet: sheet).plain)
      }
    }
  }
}
