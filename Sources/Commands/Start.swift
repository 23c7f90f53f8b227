import CHeap
import SQLiteStore

/// What a program does before anything else, on its first thread.
public enum Start {
  /// Most of a short command is reading the schema of its file: many small pieces of memory, for one thread after another.
  /// - Parameter isServer: whether it stays, and chooses its own heaps.
  public static func prepare(isServer: Bool = false) {
    Connection.countNoMemory()
    if !isServer { cheap_one() }
  }
}
