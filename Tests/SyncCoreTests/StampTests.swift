import SyncCore
import Testing

struct StampTests {
  static let extremes: [Int64] = [.min, .min + 1, -1 << 47, -65536, -1, 0, 1, 65535, 65536, 1 << 46, .max - 1, .max]

  @Test func millisecondsAndCounter() {
    #expect(Stamp(milliseconds: 5).raw == 5 << 16)
    #expect(Stamp(raw: 5 << 16 | 7).milliseconds == 5)
    #expect(Stamp(milliseconds: -5).raw == 0)
    #expect(Stamp(milliseconds: .max).milliseconds == Int64.max >> 16)
  }

  /// The last and first milliseconds of days on which such sums go wrong.
  static let days: [(milliseconds: Int64, day: String)] = [
    (0, "1970-01-01"), (57_599_999, "1970-01-01"), (57_600_000, "1970-01-02"), (951_753_600_000, "2000-02-29"),
    (1_800_000_000_000, "2027-01-15"), (1_709_222_399_999, "2024-02-29"), (1_709_222_400_000, "2024-03-01"),
    (1_735_660_799_999, "2024-12-31"), (1_735_660_800_000, "2025-01-01"), (4_107_513_599_999, "2100-02-28"),
    (4_107_513_600_000, "2100-03-01"), (-5, "1970-01-01"),
  ]

  @Test(arguments: days)
  func dayInChina(milliseconds: Int64, day: String) {
    #expect(Stamp(raw: milliseconds << 16).day == day)
    #expect(Stamp(raw: .max).day.count == 10)
  }

  static let steps: [(raw: Int64, milliseconds: Int64, next: Int64)] = [
    (0, 0, 1), (0, 1, 65536), (65536, 1, 65537), (65537, 1, 65538), (65536, 0, 65537), (131071, 1, 131072),
    (131072, 1, 131073), (5 << 16, 3, 5 << 16 + 1), (0, -5, 1), (.max, 0, .max), (.max, .max, .max),
  ]

  @Test(arguments: steps)
  func next(raw: Int64, milliseconds: Int64, next: Int64) {
    #expect(Stamp(raw: raw).next(at: milliseconds).raw == next)
  }

  @Test func nextNeverGoesBack() {
    for raw in Self.extremes {
      for now in Self.extremes {
        let next = Stamp(raw: raw).next(at: now)
        #expect(raw == .max ? next.raw == .max : next > Stamp(raw: raw), "\(raw) at \(now)")
      }
    }
  }

  /// In milliseconds and counter: stamp, offset, arrival → corrected.
  static let corrections: [(stamp: (Int64, Int64), offset: Int64, arrival: (Int64, Int64), corrected: (Int64, Int64))] =
    [
      ((100, 3), 0, (200, 0), (100, 3)),
      ((100, 3), 50, (200, 0), (150, 3)),
      ((100, 3), -50, (200, 0), (50, 3)),
      ((100, 3), 150, (200, 7), (200, 7)),
      ((200, 3), 0, (200, 7), (200, 3)),
      ((200, 9), 0, (200, 7), (200, 7)),
      ((300, 0), 0, (200, 7), (200, 7)),
      ((100, 3), -101, (200, 0), (0, 0)),
      ((100, 3), -100, (200, 0), (0, 3)),
      ((100, 3), .max, (200, 0), (200, 0)),
      ((100, 3), .min, (200, 0), (0, 0)),
    ]

  @Test(arguments: corrections.indices)
  func corrected(index: Int) {
    func stamp(_ parts: (Int64, Int64)) -> Stamp { Stamp(raw: parts.0 << 16 | parts.1) }
    let item = Self.corrections[index]
    #expect(stamp(item.stamp).corrected(offset: item.offset, arrival: stamp(item.arrival)) == stamp(item.corrected))
  }

  @Test func correctedIsNeverLaterThanArrival() {
    for raw in Self.extremes {
      for offset in Self.extremes {
        for arrival in Self.extremes where arrival >= 0 {
          let corrected = Stamp(raw: raw).corrected(offset: offset, arrival: Stamp(raw: arrival))
          #expect(corrected.raw >= 0 && corrected.raw <= arrival, "\(raw) \(offset) \(arrival)")
          let far = offset == .min || offset == .min + 1
          if far { #expect(corrected.raw == 0, "\(raw) \(offset)") }
        }
      }
    }
  }
}
