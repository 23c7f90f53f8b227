import Foundation
import Presentation
import SQLiteStore
import SyncCore

/// Fills a new row up: asks a person at a terminal for what is required and missing, and tells anybody else.
struct Asking {
  let store: any RecordStore
  let record: RecordSchema
  let options: CommonOptions

  /// - Returns: the values with the answers.
  func complete(_ given: [Int: Value]) throws -> [Int: Value] {
    var values = given
    // That it may not be added at all is said by the store.
    if store.side == .county, record.owner == .city { return values }
    let missing = record.fields.indices.filter { isMissing($0, values) }
    if missing.isEmpty { return values }
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1, !options.json else { throw allMissing(missing) }
    options.tell(
      Label(
        zh: "\(record.label.zh)还缺 \(missing.count) 项;空行取消。",
        en: "\(missing.count) fields are missing; an empty line cancels."))
    for index in missing { values[index] = try ask(record.fields[index]) }
    return values
  }

  /// Required, and nothing that the machine fills in.
  private func isMissing(_ index: Int, _ values: [Int: Value]) -> Bool {
    let field = record.fields[index]
    guard field.required, values[index]?.isNull ?? true else { return false }
    if record.key == [field.name], field.kind == .uuid { return false }
    if case .field(field.name) = record.scope, store.unit != nil { return false }
    return true
  }

  private func allMissing(_ missing: [Int]) -> Failure {
    let names = missing.map { record.fields[$0] }
    let zh = names.map { "\($0.name)(\($0.label.zh))" }.joined(separator: "、")
    let en = names.map { "\($0.name) (\($0.label.en))" }.joined(separator: ", ")
    let example = names.map { "\($0.name)=…" }.joined(separator: " ")
    return Failure(
      .data, zh: "\(record.name).\(names[0].name):必须填写。缺少 \(zh);请补上 \(example)",
      en: "\(record.name).\(names[0].name): is required. Missing: \(en); add \(example)")
  }

  private func ask(_ field: Field) throws -> Value {
    while true {
      options.prompt(question(field))
      guard let line = readLine(), !line.allSatisfy(\.isWhitespace) else {
        throw Failure(.data, zh: "已取消,未写入任何数据", en: "cancelled; nothing was written")
      }
      if line.contains("\u{fffd}") {
        options.tell(Label(zh: "输入不是 UTF-8 编码;请把终端设为 UTF-8", en: "this is not UTF-8; set the terminal to UTF-8"))
        continue
      }
      switch ValueText.parse(line, field: field) {
      case .failure(let problem): options.tell(problem.label)
      case .success(let value):
        guard let problem = field.problem(with: value, formats: store.formats) else { return value }
        options.tell(problem)
      }
    }
  }

  private func question(_ field: Field) -> Label {
    let choices = field.check.values ?? []
    func list(_ language: Language) -> String {
      choices.isEmpty
        ? "" : " [" + choices.map { "\($0.value) \($0.label.text(language))" }.joined(separator: " | ") + "]"
    }
    let hint = field.kind == .date ? " YYYY-MM-DD" : ""
    return Label(zh: field.label.zh + hint + list(.zh) + ":", en: field.label.en + hint + list(.en) + ": ")
  }
}

extension CommonOptions {
  /// A question, without a line break.
  func prompt(_ question: Label) { Output.say(question.text(language)) }
}
