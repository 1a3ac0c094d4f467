import ContextModel
import HTTP
import LiaisonKit

/// What is needed to answer one request.
struct Answer {
  let exchange: HTTPExchange
  let requestNumber: UInt64
  let start: UInt64
  let metrics: RequestMetrics
  var metricsRow: Int

  // What the task of a call calls is not inlined: an answer is large, and would lie in the task's frame.

  /// Sends what the pipeline has replied.
  @inline(never)
  func send(_ reply: Reply, to call: Call, prefix: String) {
    send(HTTPResponse(reply, prefix: prefix))
  }

  /// Sends what the pipeline has thrown.
  @inline(never)
  func send(_ error: any Error, to call: Call, method: String, _ log: Log) {
    if let error = error as? ContextError { return send(HTTPResponse(error, method: method)) }
    log.error(
      "a call failed",
      ["operation": call.operation.rawValue, "request": call.requestID, "error": "\(error)"])
    let error = ContextError.internalError(
      "The server failed; its log tells more of request \(call.requestID).")
    send(HTTPResponse(error, method: method))
  }

  /// Sends the answer and counts it.
  func send(_ response: HTTPResponse) {
    var response = response
    response.headers.append("X-Request-Id", hexadecimal: requestNumber)
    metrics.record(metricsRow, status: response.status, start: start)
    exchange.respond(response)
  }
}
