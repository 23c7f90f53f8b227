/// The last version of the town's schema.
let lastSchema = 3

/// Every policy and every rule of rows, in few and small records. Version 2 adds fields, 3 a record and wider checks.
func townSchema(_ version: Int, _ breadth: Climate.Breadth) -> String {
  var yaml = firstSchema.replacing("version: 1", with: "version: \(version)")
  if breadth >= .wide {
    for (field, more) in wider { yaml = yaml.replacing(field, with: field + more) }
    yaml += "\n" + widerRecords
  }
  if breadth >= .whole {
    for (text, more) in whole { yaml = yaml.replacing(text, with: text + more) }
    yaml += "\n" + wholeRecords
  }
  if version >= 2 {
    let grade = "      grade: {owner: city}"
    let more = "      fax: {policy: latest}\n      debt: {type: integer, policy: sum}"
    yaml = yaml.replacing(grade, with: grade + "\n" + more)
    yaml = yaml.replacing("[id, code, name, office]", with: "[id, code, name, office, fax]")
  }
  if version >= 3 {
    yaml = yaml.replacing("staff: {type: integer, min: 0}", with: "staff: {type: integer, min: -9}") + "\n" + permits
  }
  return yaml
}

/// What a wide schema adds to fields and rules.
private let wider = [
  (
    "      staff: {type: integer, min: 0}",
    """

          parent: {references: company.id, weak: true}
          score: {type: real}
          founded: {type: date, policy: latest}
          listed: {type: boolean}
    """
  ),
  ("values: [closed]", ", except: {record: excuse, until: until}"),
  ("days: {type: integer, policy: sum}", ", host: {references: company.id, weak: true, policy: latest}"),
]

private let widerRecords = """
    excuse:
      key: [period, office]
      scope: {field: office}
      owner: city
      fields:
        period: {type: integer, references: period.year}
        office: {references: office.code}
        until: {type: date, required: true}
    claim:
      key: id
      scope: {via: company}
      edits: propose
      unique: [[company, scheme]]
      fields:
        id:
        company: {required: true, references: company.id}
        scheme: {required: true, values: [gold, silver]}
        stage: {values: {draft: Draft, review: Review, notice: {zh: 公示, en: Notice, owner: city}}}
        note: {policy: latest}
    award:
      key: id
      scope: {via: company}
      owner: city
      edits: propose
      unique: [[company, scheme]]
      fields:
        id:
        company: {required: true, references: company.id}
        scheme: {required: true, values: [gold, silver]}
        claim: {references: claim.id, weak: true}
        level: {type: integer}
    mark:
      key: id
      scope: {via: company}
      unique: [[kind, number]]
      fields:
        id:
        company: {required: true, references: company.id}
        kind: {required: true, values: [patent, design]}
        number: {type: integer}
        holder: {required: true, references: company.id, weak: true}
  """

/// What a whole one adds to it.
private let whole = [
  ("units: office.code", "\nsuccessor: successor"),
  ("fields: {code: , name: ", ", successor: {references: office.code}"),
  (
    "score: {type: real}",
    "\n      best: {type: real, policy: max}\n      serial: {type: uuid, policy: latest}"
  ),
]

private let wholeRecords = """
    ledger:
      key: [office, year]
      scope: {field: office}
      fields:
        office: {references: office.code}
        year: {type: integer}
        amount: {type: money, policy: sum}
        note:
    entry:
      key: id
      scope: {via: company}
      edits: propose
      joint: {county: county_ok, city: city_ok}
      fields:
        id: {type: uuid}
        company: {required: true, references: company.id}
        reason: {policy: text}
        county_ok: {policy: latest}
        city_ok: {owner: city, policy: latest}
  """

private let permits = """
    permit:
      key: id
      scope: {via: company}
      fields: {id: , company: {required: true, references: company.id}, note: }
  """

private let firstSchema = """
  schema: town
  version: 1
  title: Town
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: , name: }}
    period:
      key: year
      owner: city
      fields: {year: {type: integer}, state: {values: [open, closed]}}
    company:
      key: id
      scope: {field: office}
      edits: propose
      decides: owner
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
        name:
        phone: {policy: latest}
        address: {policy: county}
        industry: {policy: city}
        first: {type: integer, policy: min}
        peak: {type: integer, policy: max}
        total: {type: integer, policy: sum}
        tags: {policy: union}
        memo: {policy: text}
        staff: {type: integer, min: 0}
        grade: {owner: city}
    stub:
      key: id
      projects: {record: company, fields: [id, code, name, office]}
    figure:
      key: [company, year]
      scope: {via: company}
      locked_by: {record: period, key: [year], field: state, values: [closed]}
      fields:
        company: {references: company.id}
        year: {type: integer}
        sales: {type: integer}
        note: {policy: latest}
    visit:
      key: id
      scope: {via: company}
      delete: remove
      fields: {id: , company: {required: true, references: company.id}, note: , days: {type: integer, policy: sum}}
    remark:
      key: id
      scope: {via: visit}
      append: true
      fields: {id: , visit: {required: true, references: visit.id}, note: }
    task:
      key: id
      scope: {field: office}
      delete: keep
      fields: {id: , office: {required: true, references: office.code}, title: , owner: {unique: true}}
    person:
      key: id
      scope: {field: office}
      decides: owner
      fields:
        id:
        office: {required: true, references: office.code}
        name: {restricted: true}
        mobile: {restricted: true, policy: latest}
        note:
  """
