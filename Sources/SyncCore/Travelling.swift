// Who did something and why travels to everybody who hears of it, as far as anybody reads it. The log has all of it.

extension String {
  /// The most bytes of who and why in what the city tells.
  static let mostTold = 4096

  /// As it travels: what is longer is cut after a whole character, and says so.
  var travelling: String {
    let mark = "…"
    guard utf8.count > Self.mostTold else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: Self.mostTold - mark.utf8.count)
    // A byte that goes on with a character begins with the bits 10.
    while utf8[end] & 0xc0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end]) + mark
  }
}

extension Edit {
  var travelling: Edit { Edit(stamp: stamp, actor: actor.travelling) }
}

extension ParkedNotice {
  /// As it travels: of long words about it only the beginning is told.
  public var travelling: ParkedNotice {
    var notice = self
    notice.detail = Label(zh: detail.zh.travelling, en: detail.en.travelling)
    notice.edit = edit.travelling
    return notice
  }
}
