import Presentation
import SyncCore

/// Enough of a file to tell whether it is text.
enum TextSample {
  static func decode(_ bytes: [UInt8]) throws(Failure) -> String {
    // A cut may fall inside a character: then whole lines only.
    var sample = bytes.prefix(1 << 16)
    if sample.count < bytes.count, let end = sample.lastIndex(of: 0x0a) { sample = sample[...end] }
    return try TextEncoding.decode(Array(sample))
  }
}
