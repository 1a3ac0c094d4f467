import Dispatch
import EventLoop
import Testing

@Suite struct ExecutorTests {
  @Test func `a task runs at once up to its first suspension`() async throws {
    try await RunningLoop.run { running in
      let log = Log()
      running.onLoop {
        running.loop.runTask {
          log.lines.append("task")
          await Task.yield()
          log.lines.append("resumed")
          log.done.signal()
        }
        log.lines.append("after")
      }
      log.done.expectSignal()
      #expect(log.lines == ["task", "after", "resumed"])
    }
  }

  @Test func `a task that is resumed at once goes on before the resumption returns, until it waits again`()
    async throws
  {
    try await RunningLoop.run { running in
      let log = Log()
      nonisolated(unsafe) var waiting: UnsafeContinuation<Void, Never>?
      running.onLoop {
        running.loop.runTask {
          await withUnsafeContinuation { waiting = $0 }
          log.lines.append("resumed")
          await Task.yield()
          log.lines.append("end")
          log.done.signal()
        }
        if let waiting { running.loop.resumeAtOnce(waiting) }
        log.lines.append("after")
      }
      log.done.expectSignal()
      #expect(log.lines == ["resumed", "after", "end"])
    }
  }

  @Test func `every resumption stays on the loop's thread`() async throws {
    try await RunningLoop.run { running in
      let foreign = Count()
      let finished = DispatchSemaphore(value: 0)
      let loop = running.loop
      @Sendable func check() {
        if EventLoop.current !== loop { foreign.add() }
      }
      running.onLoop {
        for _ in 0..<200 {
          loop.runTask {
            check()
            await Task.yield()
            check()
            // Resumed by a foreign thread.
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
              DispatchQueue.global().async { continuation.resume() }
            }
            check()
            await withTaskGroup(of: Void.self) { group in
              for _ in 0..<3 {
                group.addTask {
                  check()
                  await Task.yield()
                  check()
                }
              }
            }
            check()
            finished.signal()
          }
        }
      }
      for _ in 0..<200 { finished.expectSignal() }
      #expect(foreign.value == 0)
    }
  }

  @Test func `more jobs than the ring holds at first run in order`() async throws {
    try await RunningLoop.run { running in
      let log = Log()
      running.onLoop {
        for index in 0..<5000 {
          running.loop.runTask {
            await Task.yield()
            log.lines.append("\(index)")
            if index == 4999 { log.done.signal() }
          }
        }
      }
      log.done.expectSignal()
      #expect(log.lines == (0..<5000).map { "\($0)" })
    }
  }

  @Test func `a task that always yields does not starve descriptors`() async throws {
    try await RunningLoop.run { running in
      let isOver = Count()
      let ended = DispatchSemaphore(value: 0)
      running.onLoop {
        running.loop.runTask {
          while isOver.value == 0 { await Task.yield() }
          ended.signal()
        }
      }
      // The post arrives through the loop's descriptors.
      running.onLoop { isOver.add() }
      ended.expectSignal()
    }
  }

  @Test func `the loop is known on its own thread only`() async throws {
    try await RunningLoop.run { running in
      #expect(running.onLoop { EventLoop.current === running.loop && running.loop.isCurrent })
      #expect(!running.loop.isCurrent)
      #expect(running.loop.index == 3)
    }
  }
}
