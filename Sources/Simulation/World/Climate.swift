/// What is usual in a town: what people do most, on which rows, and what goes wrong most. What is rare everywhere, or needs three
/// rare things one after the other, is common in one of them (Groce and others, "Swarm testing", 2012).
struct Climate: Sendable {
  var name: String
  /// How many times as often as elsewhere something happens.
  var often: [Event.Kind: Int] = [:]
  var never: Set<Event.Kind> = []
  /// What people edit, each as often as it stands here.
  var records = [
    "company", "company", "company", "company", "company", "figure", "figure", "visit", "visit", "remark", "task",
    "person", "permit",
  ]
  /// The fields that they change; none: all.
  var fields: Set<String> = []
  /// How many keys there are for new rows of a record.
  var keys = 7
  /// How many of a hundred edits enter or delete a row.
  var inserts = 28
  var deletes = 12
  /// How many different numbers people add to a sum, those around 0. The fewer, the more often two come to the same.
  var addends = 7
  /// How many units there are, and machines of each; nil: as the seed has it.
  var offices: Int?
  var machines: Int?
  /// How many rows a page of the city's holds at most; nil: as the seed has it.
  var pageRows: Int?
  /// How many of a hundred whole syncs find people at work: they edit while one goes on.
  var interruptions = 0
  /// Whether the city prepares before it lets go of what nobody needs.
  var tidies = false
  /// Whether programs write what is not one row by its key, a freeze makes several batches, and officials let a restored city go on
  /// before everybody was heard.
  var isRough = false
  /// How much of what a schema may have the town's has.
  var breadth = Breadth.narrow

  enum Breadth: Int, Comparable {
    /// Every policy and every rule of rows.
    case narrow
    /// References out of scope, keys of several fields that must differ, choices and rows of the city's, exceptions to a lock.
    case wide
    /// Units that take over from others, rows that both sides approve, keys that are UUIDs.
    case whole

    static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
  }

  /// What officials edit besides.
  var cityRecords: [String] { ["office", "period"] + (breadth >= .wide ? ["excuse"] : []) }
  /// What officials find duplicates of, besides companies, most often.
  var withDuplicates: [String] {
    ["visit", "task", "person", "figure"] + (breadth >= .wide ? ["mark", "claim", "award"] : [])
      + (breadth >= .whole ? ["entry"] : [])
  }
  /// How many of a hundred cells of the city's a clerk thinks of filling in.
  var proposals: Int { breadth >= .wide ? 40 : 10 }

  /// One after the other, so that a few seeds in a row meet all of them. From a million on two at a time: what goes wrong in one
  /// meets what is usual in the other. From two million on with a wide schema, too, from three million on with all of it, from
  /// four million on three at a time, and from five million on two at a time in rough towns.
  static func of(seed: UInt64) -> Climate {
    let (place, count) = (max(seed, 1) - 1, UInt64(all.count))
    let climate = all[Int(place % count)]
    if place < firstMixed { return climate }
    let mixed = climate.mixed(with: all[Int((place - firstMixed) / count % count)])
    if place < firstWide { return mixed }
    if place < firstWhole { return mixed.wide }
    if place < firstOfThree { return mixed.wide.whole }
    if place >= firstRough { return mixed.wide.whole.rough }
    return mixed.mixed(with: all[Int((place - firstOfThree) / (count * count) % count)]).wide.whole
  }

  private static let firstMixed: UInt64 = 1_000_000
  private static let firstWide: UInt64 = 2_000_000
  private static let firstWhole: UInt64 = 3_000_000
  private static let firstOfThree: UInt64 = 4_000_000
  private static let firstRough: UInt64 = 5_000_000

  /// What a wide schema adds is edited as often as the rest.
  private var wide: Climate {
    var wide = self
    wide.breadth = .wide
    wide.records += ["claim", "award", "mark"]
    let more: Set = ["parent", "host", "score", "stage", "scheme", "level", "number", "holder"]
    if !fields.isEmpty { wide.fields.formUnion(more) }
    return wide
  }

  private var whole: Climate {
    var whole = self
    whole.breadth = .whole
    whole.records += ["ledger", "entry"]
    if !fields.isEmpty { whole.fields.formUnion(["best", "serial", "amount", "county_ok", "city_ok", "reason"]) }
    return whole
  }

  private var rough: Climate {
    var rough = self
    rough.isRough = true
    return rough
  }

