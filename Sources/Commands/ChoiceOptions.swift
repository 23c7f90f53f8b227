import ArgumentParser
import Presentation
import SyncCore

/// What somebody with authority chooses for a contested cell.
public struct ChoiceOptions: ParsableArguments {
  @Flag(help: ArgumentHelp(words("The master's value stands. 保留主库的值"))) public var keep = false
  @Option(help: ArgumentHelp(words("This contender's value. 采用某一主张"))) public var take: Int64?
  // A loss begins with a minus sign.
  @Option(parsing: .unconditional, help: ArgumentHelp(words("Another value. 另定新值"))) public var value: String?

  public init() {}

  public enum Choice: Sendable {
    case keep
    case take(Int64)
    case value(Value)
  }

  public var isGiven: Bool { keep || take != nil || value != nil }
  public static var oneOnly: Failure {
    Failure(.usage, zh: "请在 --keep、--take、--value 中选一个", en: "choose one of --keep, --take and --value")
  }

  /// - Parameters:
  ///   - conflict: asked for only when a value must be read by its field.
  ///   - oneOnly: thrown when it is not one choice.
  public func read(
    _ conflict: () throws -> Conflict?, _ schema: Schema, oneOnly: Failure = ChoiceOptions.oneOnly
  ) throws -> Choice {
    guard (keep ? 1 : 0) + (take == nil ? 0 : 1) + (value == nil ? 0 : 1) == 1 else { throw oneOnly }
    if let value { try Self.refuseOption(value) }
    if keep { return .keep }
    if let take { return .take(take) }
    guard let conflict = try conflict() else {
      throw Failure(
        .notFound, zh: "没有该编号的冲突;请用 conflicts 查看", en: "there is no such conflict; see conflicts")
    }
    guard let text = value, let name = conflict.field,
      let record = schema.record(conflict.record), let field = record.field(name)
    else {
      throw Failure(
        .usage, zh: "这是涉及整行的冲突,不能用 --value", en: "this conflict is about the whole row: use --keep, --take or --remove")
    }
    switch ValueText.parse(text, field: field) {
    case .success(let value):
      try record.refuseMask(value, field)
      return .value(value)
    case .failure(let problem):
      let place = "\(conflict.record).\(name)"
      throw Failure(.data, zh: "\(place):\(problem.label.zh)", en: "\(place): \(problem.label.en)")
    }
  }

  /// Who has left the value out decides nothing by the option that comes next.
  private static func refuseOption(_ value: String) throws {
    guard value.hasPrefix("--"), let first = value.dropFirst(2).first, first.isASCII, first.isLetter else { return }
    throw Failure(.usage, zh: "--value 后应为值,而不是 \(value)", en: "--value needs a value, and \(value) is an option")
  }
}

/// Refuses a name, a number or a title that says nothing, for no later edit takes it back.
/// - Parameter argument: as the usage calls it.
public func requireText(_ text: String, _ argument: String) throws {
  if text.allSatisfy(\.isWhitespace) {
    throw Failure(.usage, zh: "\(argument) 不能为空", en: "\(argument) must not be empty")
  }
}

/// A decision says why.
public func requireReason(_ reason: String) throws {
  if reason.allSatisfy(\.isWhitespace) { throw Failure(.usage, zh: "--reason 不能为空", en: "--reason must say why") }
}
