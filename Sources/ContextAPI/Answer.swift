import ContextModel
import EventLoop
import HTTP
import LiaisonKit

/// What is needed to answer one request.
struct Answer {
  let exchange: HTTPExchange
  let requestNumber: UInt64
  let start: UInt64
  let metrics: RequestMetrics
  var metricsRow: Int

  /// Sends what the pipeline has replied.
  ///
  /// - Parameter log: hears why a stream has broken off.
  func send(_ reply: Reply, to call: Call, prefix: String, _ log: Log) {
    if case .stream(let stream) = reply.content {
      return send(stream, of: call, HTTPResponse(reply, to: call, prefix: prefix), log)
    }
    send(HTTPResponse(reply, to: call, prefix: prefix))
  }

  /// Sends a body piece by piece, in a task of its own: the call's task is free for others.
  private func send(_ stream: ReplyStream, of call: Call, _ head: HTTPResponse, _ log: Log) {
    var head = head
    head.headers.append("X-Request-Id", hexadecimal: requestNumber)
    exchange.begin(head)
    let status = head.status
    let (operation, request) = (call.operation.rawValue, call.requestID)
    EventLoop.required(by: "an answer").runTask {
      do {
        // Until the end, or until the client has gone, for whom nothing is left to do.
        while let piece = try await stream.next(), await exchange.send(piece) {}
        await exchange.end()
        metrics.record(metricsRow, status: status, start: start)
      } catch {
        log.error(
          "an answer could not be ended",
          ["operation": operation, "request": request, "error": "\(error)"])
        metrics.record(metricsRow, status: 500, start: start)
        exchange.abort()
      }
    }
  }

  /// Begins an answer in pieces and counts it.
  func begin(_ head: HTTPResponse) {
    var head = head
    head.headers.append("X-Request-Id", hexadecimal: requestNumber)
    metrics.record(metricsRow, status: head.status, start: start)
    exchange.begin(head)
  }

  /// Sends the answer and counts it.
  func send(_ response: HTTPResponse) {
    var response = response
    response.headers.append("X-Request-Id", hexadecimal: requestNumber)
    metrics.record(metricsRow, status: response.status, start: start)
    exchange.respond(response)
  }
}
