import Foundation
import Replica
import SyncCore
import SyncProtocol

/// What a new machine starts from on a stick, verified by the code alone.
public struct FirstStep {
  public let meta: ReplicaMeta
  private let bundle: BundleReader
  private let snapshot: Envelope
  private let code: EnrolmentCode

  /// Opens what `city snapshot` wrote.
  /// - Parameter server: the city's address, for the day when there is a network; may be empty.
  public init(_ file: String, code: EnrolmentCode, key: SigningKey, server: String) throws {
    bundle = try BundleReader(file, .first, with: .code(code))
    self.code = code
    try bundle.verify()
    do {
      guard let sealed = try bundle.message(), let following = try bundle.message() else {
        throw EnvelopeError.notAMessage
      }
      let welcome = try JSONDecoder().decode(Welcome.self, from: Data(try sealed.unverifiedBody()))
      let city = try VerifyingKey(bytes: [UInt8](hex: welcome.cityKey) ?? [])
      guard city.fingerprint == code.fingerprint else { throw Self.otherCity(file) }
      let verified = try sealed.open(with: city)
      guard verified.header.kind == .welcome, verified.header.replica == .city else { throw EnvelopeError.notAMessage }
      snapshot = try following.open(with: city)
      guard snapshot.header.kind == .snapshot, snapshot.header.epoch == verified.header.epoch else {
        throw EnvelopeError.notAMessage
      }
      meta = ReplicaMeta(
        replica: key.publicKey.identifier, org: welcome.org, epoch: verified.header.epoch, cityKey: city.bytes,
        cityAgreementKey: [UInt8](hex: welcome.agreementKey) ?? [], server: server, schemaText: welcome.schema,
        cursor: 0, lastSync: nil)
    } catch let failure as Failure { throw failure } catch { throw BundleFailure.damaged(file) }
  }

  /// Fills a replica that was just created with this step's `meta`. It asks to be enrolled with its first exchange.
  public func fill(_ replica: Replica) throws -> ReceiveSummary {
    try replica.keepEnrolment(code)
    return try bundle.withFile(of: snapshot, beside: replica.path) {
      try replica.receive(receipts: [], snapshot: snapshot, file: $0)
    }
  }

  private static func otherCity(_ file: String) -> Failure {
    Failure(
      .notAllowed, zh: "登记码与 \(file) 不属于同一座城市;请核对登记码和文件",
      en: "the code belongs to another city than \(file); check the code and the file")
  }
}

extension BundleReader {
  /// Runs the body with the file of a snapshot, which is what is left of the bundle.
  func withFile<T>(of snapshot: Envelope, beside path: String, _ body: (String) throws -> T) throws -> T {
    let copy = "\(path).bundle-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: copy) }
    guard try writeRest(to: copy) == SnapshotManifest(snapshot.body).packed else { throw BundleFailure.damaged(file) }
    return try body(copy)
  }
}
