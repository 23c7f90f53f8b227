import CZstd

/// The compression of a body (RFC 8878).
enum Zstandard {
  static func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return try Array(unsafeUninitializedCapacity: bound) { out, count in
      let written = ZSTD_compress(out.baseAddress, bound, bytes, bytes.count, 3)
      guard ZSTD_isError(written) == 0 else { throw EnvelopeError.badCompression }
      count = written
    }
  }

  /// How a frame of RFC 8878 begins. The library also reads formats from before, without the limits of this one.
  static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

  /// One frame and nothing else.
  /// - Parameter length: the exact length that the header names; it has been checked against the limit.
  static func decompress(_ bytes: ArraySlice<UInt8>, length: Int) throws -> [UInt8] {
    guard bytes.starts(with: magic) else { throw EnvelopeError.badCompression }
    return try bytes.withUnsafeBytes { source in
      let stated = ZSTD_getFrameContentSize(source.baseAddress, source.count)
      guard stated == UInt64(length),
        ZSTD_findFrameCompressedSize(source.baseAddress, source.count) == source.count
      else { throw EnvelopeError.badCompression }
      return try Array(unsafeUninitializedCapacity: length) { out, count in
        let written = ZSTD_decompress(out.baseAddress, length, source.baseAddress, source.count)
        guard ZSTD_isError(written) == 0, written == length else { throw EnvelopeError.badCompression }
        count = written
      }
    }
  }
}
