import SyncClient
import SyncProtocol

/// A run of the client's own code, which goes on only when the town says so: it stops whenever it asks the city, and its steps
/// run on the thread of the town.
final class Errand<Outcome: Sendable>: @unchecked Sendable {
  private let steps = Steps()
  private let line: SimulatedLine
  private var outcome: Result<Outcome, any Error>?

  /// Nothing runs before `begin`.
  init(_ line: SimulatedLine) { self.line = line }

  /// Runs up to the first question, or to the end.
  func begin(_ body: @escaping @Sendable () async throws -> Outcome) {
    Task(executorPreference: steps) { [self] in
      do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    }
    steps.run()
  }

  /// What it waits for; nil: it is over.
  var question: SimulatedLine.Question? { outcome == nil ? line.question : nil }

  /// What came of it; nil: it is not over. Throws what ended it.
  func result() throws -> Outcome? { try outcome?.get() }

  /// Goes on with an answer, or with what is said instead of one.
  func goOn(with answer: Result<[UInt8], any Error>) {
    line.answer(answer)
    steps.run()
  }
}

/// Runs what is to be done on the thread that calls `run`, in the order in which it came.
private final class Steps: TaskExecutor, @unchecked Sendable {
  private var jobs: [UnownedJob] = []

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

  func run() {
    while !jobs.isEmpty { jobs.removeFirst().runSynchronously(on: asUnownedTaskExecutor()) }
  }
}
