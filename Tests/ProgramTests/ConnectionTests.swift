import Foundation
import Testing

// All requests of a sync go over one connection; one that dies between two of them is nothing to hear of.

@Suite struct ConnectionTests {
  private static let schema = """
    schema: notes
    version: 1
    title: Notes
    records:
      note: {key: id, fields: {id: {type: text}, text: {type: text}}}
    """

  /// A city with some notes; who joins fetches a snapshot after its first request.
  private func town() async throws -> Town {
    let town = try await Town(schema: Self.schema)
    try await town.serve()
    for note in ["a", "b"] { try await town.city(["add", "note", "id=\(note)", "text=x"]) }
    return town
  }

  private func join(_ town: Town, through relay: Relay) async throws {
    try await town.county("one", ["init", "--server", relay.url, "--code", try await town.code("A")])
    #expect(try await town.sqlite(town.replica("one"), "SELECT group_concat(id) FROM note") == "a,b\n")
  }

  @Test func aSyncUsesOneConnection() async throws {
    let town = try await town()
    let relay = try await Relay(town, harm: .keepOpen)
    try await join(town, through: relay)
    // It enrols, and then it syncs: a hello, a snapshot's description, and perhaps its file.
    #expect(relay.requests.count >= 3)
    #expect(relay.connections == 2)
  }

  @Test func aConnectionThatDiesBetweenTwoRequestsIsReplaced() async throws {
    let town = try await town()
    let relay = try await Relay(town, harm: .dropSecond)
    try await join(town, through: relay)
    #expect(relay.dropped == 1)
    #expect(relay.connections == 3)
  }

  @Test func anAnswerWithoutItsLengthIsTaken() async throws {
    let town = try await town()
    let relay = try await Relay(town, harm: .chunk)
    try await join(town, through: relay)
    try await town.county("one", ["add", "note", "id=c", "text=y"])
    #expect(try await town.sync("one")["pushed"] as? Int == 1)
    #expect(relay.requests.count >= 4)
  }

  @Test func theRestOfAnAnswerWithoutTheLengthOfTheWholeIsTaken() async throws {
    let town = try await town()
    for home in ["one", "two"] { try await town.join(home, "A") }
    try await town.sqlite(town.replica("two"), "INSERT INTO note VALUES ('c', hex(randomblob(100000)))")
    try await town.sync("two")
    let relay = try await Relay(town, harm: .withoutLength)
    let pulled = try await town.county("one", ["sync", "--server", relay.url, "--json"]).object
    #expect(pulled["pulled"] as? Int == 1)
    // The rest was fetched, and nothing asked for twice.
    #expect(relay.requests.count == 1)
  }

  @Test(arguments: [Relay.Harm.portal, .chunkedPortal, .bigPortal])
  func whereOneHasToLogInFirstIsNoCity(_ harm: Relay.Harm) async throws {
    let town = try await town()
    try await town.join("one", "A")
    let relay = try await Relay(town, harm: harm)
    let outcome = try await town.tryCounty("one", ["sync", "--server", relay.url])
    expectFailure(outcome, 69, "answers 200", "may not be a city's server", "nothing is lost")
    #expect(relay.requests.count == 1)
    // Its address is not kept.
    try await town.sync("one")
    // Nor is a machine enrolled there.
    let code = try await town.code("A")
    let refused = try await town.tryCounty("new", ["init", "--server", relay.url, "--code", code])
    expectFailure(refused, 69, "answers 200", "may not be a city's server")
    try await town.county("new", ["init", "--server", town.url, "--code", code])
  }

  @Test func whereOneHasToLogInWhileMuchGoesIsNoCity() async throws {
    let town = try await town()
    for home in ["one", "two"] { try await town.join(home, "A") }
    let relay = try await Relay(town, harm: .laterPortal)
    // Before much is sent.
    try await town.sqlite(town.replica("two"), "INSERT INTO note VALUES ('c', hex(randomblob(100000)))")
    expectFailure(try await town.tryCounty("two", ["sync", "--server", relay.url]), 69, "answers 200")
    try await town.sync("two")
    // While much is fetched.
    expectFailure(try await town.tryCounty("one", ["sync", "--server", relay.url]), 69, "answers 200")
    let outcome = try await town.county("one", ["sync", "--server", town.url, "--json"]).object
    #expect(outcome["pulled"] as? Int == 1)
  }
}
