import CSimulatedDisk
import Foundation

/// The disk of one seat, on which its program dies, the power fails or space runs out at any write. SQL's own clock, which the
/// triggers read, comes from it, too.
final class Disk: @unchecked Sendable {
  enum Fault: Int32, CaseIterable {
    case death = 1
    case powerLoss
    case full
  }

  /// The name of the VFS.
  let name = "disk-\(UUID().uuidString)"
  private let disk: OpaquePointer?
  private let clock: SimulatedClock

  private var fault: Fault?

  init(_ clock: SimulatedClock) {
    self.clock = clock
    disk = simulated_disk_create(
      name, { owner in owner.map { Unmanaged<SimulatedClock>.fromOpaque($0).takeUnretainedValue().now } ?? 0 },
      Unmanaged.passUnretained(clock).toOpaque())
  }

  deinit { simulated_disk_free(disk) }

  /// - Parameter call: the fault begins at this call that changes something, counted from 1.
  func arm(_ fault: Fault, at call: Int, seed: UInt64) {
    self.fault = fault
    simulated_disk_arm(disk, fault.rawValue, Int64(call), seed)
  }

  /// The program dies now.
  func stop() { arm(.death, at: 0, seed: 0) }

  /// Whether a fault has begun.
  var hasFailed: Bool { simulated_disk_failed(disk) }
  /// Whether nothing works any more.
  var isDead: Bool { fault != .full && hasFailed }

  /// Whether a fault is to come or has begun.
  var isArmed: Bool { fault != nil }

  /// Runs something during which no fault begins.
  func resting<T>(_ body: () -> T) -> T {
    simulated_disk_pause(disk, true)
    defer { simulated_disk_pause(disk, false) }
    return body()
  }

  /// Works again, with what a loss of power has left. No connection is open.
  func restart() throws {
    fault = nil
    let code = simulated_disk_restart(disk)
    if code != 0 {
      throw Violation(.defect, "the simulated disk cannot be written: \(String(cString: strerror(code)))")
    }
  }
}
