import ArgumentParser
import Commands
import Foundation
import Presentation
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import Synchronization

/// `county sync`
struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: words("Send what is pending and fetch what is new. 与市里同步"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("Another address of the city; kept once it answers. 市里的新地址")))
  var server: String?
  @Option(help: ArgumentHelp(words("A PEM file of the authority behind the city's certificate; remembered. 证书")))
  var certificate: String?

  func run() async throws {
    try await options.run {
      let home = try options.homeURL(CountyProgram.homeVariable)
      let replica = try CountyProgram.open(home: home)
      if let server { try CountyProgram.checkAddress(server) }
      let authority = try Authority.path(home, or: certificate)
      let line = ProgressLine(options.language)
      defer { line.end() }
      let address = try CountyProgram.address(replica, or: server)
      let way = NewWay(replica, home, server: server, certificate: certificate)
      let transport = HTTPTransport(server: address, certificate: authority) { progress in
        way.keepOnce()
        line.show(progress)
      }
      let summary = try await Home.locked(home.appendingPathComponent("sync.lock")) {
        try await sync(replica, transport, way)
      }
      line.end()
      Self.report(summary, replica.schema, options)
      try Self.tellOldPages(replica, options)
    }
  }

  /// A new address, and a certificate, is kept once the city has answered: also one that was restored and waits for
  /// other machines.
  private func sync(_ replica: Replica, _ transport: HTTPTransport, _ way: NewWay) async throws -> SyncSummary {
    do {
      let summary = try await SyncClient(replica, transport: transport).sync()
      try way.keep()
      return summary
    } catch let failure as Failure where failure.kind == .busy && transport.traffic?.received ?? 0 > 0 {
      try way.keep()
      throw failure
    }
  }

  /// What became of an edit made here; masked, for a log may keep it where no erasure reaches.
  private static func label(of news: News, _ schema: Schema) -> Label {
    switch news {
    case .decided(let conflict):
      let place = "\(conflict.record) \(KeyText.show(conflict.key))" + (conflict.field.map { ".\($0)" } ?? "")
      let (state, decision) = (conflict.state.label, conflict.decision)
      let by = decision?.account ?? Label(zh: "", en: "")
      let field = schema.field(conflict.field, of: conflict.record)
      let value = field.flatMap { field in decision.map { ValueText.spellOrNull(Masking.mask($0.value, field)) } } ?? ""
      return Label(
        zh: "冲突 #\(conflict.id) \(place) 已处理(\(state.zh)):\(value)(\(by.zh))",
        en: "conflict #\(conflict.id) \(place) is \(state.en): \(value) (\(by.en))")
    case .settled(let ref, let notice):
      let state = notice.state.label
      let who = notice.edit.actor.isEmpty ? "" : " (\(notice.edit.actor))"
      return Label(
        zh: "搁置的 \(ref.shown):\(state.zh),\(notice.detail.zh)\(who)",
        en: "parked \(ref.shown): \(state.en), \(notice.detail.en)\(who)")
    case .parked(let ref, let detail):
      return Label(zh: "已搁置 \(ref.shown):\(detail.zh)", en: "parked \(ref.shown): \(detail.en)")
    case .erased(let ref, let detail):
      return Label(zh: "\(ref.shown):\(detail.zh)", en: "\(ref.shown): \(detail.en)")
    case .refused(let decision, let detail):
      let value = typed(in: decision, schema).map { " (\($0))" } ?? ""
      return Label(
        zh: "裁决未被接受 #\(decision.conflict)\(value):\(detail.zh)",
        en: "decision of #\(decision.conflict)\(value) not accepted: \(detail.en)")
    }
  }

  /// The value that a decision would have set.
  private static func typed(in decision: Decision, _ schema: Schema) -> String? {
    guard decision.choice == .value, let subject = decision.subject,
      let field = schema.field(subject.field, of: subject.ref.record)
    else { return nil }
    return ValueText.spellOrNull(Masking.mask(decision.value, field))
  }

  static func tell(_ rows: [HeldRow], _ options: CommonOptions) {
    for held in rows {
      let row = "\(held.ref.shown).\(held.problem.field)"
      options.tell(
        Label(zh: "未发送 \(row):\(held.problem.message.zh)", en: "not sent: \(row) \(held.problem.message.en)"))
    }
  }

  static func tellOldPages(_ replica: Replica, _ options: CommonOptions) throws {
    if try replica.holdsOldPages() { options.tell(OldPages.left) }
  }

  /// What an exchange has to say of the edits made here. It is said once: the next one has nothing of it.
  static func tell(_ summary: SyncSummary, _ schema: Schema, _ options: CommonOptions) {
    if let version = summary.upgraded {
      options.tell(
        Label(
          zh: "本机的模式已升级到第 \(version) 版;请用 records 查看", en: "the schema is at version \(version) now; records shows it"))
    }
    for news in summary.received.news {
      let said = label(of: news, schema)
      // Others have typed what it quotes.
      options.tell(Label(zh: visibleText(said.zh), en: visibleText(said.en)))
    }
    tell(summary.held, options)
  }

  /// What an exchange did, over the network or on a stick.
  static func report(_ summary: SyncSummary, _ schema: Schema, _ options: CommonOptions) {
    tell(summary, schema, options)
    let received = summary.received
    let counts = [
      ("pushed", summary.pushed), ("pulled", received.pulled), ("merged", received.merged),
      ("conflicts", received.conflicts),
      ("parked", received.parked), ("rejected", received.rejected), ("held", summary.held.count),
      ("bytes_sent", Int(summary.bytesSent)), ("bytes_received", Int(summary.bytesReceived)),
    ]
    let text = Label(
      zh:
        "发送 \(summary.pushed) 行,取得 \(received.pulled) 行;冲突 \(received.conflicts),搁置 \(received.parked),退回 \(received.rejected)",
      en:
        "\(summary.pushed) rows sent, \(received.pulled) fetched; \(received.conflicts) contested, \(received.parked) parked, \(received.rejected) rejected"
    )
    options.show(.object(counts.map { ($0.0, .integer(Int64($0.1))) }), text.text(options.language))
  }
}

/// The address and the certificate that were named. Where a long transfer has begun they are kept at once: the line may
/// break, or this be killed, and the next sync goes on there.
private final class NewWay: Sendable {
  private let replica: Replica
  private let home: URL
  private let server: String?
  private let certificate: String?
  /// When to keep them; nil: they are kept.
  private let due = Mutex<ContinuousClock.Instant?>(ContinuousClock.now)

  init(_ replica: Replica, _ home: URL, server: String?, certificate: String?) {
    (self.replica, self.home, self.server, self.certificate) = (replica, home, server, certificate)
  }

  func keep() throws {
    if let server { try replica.setServer(server) }
    if let certificate { try Authority.keep(certificate, home) }
  }

  func keepOnce() {
    due.withLock { due in
      guard let time = due, ContinuousClock.now >= time else { return }
      do {
        try keep()
        due = nil
      } catch {
        // What hinders it hinders no transfer: it is tried again later, and told when the sync ends.
        due = ContinuousClock.now + .seconds(30)
      }
    }
  }
}
