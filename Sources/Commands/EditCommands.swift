import ArgumentParser
import GRDB
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `add RECORD field=value …`
public struct Add<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "add", abstract: words("Add a row. 添加一条记录"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record; `records` lists them. 记录名"))) public var record: String
  @Argument(help: ArgumentHelp(words("field=value … 字段=值"))) public var assignments: [String] = []
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let record = try store.namedRecord(self.record)
      let values = try Assignment.parse(assignments, record: record, language: options.language)
      try refuseApprovals(record, values)
      let completed = try Asking(store: store, record: record, options: options).complete(values)
      try record.refuseMasks(completed)
      let (key, row) = try store.edit(as: options.actor) { db in
        let key = try store.insert(db, record, completed)
        let row = try record.row(db, key: key) ?? []
        try Namesakes(store: store).warnings(db, record, row).forEach(options.tell)
        options.tell(try Reviewer(store).check(db, record, row), about: record, key)
        try store.lockNote(db, record, row).map(options.tell)
        return (key, row)
      }
      options.show(rowJSON(record, row), KeyText.show(key))
    }
  }
}

/// `edit RECORD KEY field=value …`
public struct Edit<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "edit", abstract: words("Change cells of a row. 修改一条记录"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  @Argument(help: ArgumentHelp(words("field=value … 字段=值"))) public var assignments: [String]
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let (record, key) = try row.find(in: store)
      try store.refusePublished(record)
      let values = try Assignment.parse(assignments, record: record, language: options.language)
      try refuseApprovals(record, values)
      let cells = try store.edit(as: options.actor) { db in
        let before = try record.row(db, key: key)
        // A text that is stored may be said again, however it looks.
        try record.refuseMasks(values.filter { $1 != before?[$0] })
        if try store.takeUp(db, record, key: key, values) {
          options.tell(Label(zh: "搁置的修改已重新提出", en: "the parked change is taken up again"))
        } else {
          try store.update(db, record, key: key, values)
        }
        let row = try record.row(db, key: key) ?? []
        options.tell(try Reviewer(store).check(db, record, row, before: before), about: record, key)
        try store.lockNote(db, record, row).map(options.tell)
        return row
      }
      options.show(rowJSON(record, cells), "")
    }
  }
}

/// `delete RECORD KEY`
public struct Delete<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "delete", abstract: words("Delete a row. 删除一条记录"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let (record, key) = try row.find(in: store)
      try store.refusePublished(record)
      try store.edit(as: options.actor) { db in
        if let cells = try record.row(db, key: key) {
          try store.assertNothingOfTheCitys(db, record, key: key, cells)
          try store.lockNote(db, record, cells).map(options.tell)
        }
        try store.delete(db, record, key: key)
      }
      let stays = try store.row(record, key: key) != nil
      if stays {
        options.tell(
          Label(
            zh: "\(record.name) \(KeyText.show(key)) 有市里的记录,已作为退出申请,下次同步时送市里决定",
            en:
              "the city has records of \(record.name) \(KeyText.show(key)): the city is asked to decide, with the next sync"
          ))
      }
      options.show(.object([("record", .string(record.name)), ("key", keyJSON(key)), ("deleted", .bool(!stays))]), "")
    }
  }
}

extension RecordStore {
  /// What the city has filled in of a row would go with it, unasked. Where rows of the city's hang on it, the city is asked.
  fileprivate func assertNothingOfTheCitys(
    _ db: Database, _ record: RecordSchema, key: RowKey, _ row: [Value]
  ) throws {
    guard side == .county, record.owner != .city else { return }
    // A stage says whether a notice holds; why a row was returned, and the approval of another version, confirm nothing.
    var unsaid: Set = ["notice_from", "notice_to", "returned_reason"]
    let approval = record.approval(of: row)
    if let joint = record.rules.joint, approval != .city, approval != .both { unsaid.insert(joint.city) }
    let filled = record.fields.indices.filter { index in
      record.owner(of: index) == .city
        ? !row[index].isNull && !unsaid.contains(record.fields[index].name)
        : record.fields[index].citysChoice(row[index]) != nil
    }
    let children = try children(db, of: record, key: key).filter { $0.count > 0 }
    if filled.isEmpty || children.contains(where: { schema.record($0.record)?.owner == .city }) { return }
    let fields = filled.map { record.fields[$0] }
    let (zh, en) = (fields.map(\.label.zh).joined(separator: "、"), fields.map(\.name).joined(separator: ", "))
    throw Failure(
      .notAllowed, zh: "\(record.name) \(KeyText.show(key)) 有市里填写的内容(\(zh)),删除会一并去掉;请与市里联系",
      en: "the city has filled in \(en) of \(record.name) \(KeyText.show(key)), which would go with it; ask the city")
  }
}

/// An approval names a version; it is given by `approve`.
func refuseApprovals(_ record: RecordSchema, _ values: [Int: Value]) throws {
  guard let joint = record.rules.joint else { return }
  for name in [joint.county, joint.city] where record.index(of: name).map({ values[$0] != nil }) ?? false {
    throw Failure(
      .usage, zh: "\(record.name).\(name):请用 approve \(record.name) 主键",
      en: "\(record.name).\(name): use approve \(record.name) KEY")
  }
}
