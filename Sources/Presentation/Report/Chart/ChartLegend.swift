/// What the colours, lines and marks of a chart mean, in as many lines as it takes.
struct ChartLegend {
  private(set) var parts: [Markup] = []
  /// 0 without anything to explain.
  private(set) var height = 0.0

  struct Item {
    var name: String
    /// Draws the item's sign at (x, y), 22 wide, centred on y.
    var swatch: (Double, Double) -> [Markup]
  }

  init(_ items: [Item]) {
    var x = 0.0
    var y = 10.0
    for item in items {
      let name = Drawing.shortened(item.name, to: 260)
      let width = 28 + Drawing.textWidth(name) + 18
      if x > 0, x + width > Drawing.width {
        x = 0
        y += 20
      }
      parts += item.swatch(x, y) + [Drawing.text(name, x + 28, y + 4)]
      x += width
    }
    height = items.isEmpty ? 0 : y + 16
  }

  static func box(_ index: Int) -> (Double, Double) -> [Markup] {
    { [Drawing.rectangle($0 + 4, $1 - 6, 14, 12, fill: Drawing.color(index))] }
  }

  static func mark(_ x: Double, _ y: Double) -> [Markup] { [Drawing.mark(x + 11, y - 8, y + 8)] }
}
