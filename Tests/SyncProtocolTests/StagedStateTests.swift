import Testing

@testable import SyncProtocol

/// Whoever answers on the line says, unsigned, what has arrived.
@Test(arguments: [(0, true), (3, true), (4, false), (-1, false), (.min, false), (.max, false)] as [(Int, Bool)])
func aRequestBeginsWithWhatHasArrivedOfIt(length: Int, expected: Bool) {
  let bytes: [UInt8] = [1, 2, 3]
  let hash = sha256(bytes.prefix(max(0, min(3, length)))).hex
  #expect(StagedState(length: length, sha256: hash).begins(bytes[...]) == expected)
}

@Test func whatArrivedIsNamedInCapitalsToo() {
  let state = StagedState(whole: [1, 2, 3])
  #expect(StagedState(header: "3 \(state.sha256.uppercased())") == state)
}
