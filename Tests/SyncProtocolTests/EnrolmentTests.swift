import Foundation
import SyncCore
import SyncProtocol
import Testing

struct EnrolmentTests {
  static let code = EnrolmentCode(secret: Array(0..<10), fingerprint: Array(246...255))
  static let spelled = "000G-40R4-0M30-E209-YVVZ-HYFT-ZFYF-VZQZ"

  @Test func spelling() {
    let text = Self.code.description
    #expect(text == Self.spelled)
    #expect(EnrolmentCode(text) == Self.code)
  }

  @Test func everyCodeIsReadAsWritten() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let bytes = (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) }
      let code = EnrolmentCode(secret: Array(bytes.prefix(10)), fingerprint: Array(bytes.suffix(10)))
      #expect(EnrolmentCode(code.description) == code)
    }
  }

  @Test func anyCaseAndSpacing() {
    let text = Self.code.description
    #expect(EnrolmentCode(text.lowercased()) == Self.code)
    #expect(EnrolmentCode(text.replacingOccurrences(of: "-", with: "")) == Self.code)
    #expect(EnrolmentCode(" " + text.replacingOccurrences(of: "-", with: " ") + " ") == Self.code)
    #expect(EnrolmentCode(text.replacingOccurrences(of: "0", with: "O")) == Self.code)
    #expect(EnrolmentCode(text.replacingOccurrences(of: "0", with: "o")) == Self.code)
  }

  @Test(arguments: ["I", "i", "L", "l"])
  func oneIsForgiving(letter: String) {
    let ones = String(repeating: "1", count: 32)
    #expect(EnrolmentCode(ones) != nil)
    #expect(EnrolmentCode(String(repeating: letter, count: 32)) == EnrolmentCode(ones))
  }

  static let bad = [
    "", "-", "0", String(repeating: "0", count: 31), String(repeating: "0", count: 33),
    String(repeating: "0", count: 40),
    String(repeating: "U", count: 32), String(repeating: "*", count: 32), String(repeating: "０", count: 32),
    "0000_0000_0000_0000_0000_0000_0000_0000", String(repeating: "甲", count: 32),
  ]

  @Test(arguments: bad)
  func refuses(text: String) { #expect(EnrolmentCode(text) == nil) }

  @Test func namesItsCityAndItsCode() throws {
    var random = SystemRandomNumberGenerator()
    let city = try Sample.key(1).publicKey
    let code = EnrolmentCode(city: city, using: &random)
    #expect(code.fingerprint == Array(sha256(city.bytes).prefix(10)))
    #expect(code.secret.count == 10)
    #expect(code.name == Array(sha256(code.secret).prefix(8)).hex)
    #expect(EnrolmentCode(city: city, using: &random).secret != code.secret)
  }

  @Test func proofIsBoundToReplicaAndKey() {
    let key = Array(repeating: UInt8(1), count: 32)
    let proof = Self.code.proof(replica: Sample.id(1), publicKey: key)
    #expect(proof.count == 32)
    #expect(proof == Self.code.proof(replica: Sample.id(1), publicKey: key))
    #expect(proof != Self.code.proof(replica: Sample.id(2), publicKey: key))
    #expect(proof != Self.code.proof(replica: Sample.id(1), publicKey: Array(repeating: 2, count: 32)))
    let other = EnrolmentCode(secret: Array(1...10), fingerprint: Self.code.fingerprint)
    #expect(proof != other.proof(replica: Sample.id(1), publicKey: key))
  }

  /// The names of the JSON bodies are the protocol.
  @Test func jsonBodies() throws {
    func names(_ value: some Encodable) throws -> Set<String> {
      let object = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(value)) as? [String: Any]
      return Set(object?.keys.map { $0 } ?? [])
    }
    let key = try Sample.key(1)
    #expect(
      try names(EnrolRequest(Self.code, replica: Sample.id(1), key: key)) == [
        "code", "proof", "publicKey", "agreementKey",
      ])
    #expect(try names(Welcome(org: "A", city: key, schema: "{}")) == ["org", "cityKey", "agreementKey", "schema"])
    #expect(try names(Refusal(.gap, zh: "缺", en: "gap")) == ["code", "zh", "en"])
  }

  @Test func aFormerIdIsNamedInCapitalsToo() throws {
    let former = try Sample.key(3)
    var request = try EnrolRequest(Sample.key(1), after: former, kept: 0)
    request.formerly = request.formerly?.uppercased()
    #expect(request.isVouched(by: former.publicKey))
  }

  static let exits: [(Refusal.Code, Int32)] = [
    (.tampered, 76), (.fork, 76), (.replayed, 76), (.gap, 76), (.epoch, 76), (.schema, 76), (.unknownReplica, 77),
    (.withdrawn, 77), (.badCode, 77), (.limit, 65), (.busy, 75), (.defect, 69),
  ]

  @Test func exitCodes() {
    #expect(Set(Self.exits.map(\.0)) == Set(Refusal.Code.allCases))
    for (code, exit) in Self.exits { #expect(Refusal(code, zh: "", en: "").failure.kind.rawValue == exit, "\(code)") }
  }
}
