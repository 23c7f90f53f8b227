import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// A machine whose enrolment waits meets a city that recovers: it is refused until that is over, and loses nothing.

@Suite struct WaitingEnrolmentTests {
  private func expectRecovering(_ failure: Failure?, _ location: SourceLocation = #_sourceLocation) {
    #expect(failure?.kind == .busy, sourceLocation: location)
    #expect(failure?.message.en.contains("restored from a backup") == true, sourceLocation: location)
    #expect(failure?.message.zh.contains("恢复") == true, sourceLocation: location)
  }

  @Test(arguments: [false, true]) func aFileThatHasRejoinedWaitsForTheCity(onSticks: Bool) async throws {
    let (world, one, two) = try await World.twoMachines()
    let file = try world.backup()
    try world.shell(one, "UPDATE company SET staff = 11 WHERE id = 'c1'")
    for replica in [one, two, one] { try await world.sync(replica) }
    let renewed = try world.rejoin(one)
    try world.shell(renewed, "UPDATE company SET phone = 'new' WHERE id = 'c1'")
    try world.restore(from: file)
    _ = try await world.giveBack(two)
    if onSticks {
      try world.write(renewed, "up")
      expectRecovering(#expect(throws: Failure.self) { try world.answer("up", "down") })
    } else {
      expectRecovering(await #expect(throws: Failure.self) { try await world.sync(renewed) })
    }
    #expect(try !renewed.enrolment().isEmpty && renewed.status().inFlight == 1)
    // Its former id never comes: an official goes on without.
    try world.master.release(reason: "rejoined", actor: "li")
    if onSticks {
      try world.answer("up", "down")
      #expect(throws: Failure.self) { try world.take(renewed, "down") }
      #expect(try renewed.enrolment().isEmpty)
      #expect(try world.carry(renewed) != nil)
    }
    try await world.settle()
    #expect(try world.cell("phone") == .text("new") && world.cell("staff") == .integer(11))
  }

  @Test func aMachineThatBeganOnAStickWaitsForTheCity() async throws {
    let (world, one, two) = try await World.twoMachines()
    let code = try world.master.enrol(org: "A").code
    _ = try world.master.writeFirstBundle(org: "A", to: world.stick("first"))
    let new = try world.start(from: "first", code: code)
    try world.shell(new, "INSERT INTO company (id, office, name) VALUES ('c9', 'A', 'new')")
    let file = try world.backup()
    try world.shell(one, "UPDATE company SET staff = 11 WHERE id = 'c1'")
    try await world.sync(one)
    try world.restore(from: file)
    // Codes that nobody had used are valid no more.
    try world.write(new, "up")
    let refused = #expect(throws: Failure.self) { try world.answer("up", "down") }
    #expect(refused?.kind == .notAllowed && refused?.message.en.contains("ask the city for a new one") == true)
    try new.keepEnrolment(try world.master.enrol(org: "A").code)
    try world.write(new, "up")
    expectRecovering(#expect(throws: Failure.self) { try world.answer("up", "down") })
    expectRecovering(await #expect(throws: Failure.self) { try await world.sync(new) })
    #expect(try !new.enrolment().isEmpty && new.status().inFlight == 1)
    for replica in [one, two] { _ = try await world.giveBack(replica) }
    try world.answer("up", "down")
    let asked = #expect(throws: Failure.self) { try world.take(new, "down") }
    #expect(asked?.message.en.contains("next stick gives back") == true)
    #expect(try world.carry(new) != nil)
    try await world.settle()
    #expect(try world.cell("name", of: "c9") == .text("new"))
  }
}
