import SyncCore

/// Two machines and a city that edit one cell of one row. The city's side is the law; the machines' is told again here in a
/// few lines: what was sent is the base of later edits, and an answer is taken unless somebody has edited since.
struct SmallHistory {
  struct Setting: Sendable {
    var policy: Policy
    var delete = DeletePolicy.review
    /// What stands in the cell at first; nil: there is no row.
    var first: Value?
    /// The clocks run backwards.
    var isReversed = false
    /// An answer may come after the next edit.
    var isSlow = false
  }

  enum Edit: CaseIterable { case set, clear, delete }

  struct Machine {
    var editsLeft = 3
    /// What it agreed on last, or sent; nil: no row.
    var base: Value?
    var current: Value?
    var stamp: Int64 = 0
    /// An answer is on its way, with this cell in it.
    var isAwaiting = false
    var answer: Value?
    var isDirty: Bool { current != base }
  }

  let setting: Setting
  let record: RecordSchema
  private(set) var row: MasterRow
  private(set) var contests: [Contest] = []
  private(set) var machines: [Machine]
  /// Every value that was handed over.
  private(set) var handedOver: [Value] = []
  /// Values of the master that somebody replaced whose base they were.
  private(set) var replaced: Set<Value> = []
  private var time: Int64 = 0

  init(_ setting: Setting) {
    self.setting = setting
    let label = Label(zh: "物", en: "thing")
    let cell = Field(name: "cell", label: label, kind: setting.policy.kind, policy: setting.policy)
    record = RecordSchema(
      name: "thing", label: label, key: ["id"], fields: [Field(name: "id", label: label), cell],
      rules: RowRules(delete: setting.delete))
    row = MasterRow(image: setting.first.map { ["k", $0] })
    machines = Array(repeating: Machine(base: setting.first, current: setting.first), count: 2)
  }

  var cell: Value? { row.image?[1] }

  // MARK: What a machine does

  /// - Returns: whether there was anything to edit.
  mutating func edit(_ machine: Int, _ edit: Edit) -> Bool {
    let old = machines[machine].current
    if edit == .delete && old == nil || edit == .clear && old ?? .null == .null { return false }
    time += 1
    machines[machine].editsLeft -= 1
    machines[machine].stamp = setting.isReversed ? 100 - time : time
    switch edit {
    case .set: machines[machine].current = newValue(over: old ?? .null)
    case .clear: machines[machine].current = .some(.null)
    case .delete: machines[machine].current = nil
    }
    return true
  }

  /// A value that was never there.
  private func newValue(over old: Value) -> Value {
    switch (setting.policy, old) {
    case (.union, .text(let members)):
      .text((members.split(separator: ",").dropFirst() + ["m\(time)"]).joined(separator: ","))
    case (.union, _): .text("m\(time)")
    case (.text, .text(let text)):
      .text(replaced(Int(time) % 3, in: text.split(separator: "\n").map(String.init)).joined(separator: "\n"))
    case (.text, _): .text("l\(time)")
    case (.sum, .integer(let number)): .integer(number + 1 << time)
    default: .integer(time % 2 == 0 ? 50 + time : 50 - time)
    }
  }

  private func replaced(_ line: Int, in lines: [String]) -> [String] {
    var lines = lines
    if line < lines.count { lines[line] = "l\(time)" } else { lines.append("l\(time)") }
    return lines
  }

  mutating func receive(_ machine: Int) {
    machines[machine].isAwaiting = false
    if machines[machine].isDirty { return }
    (machines[machine].base, machines[machine].current) = (machines[machine].answer, machines[machine].answer)
  }

  /// - Returns: the promise that the law broke; nil: none.
  mutating func send(_ machine: Int) -> String? {
    let sender = machines[machine]
    let change = change(of: sender)
    let stamps = setting.policy == .latest ? [1: Stamp(raw: sender.stamp)] : [:]
    let result = merge(change, into: row, schema: record, side: .county, stamps: stamps)
    let problem = Judgement(setting.policy, sender, before: row, result).problem
    if let value = change.new[1], value != sender.base { handedOver.append(value) }
    if let seen = cell, seen == sender.base, result.image?[1] != seen { replaced.insert(seen) }
    if result.image == nil, let last = row.image { row.tombstone = last }
    if result.image != nil { row.tombstone = nil }
    row.image = result.image
    row.stamps.merge(result.stamps) { $1 }
    if result.contests.contains(where: { $0.column == 1 && $0.state == .open }) { row.underReview = [1] }
    contests += result.contests
    machines[machine].base = sender.current
    machines[machine].isAwaiting = true
    machines[machine].answer = cell
    return problem
  }

  private func change(of sender: Machine) -> Change {
    let edit = SyncCore.Edit(stamp: Stamp(raw: sender.stamp), actor: "clerk")
    func made(_ kind: Change.Kind, _ old: [Value?], _ new: [Value?]) -> Change {
      Change(record: "thing", key: RowKey(["k"]), kind: kind, old: old, new: new, edit: edit)
    }
    switch (sender.base, sender.current) {
    case (nil, let value?): return made(.insert, [nil, nil], ["k", value])
    case (let base, nil): return made(.delete, ["k", base], [nil, nil])
    case (let base, let value): return made(.update, ["k", base], [nil, value])
    }
  }
}

extension Contest {
  /// The cell in a contest about it or about its row.
  func cell(_ side: KeyPath<Contest, Value>) -> Value? {
    if column != nil { return self[keyPath: side] }
    guard case .blob(let bytes) = self[keyPath: side] else { return nil }
    return try? RowKey(encoded: bytes).values[1]
  }
}
