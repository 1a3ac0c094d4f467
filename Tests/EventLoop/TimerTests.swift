import Dispatch
import EventLoop
import Testing

@Suite struct TimerTests {
  @Test func `timers run in the order of their deadlines, equal ones in the order they were made`()
    async throws
  {
    try await RunningLoop.run { running in
      let log = Log()
      running.onLoop {
        for (delay, name) in [(9, "c"), (3, "a"), (30, "e"), (9, "d"), (6, "b")] {
          running.loop.schedule(after: .milliseconds(delay)) {
            log.lines.append(name)
            if name == "e" { log.done.signal() }
          }
        }
      }
      log.done.expectSignal()
      #expect(log.lines == ["a", "b", "c", "d", "e"])
    }
  }

  @Test func `a timer is never early`() async throws {
    try await RunningLoop.run { running in
      let done = DispatchSemaphore(value: 0)
      nonisolated(unsafe) var took: UInt64 = 0
      running.onLoop {
        let start = running.loop.now
        running.loop.schedule(after: .milliseconds(7)) {
          took = running.loop.now - start
          done.signal()
        }
      }
      done.expectSignal()
      #expect(took >= 7_000_000)
    }
  }

  @Test func `a cancelled timer does not run and lets go of its body`() async throws {
    try await RunningLoop.run { running in
      let log = Log()
      let isFree = running.onLoop {
        weak var captured: Log?
        let timer: Timer
        do {
          let body = Log()
          captured = body
          timer = running.loop.schedule(after: .milliseconds(2)) { body.lines.append("never") }
        }
        timer.cancel()
        timer.cancel()
        running.loop.schedule(after: .milliseconds(6)) { log.done.signal() }
        return captured == nil
      }
      #expect(isFree)
      log.done.expectSignal()
    }
  }

  @Test func `thousands of timers with most cancelled run what is left, in order`() async throws {
    try await RunningLoop.run { running in
      let done = DispatchSemaphore(value: 0)
      nonisolated(unsafe) var ran: [Int] = []
      running.onLoop {
        var timers: [(Int, Timer)] = []
        for index in 0..<5000 {
          let delay = (index * 7919) % 20_011
          timers.append((delay, running.loop.schedule(after: .microseconds(delay)) { ran.append(delay) }))
        }
        for (place, (_, timer)) in timers.enumerated() where place % 10 != 0 { timer.cancel() }
        running.loop.schedule(after: .milliseconds(40)) { done.signal() }
      }
      done.expectSignal()
      #expect(ran.count == 500)
      #expect(ran == ran.sorted())
    }
  }

  @Test func `a timer made by a timer without delay runs, and does not keep the loop from its other work`()
    async throws
  {
    final class Repeater: @unchecked Sendable {
      var isOver = false
      var count = 0

      func run(_ loop: EventLoop) {
        count += 1
        if !isOver { loop.schedule(after: .zero) { self.run(loop) } }
      }
    }
    try await RunningLoop.run { running in
      let repeater = Repeater()
      running.onLoop { repeater.run(running.loop) }
      while running.onLoop({ repeater.count }) < 100 {}
      running.onLoop { repeater.isOver = true }
    }
  }
}
