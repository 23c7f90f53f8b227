import Commands
import Master
import Registry
import SQLiteStore
import SyncCore

// By the city's time, not by the date of its machine, exceptions to locks end and edits are compared.

extension Master {
  /// Today in China by the city's time.
  func day() throws -> CalendarDay { CalendarDay(inChinaAt: try now().milliseconds) }

  /// What an official should know once the machine's clock has stood ahead, or is behind; nil: the city's time is its clock's.
  func timeNote() throws -> Label? {
    let milliseconds = try now().milliseconds
    // By less a time server sets a clock back every day.
    guard milliseconds - clock() > 60_000 else { return nil }
    let time = isoTime(milliseconds: milliseconds)
    return Label(
      zh: "市里的时间是 \(time),超前于本机时钟:本机时钟曾经走快,或现在走慢(请核对),而市里的时间从不倒退。"
        + "时钟赶上之前,显示的时间、latest 策略的比较和锁定例外的到期都以它为准",
      en: "the city's time is \(time), ahead of this machine's clock, which stood ahead once or is behind now (check "
        + "it): the city's time never goes back. Until the clock has caught up, times are shown, edits of policy latest are compared and "
        + "exceptions to locks end by it")
  }
}
