import SchemaFile
import SyncCore

/// A schema that uses every row rule and every policy that computes.
let ruledSchemaYAML = """
  schema: 报表
  version: 1
  units: unit.code
  successor: 承接
  records:
    report:
      key: [org, year, quarter]
      scope: {field: org}
      delete: keep
      locked_by:
        record: period
        key: [year, quarter]
        field: state
        values: [locked, closed]
      decides: owner
      joint: {county: county_ok, city: city_ok}
      fields:
        org: {references: unit.code}
        year: {type: integer}
        quarter: {type: date}
        jobs: {type: integer, min: 0, policy: sum}
        spent: {type: money, policy: sum}
        tags: {max_length: 1000, policy: union}
        note: {policy: text}
        county_ok: {policy: latest}
        city_ok: {owner: city, policy: latest}
    visit:
      key: id
      append: true
      delete: remove
      locked_by: {record: day, key: on, field: state, values: shut}
      fields: {id: {type: uuid}, on: {required: true}}
    period:
      key: [year, quarter]
      owner: city
      fields:
        year: {type: integer}
        quarter: {type: date}
        state: {values: [open, locked, closed]}
    day: {key: day, owner: city, fields: {day: {type: date}, state: }}
    unit: {key: code, owner: city, fields: {code: , 承接: {references: unit.code}}}
  """

extension Schema {
  static func ruled() throws -> Schema { try SchemaFile.read(ruledSchemaYAML) }
}
