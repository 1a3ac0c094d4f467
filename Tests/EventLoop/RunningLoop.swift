import Dispatch
import EventLoop
import Glibc
import Synchronization
import Testing

/// A loop for a test, stopped and joined by `run`.
struct RunningLoop: Sendable {
  let loop: EventLoop

  static func run(_ body: (RunningLoop) async throws -> Void) async throws {
    let loop = try EventLoop(index: 3)
    loop.start(named: "test-loop")
    defer {
      loop.stop()
      loop.join()
    }
    try await body(RunningLoop(loop: loop))
  }

  /// Runs `body` on the loop and waits for it.
  @discardableResult
  func onLoop<Value>(_ body: @escaping () -> Value) -> Value {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var value: Value?
    nonisolated(unsafe) let body = body
    loop.post {
      value = body()
      done.signal()
    }
    done.wait()
    return value!
  }
}

extension DispatchSemaphore {
  /// Waits for a signal. A test that gets none fails instead of waiting without end.
  func expectSignal(_ location: SourceLocation = #_sourceLocation) {
    #expect(wait(timeout: .now() + 60) == .success, sourceLocation: location)
  }
}

/// What a test writes down on the loop's thread and reads when the loop is done with it.
final class Log: @unchecked Sendable {
  var lines: [String] = []
  let done = DispatchSemaphore(value: 0)
}

/// A number that any thread may raise and read.
final class Count: Sendable {
  private let number = Atomic<Int>(0)

  var value: Int { number.load(ordering: .relaxed) }

  func add() { number.wrappingAdd(1, ordering: .relaxed) }
}

/// Two connected non-blocking sockets.
func socketPair() -> (Int32, Int32) {
  var ends: [Int32] = [0, 0]
  socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends)
  return (ends[0], ends[1])
}

/// Calls a closure for readiness.
final class ClosureHandler: ReadinessHandler {
  let body: (Interest) -> Void

  init(_ body: @escaping (Interest) -> Void) { self.body = body }

  func ready(_ events: Interest) { body(events) }
}
