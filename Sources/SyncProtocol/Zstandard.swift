import CZstd

/// The compression of a body (RFC 8878).
enum Zstandard {
  static func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    guard let context = ZSTD_createCCtx() else { throw EnvelopeError.badCompression }
    defer { ZSTD_freeCCtx(context) }
    for (parameter, value) in parameters(bytes.count) { _ = ZSTD_CCtx_setParameter(context, parameter, value) }
    return try Array(unsafeUninitializedCapacity: bound) { out, count in
      let written = ZSTD_compress2(context, out.baseAddress, bound, bytes, bytes.count)
      guard ZSTD_isError(written) == 0 else { throw EnvelopeError.badCompression }
      count = written
    }
  }

  /// Edits, which are what mostly goes over a slow line: the optimal parser without much of a search makes a fifth less of them than
  /// the default level, at some 5 µs a change. The many whole rows of a first push hardly gain by it.
  private static let ofEdits: [(ZSTD_cParameter, CInt)] = [
    (ZSTD_c_strategy, CInt(ZSTD_btopt.rawValue)), (ZSTD_c_searchLog, 2), (ZSTD_c_minMatch, 3),
    (ZSTD_c_targetLength, 64),
  ]

  private static func parameters(_ count: Int) -> [(ZSTD_cParameter, CInt)] {
    (4 << 10...2 << 20).contains(count) ? ofEdits : []
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
