import GRDB
import Presentation
import SQLiteStore
import SyncCore

// What is said of the lines that are taken.
extension ImportJob {
  /// Refuses a line whose row is not to stand, and keeps what `add` and `edit` say of one that is taken.
  /// - Parameters:
  ///   - after: the row that the line has made, or what it has made of one.
  ///   - before: the row as it was; nil: there was none.
  mutating func review(_ db: Database, _ row: ImportRow, _ after: [Value], before: [Value]? = nil) throws {
    for finding in try reviewer.check(db, record, after, before: before) {
      let value = record.index(of: finding.field).map { shown(after[$0], $0) } ?? ""
      notes.append(ImportProblem(line: row.line, column: finding.field, value: value, message: finding.message))
    }
    if before == nil {
      for warning in try namesakes.warnings(db, record, after) {
        notes.append(ImportProblem(line: row.line, column: "", value: "", message: warning))
      }
    }
    if let note = try store.lockNote(db, record, after) { closed[note, default: []].append(row.line) }
  }

  /// Who filled in what another row is called meant one; the reference may be of another.
  mutating func noteUnknown(_ links: [ImportShape.Borrowed], _ row: ImportRow) {
    for link in links {
      let (target, reference) = (link.target, record.fields[link.column].name)
      let value = shape.record.index(of: link.field).flatMap { column in row.values[column].map { shown($0, column) } }
      notes.append(
        ImportProblem(
          line: row.line, column: link.field, value: value ?? "",
          message: Label(
            zh: "没有这样的\(target.label.zh),此单元格未采用,以 \(reference) 为准",
            en: "there is no such \(target.name); this cell is not taken, \(reference) is")))
    }
  }

  /// A period is told once, however many lines are of it.
  var closedNotes: [ImportProblem] {
    closed.sorted { $0.value[0] < $1.value[0] }.map { note, lines in
      let count = lines.count
      let message =
        count == 1 ? note : Label(zh: note.zh + "(共 \(count) 行)", en: note.en + " (\(count) lines)")
      return ImportProblem(line: lines[0], column: "", value: "", message: message)
    }
  }
}
