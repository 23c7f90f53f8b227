import CZstd
import Crypto
import Foundation
import SyncCore

/// The file of a snapshot: one zstd frame around a SQLite file, packed and unpacked a piece at a time.
public enum SnapshotFile {
  private static let piece = 256 << 10
  /// What a reader gives a frame at most, as a power of two: 8 MiB.
  private static let mostWindow: Int32 = 23

  /// Compresses a file.
  /// - Returns: the lengths of the result and of the source, and the SHA-256 of the result.
  public static func pack(_ source: String, into target: String) throws -> (packed: Int64, raw: Int64, hash: [UInt8]) {
    let input = try reading(source)
    let output = try Output(target)
    guard let stream = ZSTD_createCCtx() else { throw outOfMemory }
    defer { ZSTD_freeCCtx(stream) }
    _ = ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, 3)
    var raw: Int64 = 0
    var room = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
    while true {
      let bytes = try read(input, source)
      raw += Int64(bytes.count)
      let isLast = bytes.isEmpty
      var left = 1
      var position = 0
      repeat {
        left = try bytes.withUnsafeBytes { part in
          try room.withUnsafeMutableBytes { space in
            var from = ZSTD_inBuffer(src: part.baseAddress, size: part.count, pos: position)
            var to = ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
            let code = ZSTD_compressStream2(stream, &to, &from, isLast ? ZSTD_e_end : ZSTD_e_continue)
            guard ZSTD_isError(code) == 0 else { throw outOfMemory }
            position = from.pos
            try output.write(UnsafeRawBufferPointer(start: space.baseAddress, count: to.pos))
            return code
          }
        }
      } while isLast ? left != 0 : position < bytes.count
      if isLast { break }
    }
    let (length, hash) = try output.close()
    return (length, raw, hash)
  }

  /// Checks the length and the hash of the file against its manifest before it unpacks a byte, and the unpacked length while
  /// it does. Throws `Failure`; what was written of the target until then is the caller's to remove.
  public static func unpack(_ source: String, _ manifest: SnapshotManifest, into target: String) throws {
    try check(source, manifest)
    let input = try reading(source)
    var bytes = try read(input, source)
    guard bytes.starts(with: Zstandard.magic) else { throw damaged }
    let output = try Output(target)
    guard let stream = ZSTD_createDCtx() else { throw outOfMemory }
    defer { ZSTD_freeDCtx(stream) }
    _ = ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, mostWindow)
    var room = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
    var written: Int64 = 0
    var left = 1
    while !bytes.isEmpty {
      var position = 0
      var isFull = false
      repeat {
        // After the frame nothing may follow.
        guard left != 0 else { throw damaged }
        try bytes.withUnsafeBytes { part in
          try room.withUnsafeMutableBytes { space in
            var from = ZSTD_inBuffer(src: part.baseAddress, size: part.count, pos: position)
            var to = ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
            left = ZSTD_decompressStream(stream, &to, &from)
            guard ZSTD_isError(left) == 0 else { throw damaged }
            position = from.pos
            isFull = to.pos == to.size
            written += Int64(to.pos)
            guard written <= manifest.raw else { throw damaged }
            try output.write(UnsafeRawBufferPointer(start: space.baseAddress, count: to.pos))
          }
        }
      } while position < bytes.count || (isFull && left != 0)
      bytes = try read(input, source)
    }
    guard left == 0, written == manifest.raw else { throw damaged }
    _ = try output.close()
  }

  /// Throws unless the file has the length and the hash that the manifest names.
  public static func check(_ source: String, _ manifest: SnapshotManifest) throws {
    let input = try reading(source)
    var hasher = SHA256()
    var length: Int64 = 0
    while true {
      let bytes = try read(input, source)
      if bytes.isEmpty { break }
      length += Int64(bytes.count)
      guard length <= manifest.packed else { throw damaged }
      hasher.update(data: bytes)
    }
    guard length == manifest.packed, Array(hasher.finalize()) == manifest.hash else { throw damaged }
  }

  private static func reading(_ path: String) throws -> FileHandle {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw Failure(.notFound, zh: "没有文件 \(path)", en: "there is no file \(path)")
    }
    return file
  }

  private static func read(_ file: FileHandle, _ path: String) throws -> Data {
    do { return try file.read(upToCount: piece) ?? Data() } catch {
      throw Failure(.disk, zh: "无法读取 \(path):\(error)", en: "cannot read \(path): \(error); check the disk")
    }
  }

  public static let damaged = Failure(
    .protocolViolation, zh: "快照文件不完整或被改动;未作任何更改,请重新同步",
    en: "the snapshot's file is incomplete or was changed; nothing was changed here, sync again")
  private static let outOfMemory = Failure(
    .defect, zh: "内存不足,无法处理快照", en: "there is not enough memory for the snapshot; nothing was changed")
}

/// A file that is written from its start and hashed on the way.
private final class Output {
  private let file: FileHandle
  private let path: String
  private var hasher = SHA256()
  private var length: Int64 = 0

  init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else {
      throw Failure(.disk, zh: "无法写入 \(path)", en: "cannot write \(path); check the disk and the permissions")
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.isEmpty { return }
    do { try file.write(contentsOf: Data(bytes)) } catch {
      throw Failure(
        .disk, zh: "无法写入 \(path):磁盘可能已满;请腾出空间后重试",
        en: "cannot write \(path), the disk may be full; free some space and try again")
    }
    hasher.update(bufferPointer: bytes)
    length += Int64(bytes.count)
  }

  func close() throws -> (length: Int64, hash: [UInt8]) {
    try file.close()
    return (length, Array(hasher.finalize()))
  }
}
