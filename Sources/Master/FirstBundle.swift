import Foundation
import SyncCore
import SyncProtocol

// What a new machine of a unit starts from without a network: who the city is, and a snapshot. Whoever has one of the unit's
// codes opens it.

/// What was written for new machines of a unit.
public struct FirstBundle: Sendable {
  /// A code that was made for it, because the unit had none that was unused.
  public var code: EnrolmentCode?
  /// When the code that lasts longest expires, milliseconds since 1970.
  public var expiresAt: Int64
  /// How many codes open it.
  public var codes: Int
  public var size: BundleSize
}

extension Master {
  /// How long a code is valid that is made for a stick: both ways take their time. In milliseconds.
  public static let carriedCodeLifetime: Int64 = 30 * 24 * 3600 * 1000

  /// Writes a bundle from which every machine starts that has a valid code of this unit.
  /// - Parameter file: the first part.
  public func writeFirstBundle(
    org: String, to file: String, partSize: Int = BundleWriter.partSize
  ) throws -> FirstBundle {
    var open = try openEnrolments(of: org)
    let made = try open.isEmpty ? draftEnrolment(org: org, lifetime: Self.carriedCodeLifetime) : nil
    if let made { open.append(made) }
    let codes = open.map(code(of:))
    let bundle = try writer(file, .first, to: codes.map(BundleRecipient.code), partSize)
    try bundle.write(try welcomeForAnyone(org).bytes)
    try writeSnapshot(org: org, for: .city, to: bundle)
    let size = try bundle.finish()
    // Not before: the next stick would be written for a code that nobody has seen.
    if let made { try store.transaction { try $0.save(made) } }
    return FirstBundle(
      code: made.map(code(of:)), expiresAt: open.map(\.expiresAt).max() ?? 0, codes: codes.count, size: size)
  }

  /// Writes the manifest of a snapshot and its file.
  /// - Parameter ahead: what goes before them, by the arrival number of the last batch that the snapshot knows of.
  func writeSnapshot(
    org: String, for replica: Identifier, to bundle: BundleWriter, ahead: (Int64) throws -> [[UInt8]] = { _ in [] }
  ) throws {
    let draft = try snapshotDraft()
    defer { try? FileManager.default.removeItem(at: draft) }
    let manifest = try snapshot(org: org, for: replica, into: draft.path)
    let arrival = try SnapshotManifest(manifest.body).arrival
    for message in try ahead(arrival) { try bundle.write(message) }
    guard FileManager.default.fileExists(atPath: draft.path) else { throw Self.erasedMeanwhile }
    try bundle.write(manifest.bytes)
    try bundle.write(contentsOf: draft.path)
  }

  private static let erasedMeanwhile = Failure(
    .busy, zh: "写出期间有个人信息被删除,快照已作废;请重新运行",
    en: "personal data was erased while this was written, which ends the snapshot; run this again")

  /// The codes of a unit that are valid and unused: those that last longest, as many as a bundle has slots for.
  private func openEnrolments(of org: String) throws -> [EnrolmentRecord] {
    let now = clock()
    let all = try store.transaction { try $0.enrolments(of: org) }
    let open = all.filter { $0.usedBy == nil && $0.expiresAt >= now }
    return Array(open.sorted { ($1.expiresAt, $0.name) < ($0.expiresAt, $1.name) }.prefix(BundleWriter.mostRecipients))
  }

  /// The city introduces itself to whichever machine of the unit reads it.
  private func welcomeForAnyone(_ org: String) throws -> Envelope {
    try store.transaction { transaction in
      let meta = try transaction.meta()
      let header = Header(
        kind: .welcome, replica: .city, epoch: meta.epoch, number: 0, cursor: 0, stamp: Stamp(milliseconds: clock()),
        schema: meta.schemaHash)
      let welcome = try Welcome(org: org, city: key, schema: meta.schemaText)
      return try Envelope(header, body: welcome.jsonBody(), key: key)
    }
  }
}
