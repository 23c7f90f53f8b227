import Presentation
import SyncCore

/// What `verify` says beside problems.
public protocol VerifyDetail {
  /// Keys of the JSON object.
  var json: [(String, JSON)] { get }
  /// Paragraphs for a person; none: nothing to tell.
  func text(_ language: Language) -> [String]
  /// Nothing is left to do about it.
  var isSettled: Bool { get }
}

/// The result of `verify`, for people and as JSON.
public struct VerifyReport {
  let problems: [Label]
  let erased: [Label]
  let unchecked: [Label]
  let more: (any VerifyDetail)?

  public init(
    problems: [Label], erased: [Label] = [], unchecked: [Label] = [], more: (any VerifyDetail)? = nil
  ) {
    self.problems = problems
    self.erased = erased
    self.unchecked = unchecked
    self.more = more
  }

  public func show(_ options: CommonOptions) {
    let language = options.language
    func list(_ labels: [Label]) -> JSON { .array(labels.map { .string($0.text(language)) }) }
    if !options.json { (erased + unchecked).forEach(options.tell) }
    let isWell = problems.isEmpty && more?.isSettled ?? true
    let told = problems.map { $0.text(language) } + (more?.text(language) ?? [])
    let fine = Label(zh: "一切正常", en: "all is well").text(language)
    options.show(
      .object(
        [
          ("ok", .bool(isWell)), ("problems", list(problems)), ("erased", list(erased)),
          ("unchecked", list(unchecked)),
        ] + (more?.json ?? [])),
      told.isEmpty ? fine : told.joined(separator: "\n"))
  }
}
