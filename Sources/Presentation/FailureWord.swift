import SyncCore

extension Failure.Kind {
  /// The kind in one word, for machines.
  public var word: String {
    switch self {
    case .usage: "usage"
    case .data: "data"
    case .notFound: "not_found"
    case .unreachable: "unreachable"
    case .defect: "defect"
    case .disk: "disk"
    case .busy: "busy"
    case .protocolViolation: "protocol"
    case .notAllowed: "not_allowed"
    case .configuration: "configuration"
    }
  }
}
