// A projection shows chosen fields of another record to more people than may see its rows. Nobody writes it: the master
// makes its rows from those of the other record. The names of its fields are those of the fields that it shows.

extension Schema {
  /// The records that show fields of this one.
  public func projections(of record: RecordSchema) -> [RecordSchema] { records.filter { $0.projects == record.name } }
}

extension RecordSchema {
  /// The row that shows this row of the other record.
  public func projected(_ source: RecordSchema, _ image: [Value]) -> [Value] {
    fields.map { field in source.index(of: field.name).map { image[$0] } ?? .null }
  }
}

extension Field {
  /// This field as a projection has it: its values, and nothing by which it would ask for other rows.
  public var shown: Field {
    var choices = check.values
    for index in (choices ?? []).indices { choices?[index].owner = nil }
    return Field(name: name, label: label, kind: kind, required: required, check: Check(values: choices))
  }
}
