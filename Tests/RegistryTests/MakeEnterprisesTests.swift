import Foundation
import Registry
import SyncCore
import Testing

@Suite struct MakeEnterprisesTests {
  static let tool = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Tools/make-enterprises")

  private func run(_ arguments: String...) throws -> (lines: [String], status: Int32) {
    let process = Process()
    process.executableURL = Self.tool
    process.arguments = arguments
    let out = Pipe()
    process.standardOutput = out
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (text.split(separator: "\n").map(String.init), process.terminationStatus)
  }

  @Test("What the generator prints passes the schema's own checks, once each and the same each time")
  func valid() throws {
    let (lines, status) = try run("3000", "320706", "96001")
    #expect(status == 0)
    #expect(lines.count == 3001)
    let enterprise = try #require(Registry.schema().record("enterprise"))
    let header = lines[0].split(separator: ",").map(String.init)
    #expect(header == ["uscc", "name", "industry", "founded_on", "address"])
    var codes: Set<String> = []
    for line in lines.dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      #expect(cells.count == header.count)
      for (name, cell) in zip(header, cells) {
        let field = try #require(enterprise.field(name))
        #expect(field.problem(with: .text(cell), formats: Registry.formats) == nil, "\(line)")
      }
      #expect(CreditCode.warning(in: cells[0]) == nil, "\(line)")
      codes.insert(cells[0])
    }
    #expect(codes.count == 3000)
    #expect(try run("3000", "320706", "96001").lines == lines)
  }

  @Test("It makes the codes that the domain gives as examples")
  func examples() throws {
    #expect(try run("1", "320706").lines.last?.hasPrefix("91320706PDY00001XF,") == true)
    #expect(try run("1", "320722", "4").lines.last?.hasPrefix("91320722PDY000044A,") == true)
    #expect(try run("1", "320706", "5").lines.last?.hasPrefix("91320706PDY0000520,") == true)
  }

  @Test(
    "It refuses what it cannot make",
    arguments: [["1"], ["1", "LYG-XW"], ["2", "320706", "99999"], ["1", "320706", "0"]])
  func refuses(arguments: [String]) throws {
    let process = Process()
    process.executableURL = Self.tool
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect([64, 65].contains(process.terminationStatus))
  }
}
