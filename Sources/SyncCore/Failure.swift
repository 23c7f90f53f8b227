/// A text in the two languages that users see.
public struct Label: Hashable, Sendable, Codable {
  public var zh: String
  public var en: String

  public init(zh: String, en: String) {
    self.zh = zh
    self.en = en
  }
}

/// What went wrong, for a person: what happened, to which row, and what to do next.
public struct Failure: Error, Sendable, Equatable {
  /// What a caller may decide on. The raw values are the exit codes of sysexits.h.
  public enum Kind: Int32, Sendable {
    case usage = 64
    case data = 65
    case notFound = 66
    case unreachable = 69
    case defect = 70
    case disk = 74
    case busy = 75
    case protocolViolation = 76
    case notAllowed = 77
    case configuration = 78
  }
  public var kind: Kind
  public var message: Label

  public init(_ kind: Kind, zh: String, en: String) {
    self.kind = kind
    message = Label(zh: zh, en: en)
  }
}
