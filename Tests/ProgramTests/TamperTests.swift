import Foundation
import Testing

// What comes over the wire is verified before anything of it applies, on both sides.

@Suite struct TamperTests {
  /// Places of a message: magic, kind, number, body hash, signature, the last byte of the body.
  @Test(arguments: [0, 5, 47, 110, 150, -1])
  func anAnswerWithAFlippedBit(_ position: Int) async throws {
    try await expectProtocolFailure(.flipAnswer, at: position)
  }

  @Test func anAnswerThatWasCut() async throws { try await expectProtocolFailure(.cutAnswer) }

  @Test(arguments: [0, 110, 150, -1])
  func aRequestWithAFlippedBit(_ position: Int) async throws {
    try await expectProtocolFailure(.flipRequest, at: position)
  }

  private func expectProtocolFailure(_ harm: Relay.Harm, at position: Int = 0) async throws {
    let town = try await registryTown()
    let id = try await sharedEnterprise(town)
    try await town.county("two", ["edit", "enterprise", id, "address=新址"])
    try await town.sync("two")
    try await town.county("one", ["edit", "enterprise", id, "name=海州甲新公司"])
    let before = try await town.county("one", ["show", "enterprise", id]).out
    let relay = try await Relay(town, harm: harm, at: position)
    expectFailure(try await town.tryCounty("one", ["sync", "--server", relay.url]), 76, "changed")
    #expect(try await town.county("one", ["show", "enterprise", id]).out == before)
    try await town.county("one", ["sync", "--server", town.url])
    let row = try await town.county("one", ["show", "enterprise", id, "--json"]).object
    #expect(row["name"] as? String == "海州甲新公司" && row["address"] as? String == "新址")
    // Once, however often it was sent.
    #expect(try await town.city(["history", "enterprise", id, "--json"]).list.count == 3)
    #expect(try await town.city(["show", "enterprise", id, "--json"]).object["name"] as? String == "海州甲新公司")
  }

