import ContextModel
import JSON
import LiaisonKit

/// How a call went.
struct RequestLine {
  let status: Int
  /// The error's code; `nil` without one.
  let code: String?
  let duration: Duration

  /// One line of JSON, with its line feed.
  func text(_ call: Call, weight: Int, showsCustomer: Bool) -> [UInt8] {
    var writer = JSONWriter(capacity: 320)
    writer.beginObject()
    writer.key("time")
    writer.timestamp(call.receivedAt)
    writer.key("request")
    writer.string(call.requestID)
    writer.key("operation")
    writer.string(call.operation.rawValue)
    writer.key("status")
    writer.integer(Int64(status))
    if let code {
      writer.key("code")
      writer.string(code)
    }
    writer.key("microseconds")
    writer.integer(Int64(duration / .microseconds(1)))
    writer.key("peer")
    writer.string(call.peer)
    if let principal = call.principal {
      writer.key("principal")
      writer.string(principal.name)
    }
    if let service = call.serviceID {
      writer.key("service_id")
      writer.integer(service.rawValue)
    }
    if showsCustomer, let customer = call.customerID {
      writer.key("customer_id")
      writer.string(customer)
    }
    writer.key("weight")
    writer.integer(Int64(weight))
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }
}

extension RequestLine {
  /// What the client hears of a call.
  init(_ outcome: Result<Reply, any Error>, duration: Duration) {
    switch outcome {
    case .success(let reply): self.init(status: reply.status, code: nil, duration: duration)
    case .failure(let error):
      let answer = error as? ContextError
      self.init(status: answer?.status ?? 500, code: answer?.code ?? "failed", duration: duration)
    }
  }
}
