import SyncCore

/// A number among the facts. One that is absent or makes no sense is unknown.
struct Quantity {
  let name: Label
  let given: Int64?
  var unit = Label(zh: "元", en: " yuan")
  /// Below it a number makes no sense.
  var least: Int64 = 0

  var value: Int64? { given.flatMap { $0 >= least ? $0 : nil } }

  var shown: Label? { value.map { Label(zh: "\($0)\(unit.zh)", en: "\($0)\(unit.en)") } }

  /// Why it is unknown.
  var problem: Label? {
    guard value == nil else { return nil }
    guard let given else { return Label(zh: "缺少\(name.zh),请补报", en: "\(name.en) missing; please report it") }
    return Label(
      zh: "\(name.zh)为 \(given),不应小于 \(least),请更正",
      en: "\(name.en) is \(given), which must not be below \(least); please correct it")
  }

  static let people = Label(zh: "人", en: " people")
  static let pieces = Label(zh: "项", en: "")
}

/// One number as a share of another, compared exactly and without overflow.
struct Share {
  let part: Quantity
  let whole: Quantity
  /// A part greater than the whole is then a mistake.
  var isContained = false

  var shown: Label? {
    guard let part = part.value, let whole = whole.value else { return nil }
    return Label(zh: "\(part) ÷ \(whole)", en: "\(part) ÷ \(whole)")
  }

  /// Why it is unknown.
  var problem: Label? {
    if isContained, let part = part.value, let whole = whole.value, part > whole {
      return Label(
        zh: "\(self.part.name.zh)(\(part))大于\(self.whole.name.zh)(\(whole)),请核对",
        en: "\(self.part.name.en) (\(part)) is above \(self.whole.name.en) (\(whole)); please compare")
    }
    if isNothing { return nil }
    return part.problem ?? whole.problem
  }

  /// Whether it is at least so many hundredths; nil when unknown. Nothing reaches a share of nothing.
  func reaches(_ percent: Int64) -> Bool? {
    guard problem == nil else { return nil }
    guard !isNothing, let part = part.value, let whole = whole.value, whole > 0 else { return false }
    return Self.isAtLeast((part, 100), (whole, percent))
  }

  /// A part of zero or less is no share of any whole.
  private var isNothing: Bool { part.value.map { $0 <= 0 } ?? false }

  /// Whether the first product is at least the second, in 128 bits.
  static func isAtLeast(_ first: (Int64, Int64), _ second: (Int64, Int64)) -> Bool {
    let first = first.0.multipliedFullWidth(by: first.1)
    let second = second.0.multipliedFullWidth(by: second.1)
    return first.high == second.high ? first.low >= second.low : first.high > second.high
  }
}