  @Test func bytesThatNoReplicaSigned() async throws {
    let town = try await registryTown([("one", "320706")])
    let relay = try await Relay(town)
    try await town.county("one", ["add", "enterprise", "name=甲"])
    try await town.county("one", ["sync", "--server", relay.url])
    let body = try #require(relay.requests.last)
    var unsigned = body
    unsigned.replaceSubrange(136..<200, with: Array(repeating: 0, count: 64))
    var stranger = body
    stranger[8] ^= 0xff
    let url = town.url + "/v1/sync"
    #expect(try await status(posting: unsigned, to: url) == 400)
    #expect(try await status(posting: Array(body.dropLast()), to: url) == 400)
    #expect(try await status(posting: Array("hello".utf8), to: url) == 400)
    #expect(try await status(posting: [], to: url) == 400)
    #expect(try await status(posting: stranger, to: url) == 403)
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func aRequestThatIsReplayed() async throws {
    let town = try await registryTown([("one", "320706")])
    let relay = try await Relay(town)
    let id = try await town.county("one", ["add", "enterprise", "name=甲", "--json"]).object["id"] as? String ?? ""
    try await town.county("one", ["sync", "--server", relay.url])
    for request in relay.requests {
      #expect(try await status(posting: request, to: town.url + "/v1/sync") == 409)
    }
    #expect(try await town.city(["history", "enterprise", id, "--json"]).list.count == 1)
    try await town.sync("one")
  }

  @Test func aReplicaThatWasWithdrawn() async throws {
    let town = try await registryTown()
    let id = try await town.county("one", ["status", "--json"]).object["replica"] as? String ?? ""
    try await town.county("one", ["add", "enterprise", "name=甲"])
    try await town.city(["withdraw", id])
    expectFailure(try await town.tryCounty("one", ["sync"]), 77, "withdrawn")
    #expect(try await town.county("one", ["list", "enterprise", "--json"]).list.count == 1)
    #expect(try await town.city(["list", "enterprise", "--json"]).out == "[]\n")
    try await town.sync("two")
  }

  /// A replica file that somebody copied to a second machine: its next batch has a number that was used.
  @Test func aReplicaThatWasCloned() async throws {
    let town = try await registryTown([("one", "320706")])
    try await town.sqlite(town.replica("one"), "PRAGMA wal_checkpoint(TRUNCATE)")
    try FileManager.default.copyItem(atPath: town.path("one"), toPath: town.path("clone"))
    for home in ["one", "clone"] { try await town.county(home, ["add", "enterprise", "name=\(home)"]) }
    try await town.sync("one")
    expectFailure(try await town.tryCounty("clone", ["sync"]), 76, "county rejoin")
    #expect(try await town.city(["list", "enterprise", "--json"]).list.count == 1)
    #expect(try await town.county("clone", ["list", "enterprise", "--json"]).list.count == 1)
  }

  /// A city that serves HTTPS, and the files of its certificate and the private key.
  private func secureTown() async throws -> (Town, certificate: String, key: String) {
    let town = try await Town()
    let (certificate, key) = try await certified("city", town)
    try await town.serve(["--certificate", certificate, "--private-key", key])
    return (town, certificate, key)
  }

  private func certified(_ name: String, _ town: Town) async throws -> (certificate: String, key: String) {
    let (certificate, key) = (town.path("\(name)-cert.pem"), town.path("\(name)-key.pem"))
    try await need([
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
      "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
    ])
    return (certificate, key)
  }

  @Test func httpsWithACertificateOfOnesOwn() async throws {
    let (town, certificate, _) = try await secureTown()
    #expect(town.url.hasPrefix("https://127.0.0.1:"))
    let code = try await town.code("320706")
    let join = ["init", "--server", town.url, "--code", code]
    expectFailure(try await town.tryCounty("one", join), 69, "is not trusted")
    try await town.county("one", join + ["--certificate", certificate])
    try await town.county("one", ["add", "enterprise", "name=甲"])
    // The certificate is remembered.
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
    #expect(try await town.city(["list", "enterprise", "--json"]).list.count == 1)
  }

  /// Nor is it when the other end speaks no TLS.
  @Test func aLineThatIsCutInTheHandshakeIsNoDistrust() async throws {
    let (town, certificate, _) = try await secureTown()
    let code = try await town.code("320706")
    try await town.county("one", ["init", "--server", town.url, "--code", code, "--certificate", certificate])
    let (cutter, plain) = (try await Cutter(town, after: 700), try await registryTown([]))
    for url in [cutter.url, plain.url] {
      let secure = url.replacing("http:", with: "https:")
      let outcome = try await town.tryCounty("one", ["sync", "--server", secure])
      expectFailure(outcome, 69, "cannot be reached")
      #expect(!outcome.err.contains("trusted"))
    }
    #expect(cutter.connections > 0)
    await plain.stop()
    try await town.sync("one")
  }

  @Test func aCertificateThatIsNotTheCitysReplacesNoOther() async throws {
    let (town, certificate, _) = try await secureTown()
    let code = try await town.code("320706")
    try await town.county("one", ["init", "--server", town.url, "--code", code, "--certificate", certificate])
    let other = try await certified("other", town)
    expectFailure(try await town.tryCounty("one", ["sync", "--certificate", other.key]), 65, other.key, "PEM")
    expectFailure(try await town.tryCounty("one", ["sync", "--certificate", town.path("none")]), 66, "none")
    expectFailure(try await town.tryCounty("one", ["sync", "--certificate", other.certificate]), 69, "is not trusted")
    try await town.sync("one")
    let portal = try await Relay(town, harm: .bigPortal)
    let elsewhere = ["sync", "--server", portal.url, "--certificate", other.certificate]
    expectFailure(try await town.tryCounty("one", elsewhere), 69, "answers 200")
    try await town.sync("one")
    // The city has a new one.
    await town.stop()
    try await town.serve(["--certificate", other.certificate, "--private-key", other.key])
    expectFailure(try await town.tryCounty("one", ["sync"]), 69, "is not trusted")
    try await town.county("one", ["sync", "--certificate", other.certificate])
    try await town.sync("one")
  }
}
