import SyncCore

/// A cell as the file has it.
struct StoredCell {
  /// ECMA-376 part 1, 18.18.11.
  var type = "n"
  var style = 0
  var text = CellText()
  var hasFormula = false
}

/// What cells mean.
struct CellValues {
  struct Value {
    /// Empty: the cell holds nothing.
    var text: String
    var isNumber = false
    var problem: Label?
  }
  let shared: [String]
  let styles: CellStyles
  let countsFrom1904: Bool

  func value(of cell: StoredCell, at place: CellReference) throws(Failure) -> Value {
    switch cell.type {
    case "s": return Value(text: try sharedText(cell.text.raw, place))
    case "str", "inlineStr": return Value(text: cell.text.string)
    case "b": return Value(text: boolean(cell.text.raw))
    case "d": return Value(text: isoDate(cell.text.raw))
    case "e": return error(cell.text.raw)
    default: return number(cell)
    }
  }

  private func sharedText(_ number: String, _ place: CellReference) throws(Failure) -> String {
    if number.isEmpty { return "" }
    guard let index = Int(number), shared.indices.contains(index) else {
      throw ReadFailure.damaged("单元格 \(place.text) 的文本缺失", "the text of cell \(place.text) is missing")
    }
    return shared[index]
  }

  private func boolean(_ text: String) -> String {
    switch text {
    case "1", "true": "TRUE"
    case "0", "false": "FALSE"
    default: text
    }
  }

  /// `2024-05-31T00:00:00`, in the strict edition of the format.
  private func isoDate(_ text: String) -> String {
    let parts = text.split(separator: "T", maxSplits: 1)
    guard parts.count == 2 else { return text }
    return parts[1].hasPrefix("00:00:00") ? String(parts[0]) : "\(parts[0]) \(parts[1])"
  }

  private static let notComputed = Value(
    text: "=…",
    problem: Label(
      zh: "公式没有计算结果，请在表格软件中打开并保存，或直接填入数值",
      en: "the formula has no computed value; open and save the file in a spreadsheet program, or type the value"))

  private func error(_ text: String) -> Value {
    let problem = Label(
      zh: "单元格是错误值 \(text)，请改正公式或直接填入数值", en: "the cell holds the error \(text); correct the formula or type the value")
    return Value(text: text.isEmpty ? "#ERROR" : text, problem: problem)
  }

  private func number(_ cell: StoredCell) -> Value {
    let stored = cell.text.raw
    if stored.isEmpty { return cell.hasFormula ? Self.notComputed : Value(text: "") }
    if styles.isDate(cell.style), let serial = NumberText.double(stored),
      let date = DateSerial.text(serial, from1904: countsFrom1904)
    {
      return Value(text: date)
    }
    if let text = NumberText.spelled(stored) { return Value(text: text, isNumber: true) }
    return Value(text: stored, problem: Label(zh: "不是数字，请重新填写", en: "is no number; type it again"))
  }
}
