import ContextModel
import EventLoop
import HTTP
@_spi(Server) import LiaisonKit

/// Runs calls through the pipeline: without a task if nothing has to wait before the pipeline's end, else in tasks that
/// are used again and again, for making one, and allocating the frames of all stages, costs more than the stages
/// themselves. Belongs to the loop's thread, as do its tasks.
final class CallRunner: @unchecked Sendable {
  private let loop: EventLoop
  private let pipeline: Pipeline
  private let log: Log
  /// Tasks without a call, the one that was busy last at the end: its frames are still in the processor's cache.
  private var idle: [Worker] = []

  /// More tasks than this are ended when they have nothing to do: each holds on to some KiB of frames.
  private static let mostIdle = 512

  /// How many tasks have a call that they have not begun.
  private var waiting = 0

  init(loop: EventLoop, pipeline: Pipeline, log: Log) {
    self.loop = loop
    self.pipeline = pipeline
    self.log = log
  }

  deinit {
    for worker in idle { worker.end() }
  }

  /// Runs a call now or later in this tick: calls begin in the order in which they came.
  func run(_ work: Work) {
    // One that comes behind a call which waits for its task waits for a task too.
    if waiting > 0 { return run(work, through: nil) }
    do {
      let log = log
      let rest = try pipeline.begin(work.call) { result in
        switch result {
        case .success(let reply): work.replied(reply, log)
        case .failure(let error): work.threw(error, log)
        }
      }
      if let rest { run(work, through: rest) }
    } catch {
      work.threw(error, log)
    }
  }

  /// Whether the pipeline's end has handled a call, and no stage has answered in its place.
  func hasHandled(_ call: Call) -> Bool { pipeline.hasHandled(call) }

  private func run(_ work: Work, through stages: Next?) {
    waiting += 1
    // A new task waits for its first call too, so that all have their turns in order.
    (idle.popLast() ?? makeWorker()).run(work, through: stages ?? pipeline.whole)
  }

  /// A call and who gets its reply.
  struct Work {
    let call: Call
    let recipient: Recipient
  }

  /// Who gets a call's reply.
  enum Recipient {
    /// The client; `prefix` stood before the API's path.
    case client(Answer, method: String, prefix: String)
    /// A bulk request, whose items follow once the pipeline's end has admitted it.
    case bulk(BulkAssociation, Answer, method: String, prefix: String)
    /// A bulk request, one of whose items this was, and when that has begun.
    case item(BulkAssociation, Int, begun: UInt64)
  }

  /// A task that waits for its next call, or runs one.
  private final class Worker: @unchecked Sendable {
    private var work: (Work, Next)?
    private var continuation: UnsafeContinuation<Void, Never>?

    /// Goes on with a call.
    func run(_ work: Work, through stages: Next) { goOn((work, stages)) }

    /// Ends the task.
    func end() { goOn(nil) }

    private func goOn(_ work: (Work, Next)?) {
      self.work = work
      let waiting = continuation.take()
      waiting.unsafelyUnwrapped.resume()
    }

    func next() async -> (Work, Next)? {
      await withUnsafeContinuation { continuation = $0 }
      return work.take()
    }
  }

  private func makeWorker() -> Worker {
    let worker = Worker()
    let log = log
    loop.runTask { [weak self] in
      while let (work, stages) = await worker.next() {
        self?.waiting -= 1
        do {
          work.replied(try await stages(work.call), log)
        } catch {
          work.threw(error, log)
        }
        guard let self, self.keep(worker) else { break }
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

// Not inlined: answers are large, and would lie in the frames of tasks.
extension CallRunner.Work {
  @inline(never)
  fileprivate func replied(_ reply: Reply, _ log: Log) {
    switch recipient {
    case .client(let answer, _, let prefix): answer.send(reply, to: call, prefix: prefix, log)
    case .bulk(let bulk, let answer, _, let prefix):
      if !bulk.begin(after: reply) { answer.send(reply, to: call, prefix: prefix, log) }
    case .item(let bulk, let place, let begun): bulk.finished(place, begun: begun, BulkResult(reply))
    }
  }

  @inline(never)
  fileprivate func threw(_ error: any Error, _ log: Log) {
    let error = ContextError(error, of: call, log)
    switch recipient {
    case .client(let answer, let method, _), .bulk(_, let answer, let method, _):
      answer.send(HTTPResponse(error, method: method))
    case .item(let bulk, let place, let begun): bulk.finished(place, begun: begun, BulkResult(error))
    }
  }
}

extension ContextError {
  /// What a client hears of what a pipeline threw; the log hears of what is no answer.
  fileprivate init(_ error: any Error, of call: Call, _ log: Log) {
    if let error = error as? ContextError {
      self = error
      return
    }
    log.error(
      "a call failed",
      ["operation": call.operation.rawValue, "request": call.requestID, "error": "\(error)"])
    self = .internalError("The server failed; its log tells more of request \(call.requestID).")
  }
}
