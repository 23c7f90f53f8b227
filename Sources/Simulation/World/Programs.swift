/// The programs that have one file open: two take turns, and each keeps what it knows of the file.
struct Programs<Program> {
  private var opened: [Program?] = [nil, nil]
  /// The one that acts.
  var acting = 0

  /// The program that acts; nil: it has not begun, or the machine is down.
  var current: Program? {
    get { opened[acting] }
    set { opened[acting] = newValue }
  }

  var all: [Program] { opened.compactMap(\.self) }

  mutating func stop() { opened = [nil, nil] }
}
