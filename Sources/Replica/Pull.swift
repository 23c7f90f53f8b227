import SyncCore
import SyncProtocol

/// What a pull tells: the newest state of each row, as often as it is asked for, and everything else. The rows of its pages are
/// never all in memory.
struct Pull {
  private let schema: Schema
  private let pages: [Envelope]
  private let items: [PageItem]
  /// Rows, counted through all pages, of which a later one says more.
  private var outdated: Set<Int> = []
  /// How many rows the pages name, those that are named again included.
  private(set) var places = 0
  /// What is neither a row nor told by `eachDispute`.
  private(set) var others: [PageItem] = []
  private var disputed: Set<Int> = []

  /// How many rows it tells.
  var count: Int { places - outdated.count }

  /// What does not come in pages: no row twice, and all else after the rows.
  init(_ items: [PageItem], schema: Schema) {
    (pages, self.schema) = ([], schema)
    self.items = items
    for item in items {
      switch item {
      case .row, .gone: places += 1
      case .conflict, .contender, .parked, .erasure, .own, .mark: others.append(item)
      }
    }
  }

  init(_ pages: [Envelope], schema: Schema) throws {
    (self.pages, self.schema, items) = (pages, schema, [])
    var hashes: Set<Int> = []
    // Most rows come once; two of one hash are looked at more closely.
    var suspects: Set<Int> = []
    var (places, disputed, others) = (0, disputed, others)
    for (number, page) in pages.enumerated() {
      let survey = { (ref: RowRef) in
        if !hashes.insert(ref.hashValue).inserted { suspects.insert(ref.hashValue) }
        places += 1
        return false
      }
      try PageBody.each(page.body, schema: schema, rowsWhere: survey) { item in
        switch item {
        case .conflict, .contender: disputed.insert(number)
        case .row, .gone, .parked, .erasure, .own, .mark: others.append(item)
        }
      }
    }
    (self.places, self.disputed, self.others) = (places, disputed, others)
    if !suspects.isEmpty { outdated = try outdated(among: suspects) }
  }

  private func outdated(among suspects: Set<Int>) throws -> Set<Int> {
    var (place, latest, outdated) = (0, [RowRef: Int](), Set<Int>())
    for page in pages {
      let survey = { (ref: RowRef) in
        defer { place += 1 }
        guard suspects.contains(ref.hashValue) else { return false }
        #if MUTANTS
          if Mutant.takesOldestImage.isActive, latest[ref] != nil {
            outdated.insert(place)
            return false
          }
        #endif
        if let earlier = latest.updateValue(place, forKey: ref) { outdated.insert(earlier) }
        return false
      }
      try PageBody.each(page.body, schema: schema, rowsWhere: survey) { _ in }
    }
    return outdated
  }

  /// Tells each row with its place, in their order.
  /// - Parameters:
  ///   - isWanted: by the place; the others are not read.
  ///   - body: gets the master's image; nil: it has no such row, or none that is to be seen here.
  func eachRow(
    where isWanted: @escaping (Int) -> Bool = { _ in true },
    _ body: (Int, RecordSchema, RowKey, [Value]?) throws -> Void
  ) throws {
    var place = 0
    func tell(_ item: PageItem) throws {
      switch item {
      case .row(let name, let image):
        guard let record = schema.record(name) else { return }
        try body(place, record, record.rowKey(of: image), image)
      case .gone(let ref):
        guard let record = schema.record(ref.record) else { return }
        try body(place, record, ref.key, nil)
      case .conflict, .contender, .parked, .erasure, .own, .mark: break
      }
    }
    for page in pages {
      var next = place
      let isNext = { (_: RowRef) in
        (place, next) = (next, next + 1)
        return !outdated.contains(place) && isWanted(place)
      }
      try PageBody.each(page.body, schema: schema, rowsWhere: isNext, tell)
      place = next
    }
    for item in items {
      switch item {
      case .row, .gone:
        if isWanted(place) { try tell(item) }
        place += 1
      case .conflict, .contender, .parked, .erasure, .own, .mark: break
      }
    }
  }

  /// The master's images of these rows, each as the last page that names it has it. It lacks those that the master does not have, or
  /// that are not to be seen here, or that no page names.
  func images(of wanted: Set<RowRef>) throws -> [RowRef: [Value]] {
    var images: [RowRef: [Value]] = [:]
    let isWanted = { (ref: RowRef) in wanted.contains(ref) }
    for page in pages {
      try PageBody.each(page.body, schema: schema, rowsWhere: isWanted) { item in
        switch item {
        case .row(let name, let row):
          if let record = schema.record(name) { images[RowRef(name, record.rowKey(of: row))] = row }
        case .gone(let ref): images[ref] = nil
        case .conflict, .contender, .parked, .erasure, .own, .mark: break
        }
      }
    }
    return images
  }

  /// Tells conflicts and contenders of the pages, which may be many: each as the last page that names it has it. In an earlier one may
  /// stand what was erased before the later one was made.
  func eachDispute(_ body: (PageItem) throws -> Void) throws {
    var last: [Int64: Int] = [:]
    if disputed.count > 1 {
      for number in disputed.sorted() { try eachDispute(of: number) { id, _ in last[id] = number } }
    }
    for number in disputed.sorted() {
      try eachDispute(of: number) { id, item in
        if last[id] ?? number == number { try body(item) }
      }
    }
  }

  private func eachDispute(of number: Int, _ body: (Int64, PageItem) throws -> Void) throws {
    let noRow = { (_: RowRef) in false }
    try PageBody.each(pages[number].body, schema: schema, rowsWhere: noRow) { item in
      switch item {
      case .conflict(let conflict): try body(conflict.id, item)
      case .contender(let id, _): try body(id, item)
      case .row, .gone, .parked, .erasure, .own, .mark: break
      }
    }
  }
}
