import Foundation
import SyncCore

// E4: what stood in a cell when it was erased, and what it ever held before, stands in no file any more.
extension Town {
  func checkErasures() throws {
    // Who takes up a parked row without knowing of the erasure enters its values anew (E5).
    var entered: [Value: Int] = [:]
    for claim in witness.claims { entered[claim.value] = max(claim.event, entered[claim.value] ?? 0) }
    // What comes after the erasure is judged by clocks (E5); a city that was restored may get anything again.
    let misjudged = witness.claims.filter(isByWrongClock)
    let arrivals = try arrivalsByBody(latest: true)
    let touches = misjudged.isEmpty ? [:] : try lastTouches()
    let names = try Dictionary(uniqueKeysWithValues: machines.map { ($0.index, try $0.replica.identity.names) })
    func comesLater(_ claim: Witness.Claim, than erasure: Witness.Erased) -> Bool {
      if restores > 0 { return true }
      // What was parked of a row that had another change on its way is said again, and nobody enters it for that.
      let ids = claim.author.flatMap { names[$0] } ?? []
      let after = (touches[claim.ref] ?? [:]).filter { $0.value > erasure.arrival }
      if after.keys.contains(where: ids.contains) { return true }
      // A row that was parked goes whole with whatever its clerk edits of it next.
      let later = witness.claims.filter { $0.author == claim.author && $0.ref == claim.ref && $0.event >= claim.event }
      return later.contains { $0.body.flatMap { arrivals[$0] } ?? .max > erasure.arrival }
    }
    // Of what was entered on a copy that is lost, nobody knows when and by which clock.
    let isAnyClockWrong = city.seat.clock.wasOff || machines.contains { $0.seat.clock.wasOff }
    let wasCopied = machines.contains { $0.isCopy || $0.hasRejoined }
    func isOfNobody(_ value: Value) -> Bool {
      restores > 0 && isAnyClockWrong && wasCopied && entered[value] == nil
    }
    let erased = witness.erased.values.flatMap { $0 }.flatMap { erasure in
      erasure.copies.union([erasure.value]).filter { value in
        entered[value] ?? 0 <= erasure.event && !isOfNobody(value)
          && !misjudged.contains { $0.value == value && comesLater($0, than: erasure) }
      }
    }
    // Four bytes stand somewhere in some megabytes of hashes and signatures by coincidence.
    let values = erased.compactMap { value -> String? in
      guard case .text(let text) = value, text.count > 4, !text.hasPrefix("same") else { return nil }
      return text
    }
    if values.isEmpty { return }
    let ends = ["", "-wal"]
    let paths = [city.seat.path] + active.map(\.seat.path)
    for path in paths.flatMap({ path in ends.map { path + $0 } }).filter(FileManager.default.fileExists(atPath:)) {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      for value in values.sorted() where contains(data, value) {
        throw Violation(.erasure, "\(value) was erased and still stands in \((path as NSString).lastPathComponent)")
      }
    }
  }

  /// The last batch of the log of each machine that has something of a row, by the machine's id.
  private func lastTouches() throws -> [RowRef: [String: Int64]] {
    try city.master.read { db in
      var touches: [RowRef: [String: Int64]] = [:]
      let sql =
        "SELECT record, key, lower(hex(replica)), max(arrival) FROM sync_touch JOIN sync_batch USING (arrival)"
        + " GROUP BY 1, 2, 3"
      try db.each(sql) { row in
        guard case .blob(let key) = row.cell(1) else { return }
        touches[RowRef(row[0], try RowKey(encoded: key)), default: [:]][row[2]] = row[3]
      }
      return touches
    }
  }

  /// Whether its author's clock, or the city's, was ever wrong.
  func isByWrongClock(_ claim: Witness.Claim) -> Bool {
    claim.author.map { city.seat.clock.wasOff || machines[$0].seat.clock.wasOff } ?? false
  }

  /// Every value of a row that is in the city's log, by column, and what each of them replaced.
  func valuesInLog(of ref: RowRef) throws -> [Int: Set<Value>] {
    let arrivals = try arrivalsByBody()
    var values: [Int: Set<Value>] = [:]
    for claim in witness.claims where claim.ref == ref {
      // Of who works with a copied file it is not known what came of which copy.
      let isInLog =
        claim.author.map { author in
          !machines[author].isCopy && !machines[author].hasRejoined
            && claim.body.flatMap { arrivals[$0] } != nil
        } ?? true
      if let column = claim.column, isInLog { values[column, default: []].formUnion([claim.value, claim.seen]) }
    }
    return values
  }

  /// The value itself, not one of which it is the beginning: of those that people enter only a number, or a plus, goes on.
  private func contains(_ data: Data, _ value: String) -> Bool {
    let text = Array(value.utf8)
    let mayGoOn = value.last.map { $0.isNumber || $0 == "+" } ?? true
    return data.withUnsafeBytes { bytes in
      guard var start = bytes.baseAddress else { return false }
      let end = start + bytes.count
      while end - start >= text.count, let found = memchr(start, Int32(text[0]), end - start - text.count + 1) {
        let after = UnsafeRawPointer(found) + text.count
        start = UnsafeRawPointer(found) + 1
        if memcmp(found, text, text.count) != 0 { continue }
        let next = after < end ? after.load(as: UInt8.self) : 0
        if !mayGoOn || !(48...57).contains(next) && next != 43 { return true }
      }
      return false
    }
  }
}
