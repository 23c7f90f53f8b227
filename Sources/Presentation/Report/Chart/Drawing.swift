/// A number in a drawing, to a tenth; never anything but digits, a point and a sign.
func coordinate(_ number: Double) -> String {
  guard number.isFinite else { return "0" }
  let tenths = Int((max(-100_000, min(100_000, number)) * 10).rounded())
  let sign = tenths < 0 ? "-" : ""
  return sign + String(tenths.magnitude / 10) + (tenths % 10 == 0 ? "" : "." + String(tenths.magnitude % 10))
}

/// The pieces that charts are made of. Lengths are in the drawing's own units, about a pixel each.
enum Drawing {
  static let width = 720.0
  static let textSize = 12.0

  /// Colours that stay apart for the colour-blind, in turns dark and light so that they do on grey paper too.
  static let colors = ["#1f4e79", "#f0a830", "#2a8c6a", "#e3a3c4", "#8c2d04", "#7fbde6", "#595959", "#c5bf4a"]

  static func color(_ index: Int) -> String { colors[index % colors.count] }

  /// Text that is read on that colour.
  static func textColor(on index: Int) -> String {
    [0, 2, 4, 6].contains(index % colors.count) ? "#ffffff" : "#000000"
  }

  enum Anchor: String { case start, middle, end }

  static func text(
    _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, more: [(String, String)] = []
  ) -> Markup {
    let place = [("x", coordinate(x)), ("y", coordinate(y)), ("text-anchor", anchor.rawValue)]
    return Markup("text", place + [("font-size", coordinate(textSize))] + more, text: text)
  }

  static func line(_ from: (Double, Double), _ to: (Double, Double), _ color: String, width: Double = 1) -> Markup {
    Markup(
      "line",
      [
        ("x1", coordinate(from.0)), ("y1", coordinate(from.1)), ("x2", coordinate(to.0)), ("y2", coordinate(to.1)),
        ("stroke", color), ("stroke-width", coordinate(width)),
      ])
  }

  static func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String) -> Markup {
    Markup(
      "rect",
      [
        ("x", coordinate(x)), ("y", coordinate(y)), ("width", coordinate(max(0, width))),
        ("height", coordinate(max(0, height))), ("fill", fill),
      ])
  }

  /// A target: a black mark with a white edge, seen on a bar and beside it.
  static func mark(_ x: Double, _ top: Double, _ bottom: Double) -> Markup {
    Markup(
      "g", [],
      [line((x, top), (x, bottom), "#ffffff", width: 5), line((x, top), (x, bottom), "#000000", width: 2.4)])
  }

  /// A group whose parts show the text when a pointer rests on them.
  static func group(_ title: String, _ parts: [Markup]) -> Markup {
    Markup("g", [], [Markup("title", text: title)] + parts)
  }

  /// About how wide the text is drawn; fonts differ.
  static func textWidth(_ text: String) -> Double { Double(displayWidth(text)) * textSize * 0.56 }

  /// The text cut to a width, with an ellipsis.
  static func shortened(_ text: String, to width: Double) -> String {
    guard textWidth(text) > width else { return text }
    var out = text
    while !out.isEmpty, textWidth(out + "…") > width { out.removeLast() }
    return out + "…"
  }

  /// Every how manyth of the labels is written, so that they do not touch; each has this much room.
  static func labelStep(_ labels: [String], room: Double) -> Int {
    let need = (labels.map(textWidth).max() ?? 0) + 8
    return max(1, Int((need / max(1, room)).rounded(.up)))
  }

  static func tickText(_ number: Double) -> String { ReportNumber.decimal(number) ?? "" }
}
