import SyncCore

/// What becomes of rows that differ: `--adopt` or `--set-back`.
/// - Returns: true: they are adopted; nil: neither was said.
public func adopting(adopt: Bool, setBack: Bool) throws -> Bool? {
  if adopt && setBack {
    throw Failure(.usage, zh: "--adopt 与 --set-back 只能选一个", en: "give --adopt or --set-back, not both")
  }
  return adopt ? true : setBack ? false : nil
}
