import SyncCore

/// What one part of a package points to.
final class Relationships: XMLHandler {
  private struct Target {
    var type: String
    var part: String
  }
  private let folder: [Substring]
  private var targets: [String: Target] = [:]

  /// Those of a part; those of the package itself when `part` is empty.
  init(of part: String, in archive: ZipArchive) throws(Failure) {
    var path = part.split(separator: "/")
    let file = path.popLast() ?? ""
    folder = path
    let name = (path + ["_rels", "\(file).rels"]).joined(separator: "/")
    if archive.has(name) { try archive.parse(name, self) }
  }

  func part(_ id: String) -> String? { targets[id]?.part }

  /// The first part of a kind. The kind's namespace differs between the two editions of the standard, its end does not.
  func part(ofType end: String) -> String? {
    targets.sorted { $0.key < $1.key }.first { $0.value.type.hasSuffix("/" + end) }?.value.part
  }

  func isWorksheet(_ id: String) -> Bool { targets[id]?.type.hasSuffix("/worksheet") == true }

  func start(_ name: String, _ attributes: XMLAttributes) throws(Failure) {
    guard name == "Relationship", attributes["TargetMode"] != "External" else { return }
    guard let id = attributes["Id"], let type = attributes["Type"], let target = attributes["Target"] else { return }
    targets[id] = Target(type: type, part: try resolve(target))
    try ReadFailure.limit(targets.count, SheetLimits.parts, "内部引用", "references inside")
  }

  func end(_ name: String) {}
  func text(_ bytes: UnsafeBufferPointer<UInt8>) {}

  private func resolve(_ target: String) throws(Failure) -> String {
    var path = target.hasPrefix("/") ? [] : folder
    for step in target.split(separator: "/") {
      switch step {
      case ".": continue
      case "..":
        guard path.popLast() != nil else {
          throw ReadFailure.damaged("引用 \(target) 超出文件", "the reference \(target) leads out of the file")
        }
      default: path.append(step)
      }
    }
    return path.joined(separator: "/")
  }
}
