import ContextModel
import LiaisonKit

extension Call {
  /// A call of Start Service with a number of its own.
  static func make(_ number: UInt64 = 1) -> Call {
    Call(
      operation: .startService, requiredRole: nil, requestNumber: number, peer: "",
      receivedAt: Timestamp(milliseconds: 0), headers: CallHeaders())
  }
}
