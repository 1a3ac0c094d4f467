import EventLoop
import LiaisonKit

/// Runs calls through the pipeline in tasks that are used again and again: making a task, and allocating the frames
/// of all stages, costs more than the stages themselves. Belongs to the loop's thread.
final class CallRunner {
  private let loop: EventLoop
  private let pipeline: Next
  private let log: Log
  /// Tasks without a call, the one that was busy last at the end: its frames are still in the processor's cache.
  private var idle: [Worker] = []

  /// More tasks than this are ended when they have nothing to do: each holds on to some KiB of frames.
  private static let mostIdle = 128

  init(loop: EventLoop, pipeline: Next, log: Log) {
    self.loop = loop
    self.pipeline = pipeline
    self.log = log
  }

  deinit {
    for worker in idle { worker.run(nil) }
  }

  /// Runs a call later in this tick, after those that were handed over before it.
  func run(_ work: Work) {
    // A new task waits for its first call too: whatever the task, calls begin in the order in which they came.
    (idle.popLast() ?? makeWorker()).run(work)
  }

  /// A call and what is needed to answer it.
  struct Work {
    let call: Call
    let answer: Answer
    let method: String
    let prefix: String
    let runner: CallRunner
  }

  /// A task that waits for its next call, or runs one.
  private final class Worker: @unchecked Sendable {
    private var work: Work?
    private var continuation: UnsafeContinuation<Void, Never>?

    /// Goes on with a call; `nil` ends the task.
    func run(_ work: Work?) {
      self.work = work
      let waiting = continuation.take()
      waiting.unsafelyUnwrapped.resume()
    }

    func next() async -> Work? {
      await withUnsafeContinuation { continuation = $0 }
      return work.take()
    }
  }

  private func makeWorker() -> Worker {
    let worker = Worker()
    loop.runTask {
      while let work = await worker.next() {
        do {
          work.answer.send(try await work.runner.pipeline(work.call), to: work.call, prefix: work.prefix)
        } catch {
          work.answer.send(error, to: work.call, method: work.method, work.runner.log)
        }
        guard work.runner.keep(worker) else { break }
      }
    }
    return worker
  }

  private func keep(_ worker: Worker) -> Bool {
    guard idle.count < Self.mostIdle else { return false }
    idle.append(worker)
    return true
  }
}
