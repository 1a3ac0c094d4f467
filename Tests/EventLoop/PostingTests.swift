import Dispatch
import EventLoop
import Testing

@Suite struct PostingTests {
  @Test func `posts from many threads all run, those of one thread in order`() async throws {
    try await RunningLoop.run { running in
      let threads = 4
      let each = 5000
      let seen = Log()
      nonisolated(unsafe) var next = [Int](repeating: 0, count: threads)
      nonisolated(unsafe) var disorders = 0
      nonisolated(unsafe) var count = 0
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        for index in 0..<each {
          running.loop.post {
            if next[thread] != index { disorders += 1 }
            next[thread] = index + 1
            count += 1
            if count == threads * each { seen.done.signal() }
          }
        }
      }
      seen.done.expectSignal()
      #expect(disorders == 0)
    }
  }

  @Test func `a post from the loop itself runs after what runs now`() async throws {
    try await RunningLoop.run { running in
      let log = Log()
      running.onLoop {
        running.loop.post {
          log.lines.append("posted")
          log.done.signal()
        }
        log.lines.append("now")
      }
      log.done.expectSignal()
      #expect(log.lines == ["now", "posted"])
    }
  }

  @Test func `what was posted before the stop runs`() throws {
    let loop = try EventLoop(index: 0)
    loop.start(named: "stopping")
    nonisolated(unsafe) var ran = 0
    loop.stop()
    for _ in 0..<100 { loop.post { ran += 1 } }
    loop.join()
    // Those that came after the thread's last look are not promised; those before it are.
    #expect(ran <= 100)

    let other = try EventLoop(index: 0)
    for _ in 0..<100 { other.post { ran += 1 } }
    ran = 0
    other.stop()
    other.start(named: "stopping")
    other.join()
    #expect(ran == 100)
  }

  @Test func `end-of-tick work runs once a tick after jobs, and what it causes runs in the same tick`()
    async throws
  {
    final class Work: EndOfTickWork {
      var waitsForEndOfTick = false
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
      func endOfTick() { body() }
    }
    try await RunningLoop.run { running in
      let log = Log()
      let loop = running.loop
      running.onLoop {
        let tick = loop.now
        nonisolated(unsafe) var rounds = 0
        nonisolated(unsafe) var work: Work?
        work = Work {
          rounds += 1
          log.lines.append("end \(rounds) \(loop.now == tick)")
          if rounds == 1 {
            loop.runTask {
              await Task.yield()
              log.lines.append("job of the end")
              loop.atEndOfTick(work!)
            }
          } else {
            work = nil
            log.done.signal()
          }
        }
        loop.runTask {
          await Task.yield()
          log.lines.append("job")
        }
        loop.atEndOfTick(work!)
        loop.atEndOfTick(work!)
      }
      log.done.expectSignal()
      #expect(log.lines == ["job", "end 1 true", "job of the end", "end 2 true"])
    }
  }

  @Test func `what belongs on a loop ends the process elsewhere, and is there on the loop`() async throws {
    await #expect(processExitsWith: .failure) { _ = EventLoop.required(by: "a test") }
    try await RunningLoop.run { running in
      let seen = Log()
      running.loop.post {
        if EventLoop.required(by: "a test") === running.loop { seen.done.signal() }
      }
      seen.done.wait()
    }
  }
}
