import Foundation
import Registry
import Testing

struct ISOTimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_764_181_809_048, "2025-11-26T18:30:09.048Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func aMomentIsWrittenAsISO8601(milliseconds: Int64, text: String) {
    #expect(CalendarDay.isoTime(milliseconds: milliseconds) == text)
  }

  @Test func foundationWritesItTheSameWay() {
    var milliseconds: Int64 = -2_000_000_000_000
    while milliseconds < 5_000_000_000_000 {
      let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
      let text = date.formatted(Date.ISO8601FormatStyle())
      #expect(CalendarDay.isoTime(milliseconds: milliseconds / 1000 * 1000) == text.dropLast() + ".000Z")
      milliseconds += 86_399_999 * 97
    }
  }
}
