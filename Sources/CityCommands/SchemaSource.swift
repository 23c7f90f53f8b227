import Foundation
import Registry
import SchemaFile
import SyncCore

/// Where a command finds a schema: a YAML file, a folder of files, or else the registry's own of this build.
enum SchemaSource {
  /// With the form by which messages name it, which a file may hold itself: a version that a machine has is found in its file.
  static func stated(_ path: String?) throws -> (schema: Schema, text: String) {
    if let path, let form = try? text(of: path).trimmingCharacters(in: .whitespacesAndNewlines), form.hasPrefix("{"),
      let schema = try? SchemaFile.parse(canonicalJSON: form)
    {
      return (schema, form)
    }
    let schema = try read(path)
    return (schema, try SchemaFile.canonicalJSON(schema))
  }

  static func read(_ path: String?) throws -> Schema {
    guard let path else { return try Registry.schema() }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return try SchemaFile.read(try text(of: path))
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let parts = try names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map {
      SchemaFile.Part(name: $0, text: try text(of: "\(path)/\($0)"))
    }
    return try SchemaFile.read(parts)
  }

  private static func text(of file: String) throws -> String {
    if let text = try? String(contentsOfFile: file, encoding: .utf8) { return text }
    throw Failure(.notFound, zh: "无法读取模式文件 \(file)", en: "cannot read the schema file \(file) as UTF-8")
  }
}
