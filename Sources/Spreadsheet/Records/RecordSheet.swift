import Presentation
import SyncCore

/// Rows of a record as a workbook that people edit and import again.
public enum RecordSheet {
  /// Importing the result gives the same values (`ImportFile.read`). Cells of a row stand in the order of the record's
  /// fields. Throws `.data` that names the cell which no sheet can hold.
  /// - Parameter hiding: fields that nobody need see; they go along when rows are sorted.
  public static func export(
    _ record: RecordSchema, rows: [[Value]], language: Language, hiding hidden: Set<String> = []
  ) throws(Failure) -> [UInt8] {
    let columns = record.fields.indices.map { RecordColumn(record, $0, language) }
    let cells = rows.map { row in zip(columns, row).map { $0.cell($1) } }
    var headings = columns.map { $0.heading(choices: []) }
    for (index, field) in record.fields.enumerated() where hidden.contains(field.name) {
      headings[index].isHidden = true
      headings[index].comment = nil
    }
    let sheet = Workbook.Sheet(record.label.text(language), columns: headings, rows: cells, hasFilter: true)
    var described = record
    described.fields.removeAll { hidden.contains($0.name) }
    return try XLSXWriter.bytes(Workbook(sheets: [sheet, instructions(described, language)]))
  }

  /// An empty sheet to fill in, and one that explains it. `omitting` names fields that fill themselves; `units` are the
  /// codes that fields which refer to the list of org units offer.
  public static func template(
    _ record: RecordSchema, language: Language, omitting: Set<String> = [],
    units: (reference: Reference, codes: [String])? = nil
  ) throws(Failure) -> [UInt8] {
    let shown = record.fields.indices.filter { !omitting.contains(record.fields[$0].name) }
    let columns = shown.map { index in
      let isUnit = units != nil && record.fields[index].reference == units?.reference
      return RecordColumn(record, index, language).heading(choices: isUnit ? units?.codes ?? [] : [])
    }
    let sheet = Workbook.Sheet(record.label.text(language), columns: columns, rows: [])
    var described = record
    described.fields = shown.map { record.fields[$0] }
    return try XLSXWriter.bytes(Workbook(sheets: [sheet, instructions(described, language)]))
  }

  private static func instructions(_ record: RecordSchema, _ language: Language) -> Workbook.Sheet {
    FieldGuide.sheet(record, language)
  }
}
