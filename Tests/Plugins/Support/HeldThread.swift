import Dispatch
import LiaisonKit

/// Keeps one thread of a blocking pool busy until it is let go.
final class HeldThread: Sendable {
  private let release = DispatchSemaphore(value: 0)
  private let task: Task<Void, any Error>

  /// Returns when the thread is held.
  init(of pool: BlockingPool) async {
    let (release, held) = (release, AsyncStream<Void>.makeStream())
    task = Task {
      try await pool.run {
        held.continuation.yield()
        held.continuation.finish()
        release.wait()
      }
    }
    for await _ in held.stream {}
  }

  /// Lets the thread go.
  func letGo() async {
    release.signal()
    _ = try? await task.value
  }
}
