import ContextModel
import Dispatch
import Glibc
import LiaisonKit
import Synchronization
import Testing

@Suite struct BlockingPoolTests {
  /// How much runs at the same time, and how much did at most.
  private final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }

    func leave() { state.withLock { $0.now -= 1 } }
  }

  @Test func `work comes back with its result or its error`() async throws {
    let pool = BlockingPool()
    #expect(try await pool.run { 7 } == 7)
    await #expect(throws: CancellationError.self) { try await pool.run { throw CancellationError() } }
    #expect(try await pool.run { 8 } == 8)
  }

  @Test(arguments: [1, 3]) func `no more runs at the same time than there are threads`(_ threads: Int)
    async throws
  {
    let pool = BlockingPool(threads: threads)
    let gauge = Gauge()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await pool.run {
            gauge.enter()
            for _ in 0..<50 { sched_yield() }
            gauge.leave()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect((1...threads).contains(gauge.most))
  }

  @Test func `a job that takes long holds up no other while a thread is free`() async throws {
    let pool = BlockingPool(threads: 2)
    let gate = DispatchSemaphore(value: 0)
    for _ in 0..<3 {
      async let held: Void = pool.run { gate.wait() }
      for number in 0..<20 { #expect(try await pool.run { number } == number) }
      gate.signal()
      try await held
    }
  }

  @Test func `too much work is refused with 503, and accepted again when some is done`() async throws {
    let pool = BlockingPool(threads: 1, limit: 10)
    let gate = DispatchSemaphore(value: 0)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<25 {
        group.addTask {
          do {
            try await pool.run { gate.wait() }
            return true
          } catch {
            let error = error as? ContextError
            return !(error?.status == 503 && error?.code == "overloaded" && error?.retryAfter == 1)
          }
        }
      }
      var refused = 0
      // The ten that were accepted end only when the gate opens.
      for await accepted in group {
        if !accepted { refused += 1 }
        if refused == 15 { break }
      }
      #expect(refused == 15)
      for _ in 0..<10 { gate.signal() }
      for await accepted in group { #expect(accepted) }
    }
    #expect(try await pool.run { true })
  }
}
