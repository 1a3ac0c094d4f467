public import ContextModel
public import LiaisonKit

extension ContextError {
  /// What is heard of what a pipeline has thrown: an answer is itself; of anything else the log tells, and it is a 500.
  ///
  /// - Parameter call: the one that failed.
  public init(_ error: any Error, of call: Call, _ log: Log) {
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
