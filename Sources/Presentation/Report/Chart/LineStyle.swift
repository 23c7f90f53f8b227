/// How a line is told from the others, also without colour.
struct LineStyle {
  private let color: String
  private let dash: String?
  private let shape: Int

  init(_ index: Int) {
    // Pale colours are for areas; a thin line of them is not seen on white.
    let colors = ["#1f4e79", "#c77700", "#2a8c6a", "#b0417f", "#8c2d04", "#2f86c1", "#595959", "#857c00"]
    color = colors[index % colors.count]
    dash = [nil, "7 3", "2 3"][index / 4 % 3]
    shape = index % 4
  }

  private init(color: String, dash: String?, shape: Int) {
    self.color = color
    self.dash = dash
    self.shape = shape
  }

  static let target = LineStyle(color: "#000000", dash: "10 4 2 4", shape: -1)

  func stroke(_ points: [(Double, Double)]) -> Markup {
    let list = points.map { coordinate($0.0) + "," + coordinate($0.1) }.joined(separator: " ")
    let dashes = dash.map { [("stroke-dasharray", $0)] } ?? []
    let paint = [("fill", "none"), ("stroke", color), ("stroke-width", "2"), ("stroke-linejoin", "round")]
    return Markup("polyline", [("points", list)] + paint + dashes)
  }

  /// A circle, a square, a triangle or a diamond; the target's line has none.
  func marker(at point: (Double, Double)) -> Markup {
    let (x, y) = point
    let corners: [(Double, Double)]
    switch shape {
    case 0:
      return Markup("circle", [("cx", coordinate(x)), ("cy", coordinate(y)), ("r", "3.6"), ("fill", color)])
    case 1: corners = [(-3.4, -3.4), (3.4, -3.4), (3.4, 3.4), (-3.4, 3.4)]
    case 2: corners = [(0, -4.6), (4.4, 3.4), (-4.4, 3.4)]
    case 3: corners = [(0, -5), (5, 0), (0, 5), (-5, 0)]
    default: return Markup("circle", [("cx", coordinate(x)), ("cy", coordinate(y)), ("r", "1.5"), ("fill", color)])
    }
    let list = corners.map { coordinate(x + $0.0) + "," + coordinate(y + $0.1) }.joined(separator: " ")
    return Markup("polygon", [("points", list), ("fill", color)])
  }

  func swatch(_ x: Double, _ y: Double) -> [Markup] {
    [stroke([(x, y), (x + 22, y)])] + (shape < 0 ? [] : [marker(at: (x + 11, y))])
  }
}
