import GRDB
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// R2 and R5: what a machine has of the city's own batches after a disk was lost comes back, at its place or for a person to look at.
extension Town {
  /// Of copies of one file the city hears the first only; and what a program was killed at may go with the power.
  func noteRidingAlong(_ machine: Machine) throws {
    if restores == 0 || machine.isCopy || machine.isWithdrawn || !machine.unsure.isEmpty { return }
    ridingAlong[machine.index, default: []].formUnion(try machine.replica.ridingAlong())
  }

  func checkGivenBack() throws {
    // What two backups hold nobody keeps.
    if restores == 0 || areBackupsLost { return }
    let known = try city.master.read { db in
      var numbers: Set<Int64> = []
      let city = Value.blob(Identifier.city.bytes)
      for table in ["sync_batch", "sync_returned"] {
        try db.each("SELECT number FROM \(table) WHERE replica = ?", [city]) { numbers.insert($0[0]) }
      }
      return numbers
    }
    for machine in active where !machine.isCopy {
      guard let number = (ridingAlong[machine.index] ?? []).subtracting(known).min() else { continue }
      throw Violation(
        .conservation, "\(machine.name) had batch \(number) of the city's own after a disk was lost, and it is not back"
      )
    }
  }
}

extension Replica {
  /// The numbers of the city's own batches that it keeps for a city that may be restored.
  fileprivate func ridingAlong() throws -> Set<Int64> {
    try read { db in
      var numbers: Set<Int64> = []
      try db.each("SELECT number FROM sync_inbox") { numbers.insert($0[0]) }
      return numbers
    }
  }
}
