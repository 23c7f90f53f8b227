import SyncCore

/// A JSON value (RFC 8259) that keeps 64-bit integers and the order of its keys.
public indirect enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  /// A cell as scripts see it: blobs are base64.
  public init(_ value: Value) {
    switch value {
    case .null: self = .null
    case .integer(let x): self = .integer(x)
    case .real(let x): self = .number(x)
    case .text(let x): self = .string(x)
    case .blob(let x): self = .string(Base64.encode(x))
    }
  }

  /// Indented by two spaces, no line break at the end. Infinities and NaN, which JSON has not, become null.
  public func text() -> String {
    var out = ""
    write(to: &out, indent: "")
    return out
  }

  private func write(to out: inout String, indent: String) {
    switch self {
    case .null: out += "null"
    case .bool(let x): out += x ? "true" : "false"
    case .integer(let x): out += String(x)
    case .number(let x): out += x.isFinite ? x.description : "null"
    case .string(let x): Self.write(x, to: &out)
    case .array(let items):
      Self.write(items, "[", "]", to: &out, indent: indent) { $1.write(to: &$0, indent: $2) }
    case .object(let members):
      Self.write(members, "{", "}", to: &out, indent: indent) { out, member, inner in
        Self.write(member.0, to: &out)
        out += ": "
        member.1.write(to: &out, indent: inner)
      }
    }
  }

  private static func write<Item>(
    _ items: [Item], _ open: String, _ close: String, to out: inout String, indent: String,
    item: (inout String, Item, String) -> Void
  ) {
    out += open
    let inner = indent + "  "
    for (index, next) in items.enumerated() {
      out += (index == 0 ? "\n" : ",\n") + inner
      item(&out, next, inner)
    }
    out += items.isEmpty ? close : "\n" + indent + close
  }

  private static func write(_ string: String, to out: inout String) {
    out += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      // RFC 8259 asks for C0 only; DEL and C1 too, because terminals obey them.
      case "\0"..."\u{1f}", "\u{7f}"..."\u{9f}":
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}
