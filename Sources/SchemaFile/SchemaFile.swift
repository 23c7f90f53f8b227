import SyncCore

/// The schema as an application writes it (YAML) and as it travels (canonical JSON).
public enum SchemaFile {
  /// Reads a schema file. A schema that makes no sense is refused with `Failure(.data)`: line, reason, what to do.
  public static func read(_ yaml: String) throws -> Schema { try read([Part(name: "", text: yaml)]) }

  /// Reads a schema that is written in several files. The first one has the head; the others have only `records`.
  public static func read(_ parts: [Part]) throws -> Schema {
    let (schema, lines) = try SchemaReader.read(parts)
    do {
      return try SchemaRules.checked(schema)
    } catch let problem as SchemaProblem {
      let line = lines[problem.place]
      throw refusal(line.number, problem.message).within(line.file)
    }
  }

  public struct Part: Sendable {
    /// Said in refusals; empty when there is only one.
    public var name: String
    public var text: String

    public init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }
}

extension Failure {
  func within(_ file: String) -> Failure {
    file.isEmpty ? self : Failure(kind, zh: "\(file) \(message.zh)", en: "\(file) \(message.en)")
  }
}

/// Where in a schema something stands; the empty string: as a whole.
struct Place: Hashable {
  var record = ""
  var field = ""
  var key = ""
}

/// The line on which each part of a schema begins.
struct Lines {
  struct Line {
    var file: String
    var number: Int
  }
  private var known: [Place: Line] = [:]

  subscript(place: Place) -> Line {
    known[place] ?? known[Place(record: place.record, field: place.field)] ?? known[Place(record: place.record)]
      ?? known[Place(key: place.key)] ?? Line(file: "", number: 1)
  }

  mutating func note(_ number: Int, of file: String, at place: Place) {
    known[place] = Line(file: file, number: number)
  }
}

/// Why a schema makes no sense, wherever it came from.
struct SchemaProblem: Error {
  var place: Place
  var message: Label

  init(_ place: Place, zh: String, en: String) {
    self.place = place
    let name = [place.record, place.field].filter { !$0.isEmpty }.joined(separator: ".")
    message = name.isEmpty ? Label(zh: zh, en: en) : Label(zh: "\(name): \(zh)", en: "\(name): \(en)")
  }
}

func refusal(_ line: Int, _ message: Label) -> Failure {
  Failure(.data, zh: "第 \(line) 行:\(message.zh)", en: "line \(line): \(message.en)")
}

func refusal(_ line: Int, zh: String, en: String) -> Failure { refusal(line, Label(zh: zh, en: en)) }
