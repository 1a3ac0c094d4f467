import CWebhook
import Glibc
import LiaisonKit

/// Where the webhook sends to: one connection, used by one thread of its own, since a receiver that is slow must not keep
/// other plugins' work waiting.
final class Receiver: @unchecked Sendable {
  private let hook: OpaquePointer
  private let secret: [UInt8]
  private let thread = BlockingPool(threads: 1)

  /// Why a receiver has not taken a body: one line.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
    /// A shorter body might be taken.
    let isTooLong: Bool
  }

  /// - Parameter timeout: how long one request may take.
  init(url: String, secret: [UInt8], timeout: Duration) {
    guard let hook = cwebhook_make(url, Int(timeout / .milliseconds(1))) else {
      preconditionFailure("libcurl has no memory")
    }
    self.hook = hook
    self.secret = secret
  }

  deinit { cwebhook_free(hook) }

  /// Posts a body; returns once it was taken.
  ///
  /// - Parameters:
  ///   - delivery: the numbers of the first and the last association in it.
  ///   - time: seconds since 1970.
  /// - Throws: ``Refusal`` for any answer but a 2xx, and without one.
  func post(_ body: [UInt8], delivery: String, time: Int64) async throws {
    let headers = [
      "Content-Type: application/json", "Expect:", "X-Liaison-Delivery: \(delivery)",
      "X-Liaison-Signature: t=\(time),v1=\(Self.signature(of: body, time: time, secret: secret))",
    ]
    try await withTaskCancellationHandler {
      try await thread.run { try self.send(body, headers) }
    } onCancel: {
      cwebhook_cancel(hook)
    }
  }

  private func send(_ body: [UInt8], _ headers: [String]) throws {
    var error = [CChar](repeating: 0, count: 256)
    // The copies live until the request is over.
    let lines = headers.map { strdup($0) }
    defer { for line in lines { free(line) } }
    let status = lines.map { UnsafePointer($0) }.withUnsafeBufferPointer {
      cwebhook_post(hook, body, body.count, $0.baseAddress, $0.count, &error)
    }
    guard !(200...299).contains(status) else { return }
    throw Refusal(
      description: status > 0
        ? "it answered \(status)"
        : String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
      isTooLong: status == 413)
  }

  /// HMAC-SHA256 over the time, a full stop and the body, in hexadecimal digits.
  static func signature(of body: [UInt8], time: Int64, secret: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    let first = Array("\(time).".utf8)
    cwebhook_hmac(secret, secret.count, first, first.count, body, body.count, &digest)
    return digest.map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }
}
