import SyncCore

// A sync during which people go on working.
extension Town {
  /// A whole sync on a good line. At times the clerk edits what is on its way, and an official what the machine has just read.
  func sync(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    guard random.chance(climate.interruptions) else {
      try syncWhole(machine, besides: event.isBesides)
      return
    }
    count("sync at work")
    var random = random
    try syncWhole(machine, besides: event.isBesides) { step in
      switch step {
      case 0: if random.chance(80) { try workOn(event, machine, &random) }
      case 1...3: if random.chance(60) { try editBehind(event, machine, step, &random) }
      default: break
      }
    }
    if random.chance(60) { try retype(event, machine, upstream: false, &random) }
  }

  /// The clerk edits: rather a cell that the city has changed meanwhile, or a row that hangs on one on its way.
  private func workOn(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    let schema = try machine.replica.schema
    var hand = Hand(schema, machine.rows, unit: machine.org, climate: climate, event: event)
    let edits: [RowEdit]
    if random.chance(60), let edit = editOfNews(machine, &hand) {
      edits = [edit]
    } else if random.chance(70), let edit = childOnItsWay(machine, &hand) {
      edits = [edit]
    } else {
      edits = hand.edits()
    }
    if edits.isEmpty { return }
    tell("\(machine.name): \(edits.map(\.story).joined(separator: "; ")) (while it syncs)")
    try act(event, machine, "edit during a sync") {
      try machine.seat.shell(edits.map(\.sql), foreignKeys: true)
    }
  }

  /// A cell that stands otherwise at the city, and that this clerk may change.
  private func editOfNews(_ machine: Machine, _ hand: inout Hand) -> RowEdit? {
    var cells: [(record: RecordSchema, ref: RowRef, column: Int)] = []
    for ref in machine.rows.keys.inOrder() {
      guard let record = hand.schema.record(ref.record), record.projects == nil, !record.rules.append,
        let here = machine.rows[ref], let there = city.rows[ref]
      else { continue }
      for column in record.fields.indices where here[column] != there.cell(column) {
        let field = record.fields[column]
        if record.owner(of: column) == .any, field.reference == nil { cells.append((record, ref, column)) }
      }
    }
    guard let (record, ref, column) = hand.random.pick(cells) else { return nil }
    var value = hand.value(record, column, machine.rows[ref]?[column])
    // Two add the same, and neither may be lost.
    if record.fields[column].policy == .sum, hand.random.chance(50) { value = city.rows[ref]?.cell(column) ?? value }
    return RowEdit(kind: .update, record: record, key: ref.key, values: [column: value])
  }

  /// A row that refers to one which the city has not got.
  private func childOnItsWay(_ machine: Machine, _ hand: inout Hand) -> RowEdit? {
    let parents = machine.rows.keys.filter { city.rows[$0] == nil }.inOrder()
    let pairs = parents.flatMap { ref in
      (hand.schema.record(ref.record).map(hand.schema.references(to:)) ?? []).map { (ref, $0.0, $0.1) }
    }
    guard let (ref, child, field) = hand.random.pick(pairs), let column = child.index(of: field.name) else {
      return nil
    }
    var edit = hand.insert(child, .insert)
    edit.values[column] = ref.key.values[0]
    edit.key = RowKey(child.keyIndices.map { edit.values[$0] ?? .null })
    return edit
  }

  /// An official edits a row of the machine's unit.
  private func editBehind(_ event: Event, _ machine: Machine, _ step: Int, _ random: inout SplitMix64) throws {
    let refs = city.rows.keys.filter { climate.records.contains($0.record) && machine.rows[$0] != nil }.inOrder()
    var hand = Hand(
      try city.master.schema, city.rows, unit: nil, climate: climate,
      event: Event(id: event.id, kind: .cityEdit, machine: 0, seed: random.next()), after: 4 + 3 * step)
    guard let ref = random.pick(refs), let record = hand.schema.record(ref.record),
      let edit = hand.update(record, ref)
    else { return }
    try perform([edit], event, "city's edit during a sync", raw: random.chance(30))
  }
}
