import Foundation

extension Encodable {
  /// As the body of a message that is JSON: its members in order, so that one request has one text.
  public func jsonBody() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return [UInt8](try encoder.encode(self))
  }
}
