import ArgumentParser
import Foundation
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// What the commands that county and city share need of either.
public protocol Program: Sendable {
  associatedtype Store: RecordStore
  /// The name of the executable.
  static var name: String { get }
  static func open(home: URL) throws -> Store
  static func history(_ store: Store, _ record: RecordSchema, _ key: RowKey) throws -> History
  /// What was decided here and the city has not answered, by conflict.
  static func pendingDecisions(_ store: Store) throws -> [Int64: Decision]
  /// Everything that is wrong. Empty: all is well.
  static func verify(_ store: Store) throws -> [Label]
  /// What was erased of personal data, in sentences without it.
  static func erased(_ store: Store) throws -> [Label]
  /// What `verify` could not check, and why that is no fault.
  static func unchecked(_ store: Store) throws -> [Label]
  /// What else a person should know, though nothing is wrong.
  static func notes(_ store: Store) throws -> [Label]
}

extension Program {
  public static func pendingDecisions(_ store: Store) throws -> [Int64: Decision] { [:] }
  public static func erased(_ store: Store) throws -> [Label] { [] }
  public static func unchecked(_ store: Store) throws -> [Label] { [] }
  public static func notes(_ store: Store) throws -> [Label] { [] }

  /// What this program understands: of the wire, and of schemas (U5).
  public static var version: String { "\(name): protocol \(Header.version), schema level \(Schema.level)" }

  /// Where the home is found when no flag names it.
  public static var homeVariable: String { "\(name.uppercased())_HOME" }
}

/// What is known of one row's past.
public struct History: Sendable {
  public struct Line: Sendable {
    public var at: Stamp?
    public var received: Stamp?
    public var actor: String
    public var replica: String
    /// As `outcome`, the English one is for programs too.
    public var what: Label
    /// Field, old value, new value.
    public var cells: [(field: String, old: Value, new: Value)]
    public var outcome: Label

    public init(
      at: Stamp?, received: Stamp?, actor: String, replica: String, what: Label,
      cells: [(field: String, old: Value, new: Value)], outcome: Label
    ) {
      self.at = at
      self.received = received
      self.actor = actor
      self.replica = replica
      self.what = what
      self.cells = cells
      self.outcome = outcome
    }
  }
  public var lines: [Line]
  /// Said when the history may be incomplete.
  public var note: Label?

  public init(lines: [Line], note: Label? = nil) {
    self.lines = lines
    self.note = note
  }
}

extension Change {
  /// The cells that it changed, with old and new value.
  public func cells(_ record: RecordSchema) -> [(field: String, old: Value, new: Value)] {
    touchedColumns(record).compactMap { column in
      let (old, new) = (self.old[column] ?? .null, self.new[column] ?? .null)
      return old == new ? nil : (record.fields[column].name, old, new)
    }
  }
}
