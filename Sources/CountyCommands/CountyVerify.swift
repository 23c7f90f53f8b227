import ArgumentParser
import Commands
import Foundation
import Presentation
import Replica
import SQLiteStore
import SyncClient
import SyncCore

/// `county verify [--deep [--adopt | --set-back] [--server URL]]`
struct CountyVerify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: words("Check the file and its constraints; with --deep compare every row with the city. 校验"))
  @OptionGroup var options: CommonOptions
  @Flag(help: ArgumentHelp(words("Repair the tables if need be, and compare every row with the city. 与市里逐行比对")))
  var deep = false
  @Flag(help: ArgumentHelp(words("What differs here becomes pending; --actor says in whose name. 采用本机的值")))
  var adopt = false
  @Flag(help: ArgumentHelp(words("What differs here becomes as the city has it. 还原为市里的值"))) var setBack = false
  @Option(help: ArgumentHelp(words("With --deep: another address of the city, this time. 市里的地址")))
  var server: String?

  func run() async throws {
    try await options.run {
      try check()
      let home = try options.homeURL(CountyProgram.homeVariable)
      let replica = try CountyProgram.open(home: home)
      if !deep {
        let problems = try replica.verify()
        return try finish(VerifyReport(problems: problems), isWell: problems.isEmpty)
      }
      try await Home.locked(home.appendingPathComponent("sync.lock")) { try await compare(replica, home) }
    }
  }

  private func check() throws {
    if try adopting(adopt: adopt, setBack: setBack) != nil && !deep {
      throw Failure(.usage, zh: "--adopt 和 --set-back 须与 --deep 同用", en: "--adopt and --set-back go with --deep")
    }
    if let server { try CountyProgram.checkAddress(server) }
  }

  private func compare(_ replica: Replica, _ home: URL) async throws {
    for done in try replica.repair(actor: options.actor) { options.tell(done) }
    let comparison: Comparison
    do {
      let transport = HTTPTransport(
        server: try CountyProgram.address(replica, or: server), certificate: try Authority.path(home, or: nil))
      comparison = try await SyncClient(replica, transport: transport).deepVerify()
    } catch let failure as Failure {
      // What can be told without the city is told all the same.
      VerifyReport(problems: try replica.verify(), more: NotCompared()).show(options)
      throw failure
    }
    var report = DifferenceReport(comparison, replica.schema)
    if adopt { report.settle(.adopted, try replica.adopt(comparison, actor: options.actor)) }
    if setBack { report.settle(.setBack, try replica.setBack(comparison)) }
    let problems = try replica.verify()
    try finish(
      VerifyReport(problems: problems, more: report), isWell: problems.isEmpty && report.isSettled)
  }

  private func finish(_ report: VerifyReport, isWell: Bool) throws {
    report.show(options)
    if !isWell { throw ExitCode(Failure.Kind.data.rawValue) }
  }
}

/// Nobody says that all is well of rows that were not compared.
private struct NotCompared: VerifyDetail {
  var isSettled: Bool { false }
  var json: [(String, JSON)] { [("compared", .bool(false))] }

  func text(_ language: Language) -> [String] {
    [Label(zh: "未能与市里逐行比对", en: "the rows were not compared with the city's").text(language)]
  }
}
