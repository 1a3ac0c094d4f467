import Dispatch
import Synchronization

/// Contends for a mutex, which is no race, and, when asked to, races as well: what a sanitizer's run must tell apart.
@main struct KnownRace {
  private final class Guarded: Sendable {
    let count = Mutex(0)
  }

  private final class Unguarded: @unchecked Sendable {
    var count = 0
  }

  static func main() {
    let (guarded, unguarded) = (Guarded(), Unguarded())
    let races = CommandLine.arguments.contains("--race")
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<20_000 {
        guarded.count.withLock { $0 += 1 }
        if races { unguarded.count += 1 }
      }
    }
    print(guarded.count.withLock { $0 }, unguarded.count)
  }
}
