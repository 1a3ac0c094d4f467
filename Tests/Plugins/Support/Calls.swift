import ContextModel
import JSON
import LiaisonKit

extension Call {
  /// A call with an `Authorization` header.
  static func make(
    _ operation: LiaisonKit.Operation = .queryService, role: Roles? = .read, authorization: String? = nil,
    peer: String = "192.0.2.1"
  ) -> Call {
    var headers = CallHeaders(capacity: 128)
    headers.append(name: "Host".utf8, value: "localhost".utf8)
    if let authorization { headers.append(name: "Authorization".utf8, value: authorization.utf8) }
    return Call(
      operation: operation, requiredRole: role, requestNumber: 1, peer: peer,
      receivedAt: Timestamp(milliseconds: 0), headers: headers)
  }

  /// A call of Associate Service whose body is given as JSON.
  static func event(_ body: String) throws -> Call { try event(.associateService, body) }

  /// A call with an event whose body is given as JSON.
  static func event(_ operation: LiaisonKit.Operation, _ body: String) throws -> Call {
    let call = Call.make(operation, role: .write)
    let kind: Event.Kind =
      switch operation {
      case .startService: .start
      case .completeService: .end
      default: .association
      }
    call.event = try Event(decoding: try JSONParser().parse(Array(body.utf8)).root, as: kind)
    return call
  }
}

/// A JSON text, parsed.
func json(_ text: String) throws -> JSONValue { try JSONParser().parse(Array(text.utf8)).root }
