import ArgumentParser
import Foundation
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// The flags that every command takes.
public struct CommonOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp(words("The folder of this registry (or COUNTY_HOME, CITY_HOME). 数据目录")))
  public var home: String?

  @Flag(name: .long, help: ArgumentHelp(words("Print one JSON value on stdout. 输出 JSON")))
  public var json = false

  @Option(name: .customLong("actor"), help: ArgumentHelp(words("In whose name. 操作人")))
  public var namedActor: String?

  @Option(name: .long, help: ArgumentHelp(words("zh or en. 语言")))
  public var locale: String?

  @Flag(name: .long, help: ArgumentHelp(words("Show personal data in full. 显示完整个人信息")))
  public var reveal = false

  public init() {}

  /// nil: nobody is named, also where a script's variable is empty.
  public var actor: String? { namedActor.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 } }

  public var language: Language { .from(flag: locale, environment: ownEnvironment) }

  public func homeURL(_ variable: String) throws -> URL {
    guard let path = home ?? ownEnvironment(variable), !path.isEmpty else {
      throw Failure(
        .configuration, zh: "未指定数据目录;请用 --home DIR 或环境变量 \(variable)", en: "no home; give --home DIR or set \(variable)"
      )
    }
    return URL(fileURLWithPath: path, isDirectory: true)
  }

  /// Runs a command and turns a failure into its sentence on stderr and its exit code.
  public func run(_ body: () async throws -> Void) async throws {
    if reveal { tell(Label(zh: "以下显示完整个人信息,请勿外传", en: "personal data is shown in full: keep it to yourself")) }
    do {
      try await Masking.$isOff.withValue(reveal, operation: body)
      try Output.assertWritten()
    } catch let failure as Failure {
      throw say(failure)
    } catch let error where Self.isOurs(error) {
      throw error
    } catch {
      throw say(Failure(.defect, zh: "内部错误:\(error)", en: "a defect of ours: \(error)"))
    }
  }

  private static func isOurs(_ error: any Error) -> Bool {
    error is ExitCode || error is ValidationError || error is CleanExit
  }

  private func say(_ failure: Failure) -> ExitCode {
    tell(failure.message)
    return ExitCode(failure.kind.rawValue)
  }

  /// A message for people. What others typed in it moves no cursor.
  public func tell(_ message: Label) { Output.say(visibleText(message.text(language)) + "\n") }

  /// The result of a command: JSON, or what a person reads.
  public func show(_ json: @autoclosure () -> JSON, _ text: @autoclosure () -> String) {
    let out = self.json ? json().text() : visibleLines(text())
    if !out.isEmpty { Output.put([UInt8]((out + "\n").utf8)) }
  }
}

/// The stamp as ISO 8601 in UTC with milliseconds.
public func isoTime(milliseconds: Int64) -> String { CalendarDay.isoTime(milliseconds: milliseconds) }

/// The row that a command is about.
public struct RowArguments: ParsableArguments {
  @Argument(help: ArgumentHelp(words("A record; `records` lists them. 记录名"))) public var record: String
  @Argument(help: ArgumentHelp(words("The key, or field:value of a unique field. 主键或 唯一字段:值"))) public var key: String

  public init() {}

  public func find(in store: some RecordStore) throws -> (record: RecordSchema, key: RowKey) {
    let record = try store.namedRecord(record)
    return (record, try store.key(key, in: record))
  }
}

extension CommonOptions {
  public func open<P: Program>(_: P.Type) throws -> P.Store { try P.open(home: try homeURL(P.homeVariable)) }
}
