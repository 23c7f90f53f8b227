import SyncCore
import SyncProtocol

/// The readers of what others made: messages, bodies and files. Each gets any bytes at all.
public enum Reader: String, CaseIterable, Sendable {
  case envelope, changeset, batch, receipt, page, secrets, probe, answer, small, bundle, snapshot, schema, json, csv,
    xlsx

  /// What is wrong with the way in which these bytes were read; nil: they were read, or refused with an error of which people are told.
  public func finding(_ bytes: [UInt8]) -> String? {
    do { try read(bytes) } catch let finding as Finding { return finding.what } catch {
      return isTold(error) ? nil : "not an error that is told: \(error)"
    }
    return nil
  }

  /// Throws when the bytes are refused, and a `Finding` when they are read wrongly.
  public func read(_ bytes: [UInt8]) throws {
    switch self {
    case .envelope: try readEnvelope(bytes)
    case .changeset: try readChangeset(bytes)
    case .batch: try readBatch(bytes)
    case .receipt: try readReceipt(bytes)
    case .page: try readPage(bytes)
    case .secrets: try readSecrets(bytes)
    case .probe: try readProbe(bytes)
    case .answer: try readAnswer(bytes)
    case .small: try readSmall(bytes)
    case .bundle: try readBundle(bytes)
    case .snapshot: try readSnapshot(bytes)
    case .schema: try readSchema(bytes)
    case .json: try readCanonicalSchema(bytes)
    case .csv: try readCSV(bytes)
    case .xlsx: try readXLSX(bytes)
    }
  }
}

/// A property that does not hold.
public struct Finding: Error {
  public var what: String
}

func expect(_ holds: Bool, _ what: @autoclosure () -> String) throws {
  if !holds { throw Finding(what: what()) }
}

/// Whether callers of the readers tell people what this error says.
public func isTold(_ error: any Error) -> Bool {
  switch error {
  case is EnvelopeError, is CodecError, is BodyError, is Refusal: true
  case let failure as Failure: failure.kind != .defect
  default: false
  }
}
