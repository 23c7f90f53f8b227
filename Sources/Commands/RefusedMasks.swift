import Presentation
import SyncCore

extension RecordSchema {
  /// How a person's data is shown is no value.
  func refuseMasks(_ cells: [Int: Value]) throws {
    for (column, value) in cells.sorted(by: { $0.key < $1.key }) { try refuseMask(value, fields[column]) }
  }

  func refuseMask(_ value: Value, _ field: Field) throws {
    guard Masking.isMask(value, field) else { return }
    throw Failure(
      .data,
      zh: "\(name).\(field.name):这是隐去部分内容的显示,不是完整的值;请填写完整,或用 show、export 加 --reveal 查看",
      en:
        "\(name).\(field.name): is how personal data is shown masked, not the value; type it in full, or look with "
        + "show or export --reveal")
  }
}
