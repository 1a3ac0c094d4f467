import Dispatch
import EventLoop
import LiaisonKit

/// A thread that looks whether stages of plugins block the loops on which they run, and says which. Only a server with such
/// stages has one.
final class LoopWatch: Sendable {
  /// A turn of this length is one that blocks, in nanoseconds; all calls of the loop wait for its end.
  static let longestTurn: UInt64 = 100_000_000
  private static let interval: DispatchTimeInterval = .milliseconds(25)

  private let loops: [EventLoop]
  /// By their marks, which begin with 1.
  private let stages: [PluginStage]
  private let log: Log
  private let end = DispatchSemaphore(value: 0)

  init(_ loops: [EventLoop], _ stages: [PluginStage], log: Log) {
    self.loops = loops
    self.stages = stages
    self.log = log
  }

  /// Begins. Once.
  func start() {
    guard !stages.isEmpty else { return }
    // It may be the last to have a turn: with a queue of its own it waits for no other.
    DispatchQueue(label: "loop watch", qos: .userInteractive).async { self.run() }
  }

  /// Ends.
  func stop() { end.signal() }

  /// A turn as it was seen first.
  private struct Turn {
    var number: UInt64 = 0
    var mark: UInt16 = 0
    var since: UInt64 = 0
    var isTold = false
  }

  private func run() {
    var turns = loops.map { _ in Turn() }
    while end.wait(timeout: .now() + Self.interval) == .timedOut {
      let time = EventLoop.monotonic()
      for (place, loop) in loops.enumerated() { look(at: loop, time, &turns[place]) }
    }
  }

  private func look(at loop: EventLoop, _ time: UInt64, _ turn: inout Turn) {
    let now = loop.mark.now
    guard now.turn == turn.number, now.mark == turn.mark else {
      if turn.isTold {
        let milliseconds = (time - turn.since) / 1_000_000
        log.info(
          "the loop goes on",
          [
            "plugin": stages[Int(turn.mark) - 1].name, "loop": "\(loop.index)",
            "blocked": "\(milliseconds)ms",
          ])
      }
      turn = Turn(number: now.turn, mark: now.mark, since: time)
      return
    }
    guard now.mark > 0, Int(now.mark) <= stages.count, !turn.isTold, time - turn.since >= Self.longestTurn
    else { return }
    turn.isTold = true
    let stage = stages[Int(now.mark) - 1]
    stage.blocks.add()
    log.warning(
      "the plugin blocks an event loop: its calls, and all others of the loop, wait",
      ["plugin": stage.name, "loop": "\(loop.index)"])
  }
}
