import SchemaFile
import SyncCore
import Testing

@Suite struct RefusalTests {
  @Test("A schema that makes no sense is refused with line and reason", arguments: badFiles + badRecords + badFields)
  func refused(bad: BadSchema) throws { try check(bad) }

  @Test("So are references and scopes that cannot hold", arguments: badReferences + badScopes)
  func refusedBetweenRecords(bad: BadSchema) throws { try check(bad) }

  @Test(
    "So are row rules and policies that cannot hold",
    arguments: badPolicies + badRules + badLocks + badJoints + badChoices + badExceptions + badProjections)
  func refusedRules(bad: BadSchema) throws { try check(bad) }

  @Test("So are restricted fields on whose values something depends", arguments: badRestricted)
  func refusedRestricted(bad: BadSchema) throws { try check(bad) }

  private func check(_ bad: BadSchema) throws {
    let failure = try #require(throws: Failure.self) { try SchemaFile.read(bad.yaml) }
    #expect(failure.kind == .data)
    #expect(failure.message.en.hasPrefix("line \(bad.line): "), "\(failure.message.en)")
    #expect(failure.message.zh.hasPrefix("第 \(bad.line) 行:"), "\(failure.message.zh)")
    #expect(failure.message.en.contains(bad.reason), "\(failure.message.en)")
  }
}
