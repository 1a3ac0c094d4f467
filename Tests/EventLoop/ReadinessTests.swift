import Dispatch
import EventLoop
import Glibc
import Testing

@Suite struct ReadinessTests {
  @Test func `a descriptor is reported while it is readable and no more after deregistering`() async throws {
    try await RunningLoop.run { running in
      let (near, far) = socketPair()
      defer { close(far) }
      nonisolated(unsafe) var calls = 0
      running.onLoop { try! running.loop.register(near, .read, ClosureHandler { _ in calls += 1 }) }
      running.onLoop {}
      #expect(running.onLoop { calls } == 0)
      #expect(write(far, "x", 1) == 1)
      while running.onLoop({ calls }) < 2 {}
      let last = running.onLoop { () -> Int in
        running.loop.deregister(near)
        running.loop.deregister(near)
        return calls
      }
      running.onLoop {}
      running.onLoop {}
      #expect(running.onLoop { calls } == last)
      close(near)
    }
  }

  @Test func `interest can be changed, and a hang-up is always reported`() async throws {
    try await RunningLoop.run { running in
      let (near, far) = socketPair()
      let log = Log()
      nonisolated(unsafe) var seen: [Interest] = []
      running.onLoop {
        try! running.loop.register(
          near, .write,
          ClosureHandler { events in
            seen.append(events)
            running.loop.modify(near, [])
            if events.contains(.hangUp) {
              running.loop.deregister(near)
              log.done.signal()
            }
          })
      }
      while running.onLoop({ seen.count }) == 0 {}
      #expect(running.onLoop { seen } == [.write])
      close(far)
      log.done.expectSignal()
      #expect(seen.count == 2)
      close(near)
    }
  }

  @Test func `a stale event of a closed descriptor never reaches the one that reuses its number`()
    async throws
  {
    try await RunningLoop.run { running in
      let loop = running.loop
      let (firstNear, firstFar) = socketPair()
      let (secondNear, secondFar) = socketPair()
      nonisolated(unsafe) var stale = 0
      nonisolated(unsafe) var replaced: [Int32] = []
      let log = Log()
      /// Whichever runs first closes the other and puts a silent socket in the place of its number.
      func handler(other: Int32) -> ClosureHandler {
        ClosureHandler { _ in
          loop.deregister(firstNear)
          loop.deregister(secondNear)
          let (near, far) = socketPair()
          dup2(near, other)
          close(near)
          replaced = [other, far]
          try! loop.register(other, .read, ClosureHandler { _ in stale += 1 })
          log.done.signal()
        }
      }
      running.onLoop {
        try! loop.register(firstNear, .read, handler(other: secondNear))
        try! loop.register(secondNear, .read, handler(other: firstNear))
        // Both become readable within this tick: the next wait brings both events.
        write(firstFar, "x", 1)
        write(secondFar, "x", 1)
      }
      log.done.expectSignal()
      running.onLoop {}
      #expect(running.onLoop { stale } == 0)
      // The new one does get its own events.
      #expect(write(replaced[1], "x", 1) == 1)
      while running.onLoop({ stale }) == 0 {}
      running.onLoop { loop.deregister(replaced[0]) }
      for descriptor in [firstNear, secondNear, firstFar, secondFar, replaced[1]] { close(descriptor) }
    }
  }

  @Test func `a handler lives as long as it is registered`() async throws {
    try await RunningLoop.run { running in
      let (near, far) = socketPair()
      let isAlive = running.onLoop { () -> Bool in
        weak var watched: ClosureHandler?
        do {
          let handler = ClosureHandler { _ in }
          watched = handler
          try! running.loop.register(near, .read, handler)
        }
        let before = watched != nil
        running.loop.deregister(near)
        return before && watched == nil
      }
      #expect(isAlive)
      close(near)
      close(far)
    }
  }

  // No test has as many descriptors as that.
  @Test func `a refused registration says which call failed`() async throws {
    try await RunningLoop.run { running in
      let failure = running.onLoop { () -> SystemError? in
        do throws(SystemError) {
          try running.loop.register(15_000, .read, ClosureHandler { _ in })
          return nil
        } catch { return error }
      }
      #expect(failure?.description == "epoll_ctl: Bad file descriptor")
    }
  }
}
