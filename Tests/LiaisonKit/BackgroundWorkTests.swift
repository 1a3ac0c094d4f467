import Dispatch
import Glibc
@_spi(Server) import LiaisonKit
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

  /// A thread beside those that all tasks share.
  final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "test")
    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }

  @Test func `what holds every thread of tasks is left behind too`() async {
    let held = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let begun = Mutex(0)
    let gate = DispatchSemaphore(value: 0)
    await Task(executorPreference: OwnThread()) { [work] in
      for number in 0..<held {
        work.run("\(number)") {
          begun.withLock { $0 += 1 }
          while gate.wait(timeout: .now() + 30) == .timedOut {}
        }
      }
      while begun.withLock({ $0 }) < held { await Task.yield() }
      await work.stop(within: .milliseconds(10))
      for _ in 0..<held { gate.signal() }
    }.value
  }

  @Test func `a stop does not wait when its time has passed before it waits`() async {
    let (stream, end) = AsyncStream<Void>.makeStream()
    work.run("deaf") { await Task { for await _ in stream {} }.value }
    await work.stop(within: .zero)
    end.finish()
  }

  @Test func `work that is to end by itself is awaited and not cancelled`() async {
    let (stream, end) = AsyncStream<Void>.makeStream()
    work.run("slow") { for await _ in stream {} }
    #expect(await work.unended(after: .milliseconds(10)) == ["slow"])
    let other = BackgroundWork(log: Log(level: .error))
    let wasCancelled = Mutex(true)
    other.run("quick") { wasCancelled.withLock { $0 = Task.isCancelled } }
    #expect(await other.unended(after: .seconds(30)) == [])
    #expect(!wasCancelled.withLock { $0 })
    end.finish()
  }

  @Test func `without other servers, what one server does runs at once`() async {
    let (stream, end) = AsyncStream<Void>.makeStream()
    work.runOnOneServer("only") { end.finish() }
    for await _ in stream {}
    await work.stop()
  }

  @Test func `nothing begins after the stop`() async {
    await work.stop()
    let hasRun = Mutex(false)
    work.run("late") { hasRun.withLock { $0 = true } }
    await work.stop()
    #expect(!hasRun.withLock { $0 })
  }
}
