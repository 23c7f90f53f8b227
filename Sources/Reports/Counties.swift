import SyncCore

/// The columns or rows of a table by county. What is filed for a unit that another has taken over is shown as it was
/// filed, or with the successor.
struct Counties {
  enum Way { case filed, withSuccessor }

  static let withSuccessorNote = Label(
    zh: "已并入其他单位的计入承接单位", en: "units that were taken over count with their successors")

  /// The line of a move says when the city made it, not since when it holds: what moves moves with all its years.
  static let presentOwnerNote = Label(
    zh: "企业计入现在的所属单位,迁入以前的年度也是",
    en: "an enterprise counts with the unit that has it now, also in years before it moved there")

  struct County {
    let code: String
    let name: Label
    /// The units whose records count here.
    let members: Set<String?>
  }

  let all: [County]
  /// The city's own, and what belongs to no unit.
  let city: County

  /// - Parameter used: units for which something is filed; one that no longer exists is listed only then.
  init(_ units: Units, _ source: ReportSource, used: Set<String>, _ way: Way) {
    let cities = Set(units.all.filter(\.isCity).map(\.code))
    let stands = { (code: String) in way == .filed ? code : units.current(code, on: source.day) }
    let open = units.all.filter { !$0.isCity && ($0.validTo.map { $0 > source.day } ?? true) }.map(\.code)
    var members: [String: Set<String?>] = [:]
    for code in open + used where !cities.contains(code) { members[stands(code), default: []].insert(code) }
    // The machine of a unit that was taken over goes on under its code.
    let own = source.unit.map { units.current($0, on: source.day) }
    let mine = members.keys.filter { own == nil || units.current($0, on: source.day) == own }
    all = mine.sorted().map { County(code: $0, name: units.name($0), members: members[$0] ?? []) }
    city = County(
      code: units.city ?? "", name: Label(zh: "市直", en: "City's own"), members: Set(cities.map { $0 } + [nil]))
  }
}
