import Dispatch
import Synchronization

/// Contends for a mutex and resumes continuations before they are waited for, which are no races, and, when asked to, races as
/// well: what a sanitizer's run must tell apart.
@main struct KnownRace {
  private final class Guarded: Sendable {
    let count = Mutex(0)
  }

  private final class Flag: Sendable {
    let flag = Atomic(false)
  }

  private final class Unguarded: @unchecked Sendable {
    var count = 0
  }

  static func main() async {
    let (guarded, unguarded) = (Guarded(), Unguarded())
    let races = CommandLine.arguments.contains("--race")
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<20_000 {
        guarded.count.withLock { $0 += 1 }
        if races { unguarded.count += 1 }
      }
    }
    print(guarded.count.withLock { $0 }, unguarded.count, await handedOver(1_000))
  }

  /// The sum of numbers, each of which another thread hands over before anybody waits for it.
  private static func handedOver(_ count: Int) async -> Int {
    var sum = 0
    for number in 1...count {
      let isThere = Flag()
      let answer: Result<[Int], any Error> = await withUnsafeContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(returning: .success([number]))
          isThere.flag.store(true, ordering: .relaxed)
        }
        while !isThere.flag.load(ordering: .relaxed) {}
      }
      if case .success(let numbers) = answer { sum += numbers[0] }
    }
    return sum
  }
}
