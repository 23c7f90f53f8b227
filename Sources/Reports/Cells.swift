import Presentation
import SyncCore

extension Report.Cell {
  /// A number that is whole shows no fraction, and none shows the noise of arithmetic.
  static func number(_ value: Double?) -> Report.Cell {
    guard let value = value?.rounded(places: 8) else { return .none }
    return Int64(exactly: value).map { .integer($0) } ?? .real(value)
  }

  static func count(_ value: Int) -> Report.Cell { .integer(Int64(value)) }

  static func yuan(_ value: Int64?) -> Report.Cell { value.map { .integer($0) } ?? .none }

  static func text(_ value: String?) -> Report.Cell { value.map { .text($0) } ?? .none }
}

extension Double {
  /// To so many decimals; a yuan is the eighth of 亿元.
  func rounded(places: Int) -> Double {
    let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
    return magnitude < 1e7 ? (self * scale).rounded() / scale : self
  }
}

extension Label {
  /// The label of a value that the schema lists, or the value itself.
  static func choice(_ value: String, _ field: Field?) -> Label {
    field?.check.values?.first { $0.value == value }?.label ?? Label(zh: value, en: value)
  }

  static func + (a: Label, b: Label) -> Label { Label(zh: a.zh + b.zh, en: a.en + b.en) }
}

extension ReportSource {
  func field(_ record: String, _ field: String) -> Field? { schema.record(record)?.field(field) }

  func label(_ record: String) -> Label { schema.record(record)?.label ?? Label(zh: record, en: record) }

  /// Under the title of every report: what it is drawn for.
  var drawnFor: Label {
    Label(zh: "统计日 \(day),年度 \(year)", en: "as of \(day), figures of \(year)")
  }

  /// On a county's replica: that nothing else is counted.
  var ownOnly: [Label] {
    unit == nil
      ? [] : [Label(zh: "本单位的数据,不含其他县区,也不含基数", en: "this unit's records only: no other unit's, and no baseline")]
  }
}
