import SyncCore

/// The schema as an application writes it (YAML) and as it travels (canonical JSON).
public enum SchemaFile {
  /// Reads a schema file. A schema that makes no sense is refused with `Failure(.data)`: line, reason, what to do.
  public static func read(_ yaml: String) throws -> Schema {
    let (schema, lines) = try SchemaReader.read(yaml)
    do {
      return try SchemaRules.checked(schema)
    } catch let problem as SchemaProblem {
      throw refusal(lines[problem.place], problem.message)
    }
  }
}

/// Where in a schema something stands; the empty string: as a whole.
struct Place: Hashable {
  var record = ""
  var field = ""
  var key = ""
}

/// The line on which each part of a schema file begins.
struct Lines {
  private var known: [Place: Int] = [:]

  subscript(place: Place) -> Int {
    get {
      known[place] ?? known[Place(record: place.record, field: place.field)] ?? known[Place(record: place.record)]
        ?? known[Place(key: place.key)] ?? 1
    }
    set { known[place] = newValue }
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
