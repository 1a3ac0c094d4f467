import ContextModel
import LiaisonKit

extension Call {
  /// A call of Query Service with a number of its own.
  static func make(_ number: UInt64 = 1) -> Call {
    Call(
      operation: .queryService, requiredRole: nil, requestNumber: number, peer: "192.0.2.1",
      receivedAt: Timestamp(milliseconds: 0), headers: CallHeaders())
  }
}
