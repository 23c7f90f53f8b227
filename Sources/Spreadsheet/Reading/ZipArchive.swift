import CZip
import Glibc
import SyncCore

/// The parts of a zip file in memory. Nothing is unpacked to disk and no name is a path: names are only looked up.
final class ZipArchive {
  private let archive: OpaquePointer
  /// Indices by name in lower case, as names of parts do not differ by case (ECMA-376 part 2, 6.2.2).
  private var parts: [String: zip_uint64_t] = [:]
  /// Bytes that may still be unpacked.
  private var room: Int

  init(_ bytes: [UInt8], maxBytes: Int = SheetLimits.unpackedBytes) throws(Failure) {
    archive = try Self.open(bytes)
    room = maxBytes
    let count = zip_get_num_entries(archive, 0)
    guard count <= SheetLimits.parts else {
      throw ReadFailure.tooLarge("内含 \(count) 个文件", "it has \(count) files inside")
    }
    for index in 0..<zip_uint64_t(max(count, 0)) {
      guard let raw = zip_get_name(archive, index, 0) else { continue }
      // Some writers use the separators of Windows.
      let name = String(cString: raw).lowercased().split(separator: "\\").joined(separator: "/")
      guard parts.updateValue(index, forKey: name) == nil else {
        throw ReadFailure.damaged("\(name) 出现两次", "it has \(name) twice")
      }
    }
  }

  deinit { zip_discard(archive) }

  private static func open(_ bytes: [UInt8]) throws(Failure) -> OpaquePointer {
    guard let copy = malloc(max(bytes.count, 1)) else { throw ReadFailure.memory }
    bytes.withUnsafeBytes { if let from = $0.baseAddress { memcpy(copy, from, $0.count) } }
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let source = zip_source_buffer_create(copy, zip_uint64_t(bytes.count), 1, &error) else {
      free(copy)
      throw ReadFailure.memory
    }
    guard let archive = zip_open_from_source(source, Int32(ZIP_RDONLY), &error) else {
      zip_source_free(source)
      throw ReadFailure.damaged("不是完整的 zip 文件", "it is no complete zip file")
    }
    return archive
  }

  var names: some Collection<String> { parts.keys }
  func has(_ name: String) -> Bool { parts[name.lowercased()] != nil }

  /// Hands the part over piece by piece, unpacked.
  func read(_ name: String, _ take: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    guard let index = parts[name.lowercased()] else {
      throw ReadFailure.damaged("缺少 \(name)", "\(name) is missing")
    }
    try checkSize(index, name)
    guard let file = zip_fopen_index(archive, index, 0) else {
      throw ReadFailure.damaged("无法打开 \(name)", "\(name) cannot be opened")
    }
    defer { zip_fclose(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = Int(zip_fread(file, buffer.baseAddress, zip_uint64_t(buffer.count)))
      // The last call also compares the checksum.
      guard count >= 0 else { throw ReadFailure.damaged("\(name) 无法解压", "\(name) cannot be unpacked") }
      if count == 0 { return }
      // What the directory says may be a lie, so the bytes count.
      room -= count
      guard room >= 0 else { throw Self.tooMuch }
      try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  private func checkSize(_ index: zip_uint64_t, _ name: String) throws(Failure) {
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard zip_stat_index(archive, index, 0, &status) == 0 else {
      throw ReadFailure.damaged("无法打开 \(name)", "\(name) cannot be opened")
    }
    if status.encryption_method != 0 { throw ReadFailure.encrypted }
    guard status.size <= zip_uint64_t(max(room, 0)) else { throw Self.tooMuch }
  }

  private static let tooMuch = ReadFailure.tooLarge(
    "解压后超过 \(SheetLimits.unpackedBytes >> 20) MiB", "more than \(SheetLimits.unpackedBytes >> 20) MiB when unpacked")
}
