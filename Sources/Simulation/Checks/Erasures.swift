import Foundation
import SyncCore

// E4: what stood in a cell when it was erased stands in no file any more.
extension Town {
  func checkErasures() throws {
    let values = witness.erased.values.flatMap { $0 }.compactMap { erased -> String? in
      guard case .text(let text) = erased.value, text.count > 3, !text.hasPrefix("same") else { return nil }
      return text
    }
    if values.isEmpty { return }
    let ends = ["", "-wal"]
    let paths = [city.seat.path] + active.map(\.seat.path)
    for path in paths.flatMap({ path in ends.map { path + $0 } }).filter(FileManager.default.fileExists(atPath:)) {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      for value in values.sorted() where contains(data, value) {
        throw Violation(.erasure, "\(value) was erased and still stands in \((path as NSString).lastPathComponent)")
      }
    }
  }

  /// The value itself, not one of which it is the beginning.
  private func contains(_ data: Data, _ value: String) -> Bool {
    var start = data.startIndex
    while let range = data.range(of: Data(value.utf8), in: start..<data.endIndex) {
      let next = range.upperBound < data.endIndex ? data[range.upperBound] : 0
      if !(48...57).contains(next), next != 43 { return true }
      start = range.upperBound
    }
    return false
  }
}
