import Logging
import Master
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore
import SyncProtocol
import SyncServer

/// The side that merges: a file, a key, a port.
func serveNotes(_ yaml: String, in folder: String, onListening: @escaping @Sendable (Int) -> Void) throws -> (
  Master, Task<Void, any Error>
) {
  let schema = try SchemaFile.read(yaml)
  let master = try Master.create(
    path: folder + "/master.sqlite", key: SigningKey(), schema: schema, schemaText: SchemaFile.canonicalJSON(schema),
    actor: "office")
  let server = SyncServer(master, logger: Logger(label: "notes"))
  return (master, Task { try await server.run(host: "127.0.0.1", port: 0, onListening: onListening) })
}

/// The side that works without network: enrol once, edit, sync when you can.
func takeNotes(_ server: String, _ code: EnrolmentCode, in folder: String) async throws -> SyncSummary {
  let key = SigningKey()
  let transport = HTTPTransport(server: server)
  let meta = try await Join.enrol(server: server, code: code, key: key, transport: transport, clock: systemClock)
  let replica = try Replica.create(
    path: folder + "/notes.sqlite", key: key, meta: meta, schema: SchemaFile.parse(canonicalJSON: meta.schemaText),
    actor: "anna")
  try replica.edit(as: "anna") { db in
    _ = try replica.insert(db, replica.record("note"), [1: .text("看河"), 2: .integer(3)])
  }
  return try await SyncClient(replica, transport: transport).sync()
}
