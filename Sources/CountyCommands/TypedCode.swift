import SyncCore
import SyncProtocol

extension EnrolmentCode {
  /// A code as somebody typed it.
  init(typed text: String) throws {
    guard let code = EnrolmentCode(text) else {
      throw Failure(
        .notAllowed, zh: "登记码 \(text) 格式不对;请核对每个字符", en: "\(text) is not an enrolment code; check every letter")
    }
    self = code
  }
}
