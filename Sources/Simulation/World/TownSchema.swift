/// Every policy and every rule of rows, in few and small records.
let townSchema = """
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
