import ContextModel
import EventLoop
import HTTP
@_spi(Server) import LiaisonKit

/// Runs calls through the pipeline: without a task if nothing has to wait before the pipeline's end, else in tasks that
/// are used again and again, for making one, and allocating the frames of all stages, costs more than the stages
/// themselves. A call runs at once until it has to wait, so calls that need not wait get to the pipeline's end in the order
/// in which they came. Belongs to the loop's thread, as do its tasks.
final class CallRunner: @unchecked Sendable {
  private let loop: EventLoop
  private let pipeline: Pipeline
  private let log: Log
  /// Tasks without a call, the one that was busy last at the end: its frames are still in the processor's cache.
  private var idle: [Worker] = []

  /// More tasks than this are ended when they have nothing to do: each holds on to some KiB of frames.
  private static let mostIdle = 512

  init(loop: EventLoop, pipeline: Pipeline, log: Log) {
    self.loop = loop
    self.pipeline = pipeline
    self.log = log
  }

  deinit {
    for worker in idle { worker.end() }
  }

  /// Runs a call as far as it goes without waiting, and the rest of it in its time.
  func run(_ work: Work) {
    do {
      let log = log
      let rest = try pipeline.begin(work.call) { result in
        switch result {
        case .success(let reply): work.replied(reply, log)
        case .failure(let error): work.threw(error, log)
        }
      }
      if let rest { (idle.popLast() ?? makeWorker()).run(work, through: rest, on: loop) }
    } catch {
      work.threw(error, log)
    }
  }

  /// Whether the pipeline's end has got a call. If not, a stage has it still, or has answered in the end's place.
  func hasReachedEnd(_ call: Call) -> Bool { pipeline.hasReachedEnd(call) }

  /// Keeps the requests behind a call on its connection from overtaking it: they are not handled while a stage has it.
  func keepInOrder(_ call: Call, _ exchange: HTTPExchange) {
    guard !hasReachedEnd(call), exchange.holdFollowing() else { return }
    // A stage that never returns keeps its call, but nothing of the connection.
    call.whenAtEnd = { [weak exchange] in exchange?.letFollow() }
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

    /// Goes on with a call until it has to wait.
    func run(_ work: Work, through stages: Next, on loop: EventLoop) {
      self.work = (work, stages)
      let waiting = continuation.take()
      loop.resumeAtOnce(waiting.unsafelyUnwrapped)
    }

    /// Ends the task. Any thread: the loop may have ended.
    func end() {
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
      if !bulk.begin(after: reply, prefix: prefix) { answer.send(reply, to: call, prefix: prefix, log) }
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
