import Foundation
import Replica
import SyncCore
import SyncProtocol

/// Enrols a new replica with a city.
public enum Join {
  /// Proves the code to the city and the city to us, and returns what the replica's file starts from.
  /// Safe to repeat with the same key.
  public static func enrol(
    server: String, code: EnrolmentCode, key: SigningKey, transport: any Transport, clock: @Sendable () -> Int64
  ) async throws -> ReplicaMeta {
    do {
      let replica = key.publicKey.identifier
      let request = try EnrolRequest(code, replica: replica, key: key)
      let message = try request.message(signedBy: key, milliseconds: clock())
      let sealed = try SealedEnvelope(try await transport.welcome(message.bytes)[...])
      let welcome = try JSONDecoder().decode(Welcome.self, from: Data(try sealed.unverifiedBody()))
      let city = try VerifyingKey(bytes: [UInt8](hex: welcome.cityKey) ?? [])
      guard city.fingerprint == code.fingerprint else { throw wrongCity }
      let verified = try sealed.open(with: city)
      guard verified.header.kind == .welcome, verified.header.replica == replica else {
        throw EnvelopeError.notAMessage
      }
      return ReplicaMeta(
        replica: replica, org: welcome.org, epoch: verified.header.epoch, cityKey: city.bytes,
        cityAgreementKey: [UInt8](hex: welcome.agreementKey) ?? [], server: server, schemaText: welcome.schema,
        cursor: 0, lastSync: nil)
    } catch let refusal as Refusal { throw refusal.failure } catch let error as EnvelopeError {
      throw error.failure
    } catch is DecodingError {
      throw EnvelopeError.notAMessage.failure
    }
  }

  private static let wrongCity = Failure(
    .notAllowed, zh: "登记码属于另一座城市:服务器的密钥与登记码不符;请核对 --server",
    en: "the code belongs to another city: the server's key is not the one that it names; check --server")
}
