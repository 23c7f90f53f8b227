import Foundation
import SyncCore
import Testing

@testable import SyncProtocol

/// Every golden message, body and bundle, cut after every byte and with every bit flipped: what is signed or sealed is
/// refused; a bare body is refused with a typed error, or says something that is written again as the same bytes.
@Suite struct EveryBitTests {
  @Test func noMessageIsTakenThatNobodySigned() throws {
    let file: EnvelopeVectorTests.File = try VectorFile.read("envelope.json")
    let key = try VerifyingKey(bytes: try #require([UInt8](hex: file.publicKey)))
    var seen: Set<UInt8> = []
    for item in file.messages {
      let bytes = try #require([UInt8](hex: item.message))
      let cuts = bytes.indices.map { (Array(bytes.prefix($0)), "cut after \($0)") }
      // Every bit of one message of each kind; of the others one bit a byte.
      let isFirst = seen.insert(item.kind).inserted
      let flipped = FlippedBits(bytes).enumerated().filter { isFirst || $0.offset % 9 == 0 }.map(\.element)
      for (changed, place) in flipped + cuts {
        do {
          _ = try SealedEnvelope(changed[...]).open(with: key)
          Issue.record("\(item.name) is taken, \(place)")
        } catch is EnvelopeError {}
      }
    }
  }

  @Test func aBodyIsRefusedOrWrittenAsItCame() throws {
    for item in try BodyVectors.good() {
      // Of long ones one bit a byte.
      let isLong = item.bytes.count > 500
      for (index, (changed, place)) in FlippedBits(item.bytes).enumerated() where !isLong || index % 9 == 0 {
        check(item.kind, changed, "\(item.name), \(place)")
      }
      for count in item.bytes.indices {
        check(item.kind, Array(item.bytes.prefix(count)), "\(item.name), cut after \(count)")
      }
    }
  }

  /// The typed errors of readers.
  private func isTyped(_ error: any Error) -> Bool {
    error is CodecError || error is BodyError || error is EnvelopeError || error is DecodingError
  }

  private func check(_ kind: MessageKind, _ bytes: [UInt8], _ what: String) {
    do {
      let again = try reread(kind, bytes)
      let isSame = try kind.isJSON ? reread(kind, again) == again : again == normal(kind, bytes)
      if !isSame { Issue.record("\(kind) \(what): reads as something else") }
    } catch {
      if !isTyped(error) { Issue.record("\(kind) \(what): \(error)") }
    }
  }
}