  private func mixed(with other: Climate) -> Climate {
    var mixed = self
    mixed.name = "\(name), and \(other.name)"
    mixed.often.merge(other.often) { max($0, $1) }
    mixed.never = never.union(other.never).subtracting(mixed.often.keys)
    mixed.records += other.records
    mixed.fields = fields.isEmpty || other.fields.isEmpty ? [] : fields.union(other.fields)
    mixed.keys = min(keys, other.keys)
    mixed.inserts = (inserts + other.inserts) / 2
    mixed.deletes = (deletes + other.deletes) / 2
    mixed.addends = min(addends, other.addends)
    mixed.offices = offices ?? other.offices
    mixed.machines = machines ?? other.machines
    mixed.pageRows = pageRows ?? other.pageRows
    mixed.interruptions = max(interruptions, other.interruptions)
    mixed.tidies = tidies || other.tidies
    return mixed
  }
}

extension Climate {
  static let all = [
    Climate(name: "temperate"),
    Climate(
      name: "few rows, many hands", often: [.carry: 5, .cityEdit: 3, .syncWhole: 4],
      records: ["company", "company", "figure", "task"], fields: ["code", "name", "phone", "sales", "note", "title"],
      keys: 2, inserts: 10, deletes: 6, offices: 1, machines: 3, pageRows: 2, interruptions: 60),
    Climate(
      name: "arithmetic", often: [.syncWhole: 3, .cityEdit: 2], records: ["company", "company", "visit"],
      fields: ["total", "days", "peak", "first", "tags", "memo", "staff"], keys: 2, inserts: 12, deletes: 2,
      addends: 3, offices: 1, machines: 3, interruptions: 60),
    Climate(
      name: "parents and children", often: [.syncWhole: 3, .rot: 8, .cityRawEdit: 6, .takeUp: 6],
      records: ["company", "visit", "visit", "remark", "remark"],
      keys: 3, inserts: 35, deletes: 25, machines: 2, interruptions: 50),
    Climate(
      name: "second thoughts",
      often: [
        .carry: 4, .syncWhole: 4, .revert: 5, .setBack: 12, .typeUpstream: 8, .takeUp: 4, .clerkWithdraws: 4,
        .pairEdit: 2, .writeStick: 3, .cityReadsStick: 3, .machineReadsStick: 6,
      ],
      records: ["company", "company", "figure", "task"],
      fields: ["name", "phone", "address", "sales", "note", "title"], keys: 3, inserts: 12, deletes: 6, offices: 1,
      machines: 3, interruptions: 60),
    Climate(
      name: "duplicates", often: [.merge: 8, .transfer: 4, .pairEdit: 3, .admit: 3, .dismiss: 2, .syncWhole: 3],
      records: ["company", "company", "company", "figure", "visit"], keys: 4),
    Climate(
      name: "disputes", often: [.decide: 2, .clerkDecides: 8, .reopen: 5, .syncWhole: 4],
      records: ["company", "company", "person"], fields: ["name", "phone", "address", "industry", "note"], keys: 2,
      inserts: 10, deletes: 6, offices: 1, machines: 3),
    Climate(
      name: "personal data", often: [.erase: 12, .syncWhole: 3, .cityEdit: 2],
      records: ["person", "person", "person", "company"], keys: 3, deletes: 15, machines: 2),
    Climate(
      name: "long absence", often: [.stayAway: 30, .trim: 15, .backUp: 8, .cityEdit: 2, .syncWhole: 3],
      records: ["company", "visit", "visit", "remark", "remark"], keys: 4, inserts: 35, deletes: 20, offices: 2,
      machines: 2, tidies: true),
    Climate(name: "lost disks", often: [.loseCity: 5, .backUp: 4]),
    Climate(
      name: "copied files", often: [.copyFile: 5, .putBack: 8, .useBoth: 15, .loseAnswer: 4],
      records: ["company", "company", "visit"], fields: ["total", "days", "name", "note"], keys: 4, deletes: 6,
      offices: 2, machines: 1),
    Climate(
      name: "sticks only", often: [.writeStick: 12, .cityReadsStick: 12, .machineReadsStick: 12, .spoilStick: 3],
      never: [.send, .carry, .syncWhole],
      records: ["company", "company", "company", "figure", "visit", "task", "person"],
      fields: ["code", "name", "phone", "address", "sales", "note", "title"], keys: 3, inserts: 15),
    Climate(
      name: "a schema that grows", often: [.upgrade: 5, .send: 2, .carry: 3, .rawEdit: 2], never: [.syncWhole],
      machines: 2),
  ]
}
