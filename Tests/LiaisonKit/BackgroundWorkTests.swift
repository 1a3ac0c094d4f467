import LiaisonKit
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct BackgroundWorkTests {
  private let work = BackgroundWork(log: Log(level: .error))

  @Test func `a stop cancels what runs and waits for its end`() async {
    let ended = Mutex(0)
    for number in 0..<3 {
      work.run("\(number)") {
        defer { ended.withLock { $0 += 1 } }
        try await Task.sleep(for: .seconds(600))
      }
    }
    work.run("short") { ended.withLock { $0 += 1 } }
    await work.stop()
    #expect(ended.withLock { $0 } == 4)
  }

  @Test func `what does not end is left behind`() async {
    let (stream, end) = AsyncStream<Void>.makeStream()
    let isOver = Mutex(false)
    work.run("deaf") {
      // Not cancelled with its parent.
      await Task { for await _ in stream {} }.value
      isOver.withLock { $0 = true }
    }
    await work.stop(within: .milliseconds(20))
    #expect(!isOver.withLock { $0 })
    end.finish()
    while !isOver.withLock({ $0 }) { await Task.yield() }
  }

  @Test func `nothing begins after the stop`() async {
    await work.stop()
    let hasRun = Mutex(false)
    work.run("late") { hasRun.withLock { $0 = true } }
    await work.stop()
    #expect(!hasRun.withLock { $0 })
  }
}
