import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import Registry
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// `city init --home DIR [--schema FILE]`
struct CityInit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: words("Create a master: the registry's schema and first rows, or any other schema. 建立主库"))
  @OptionGroup var options: CommonOptions
  @Option(
    help: ArgumentHelp(words("A schema (YAML) of an application of your own: a file, or a folder of files. 模式文件或目录")))
  var schema: String?
  @Option(help: ArgumentHelp(words("A PostgreSQL URL; not supported yet. 数据库地址"))) var database: String?

  func run() async throws {
    try await options.run {
      if database != nil {
        throw Failure(
          .configuration, zh: "目前只支持 SQLite 主库;请去掉 --database", en: "only SQLite masters so far; leave --database out")
      }
      let home = try options.homeURL(CityProgram.homeVariable)
      let schema = try SchemaSource.read(schema)
      let seed = self.schema == nil ? try Registry.seed(on: CalendarDay(inChinaAt: systemClock())) : []
      try Home.create(home)
      let path = CityProgram.masterURL(home).path
      guard !FileManager.default.fileExists(atPath: path) else {
        throw Failure(.data, zh: "\(home.path) 已有主库", en: "\(home.path) holds a master already; use another --home")
      }
      let master = try Master.create(
        path: path, key: try Home.signingKey(CityProgram.keyURL(home), CityProgram.lostKey), schema: schema,
        schemaText: try SchemaFile.canonicalJSON(schema), seed: seed, actor: options.actor ?? "city",
        formats: Registry.formats)
      let rows = seed.reduce(0) { $0 + $1.rows.count }
      options.show(
        .object([
          ("schema", .string(master.schema.name)), ("records", .integer(Int64(master.schema.records.count))),
          ("rows", .integer(Int64(rows))), ("city_key", .string(master.key.publicKey.bytes.hex)),
        ]),
        Label(
          zh: "已建立主库:\(master.schema.title.zh),\(master.schema.records.count) 种记录,\(rows) 条初始数据",
          en: "master created: \(master.schema.title.en), \(master.schema.records.count) records, \(rows) first rows"
        ).text(options.language))
    }
  }
}

/// `city enroll --home DIR --org CODE`
struct Enroll: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enroll", abstract: words("A one-time code for one machine of an org unit, valid for seven days. 登记码"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("The org unit's code. 单位编码"))) var org: String

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let (code, expiresAt) = try master.enrol(org: org)
      let expires = isoTime(milliseconds: expiresAt)
      options.show(
        .object([("code", .string(code.description)), ("org", .string(org)), ("expires_at", .string(expires))]),
        code.description)
    }
  }
}
