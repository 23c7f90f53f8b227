/// A promise that a run broke. The names are those of Protocol/SPEC.md; `defect` is an error that nobody should ever see.
public struct Violation: Error, Sendable, Equatable {
  public enum Invariant: String, Sendable {
    case conservation = "I1"
    case convergence = "I2"
    case exactlyOnce = "I3"
    case isolation = "I4"
    case progress = "I5"
    case constraints = "I6"
    case determinism = "I7"
    case growth = "I8"
    case policy = "M2"
    case review = "M3"
    case parking = "P4"
    case erasure = "E4"
    case trust = "T2"
    case defect
  }
  public var invariant: Invariant
  public var message: String
  /// The event during which it was found.
  public var event: Int?

  public init(_ invariant: Invariant, _ message: String) {
    self.invariant = invariant
    self.message = message
  }
}
