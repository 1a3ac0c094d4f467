import ContextModel
import LiaisonKit

/// The stage: lets a call pass if somebody known makes it who has the role that its operation needs.
///
/// Shared by all loops. The way of a bearer key is free of locks and allocations.
struct Authenticator: Middleware {
  let keys: BearerKeys
  /// `nil` without an htpasswd file.
  let passwords: PasswordAuthenticator?
  let delay: FailureDelay
  let refusals: Refusals

  /// What can be said of a header without waiting.
  private enum Recognition {
    case principal(Principal)
    case wrongKey
    case unverified(BasicCredential, SHA256Digest)
    case unreadable
  }

  /// Passes a call on, or throws 401, 403, 429 or 503.
  func handle(_ call: Call, next: Next) async throws -> Reply {
    guard let role = call.requiredRole else { return try await next(call) }
    let principal = try await principal(of: call)
    guard principal.roles.isSuperset(of: role) else { throw refusals.forbidden(principal, call, role) }
    call.principal = principal
    return try await next(call)
  }

  private func principal(of call: Call) async throws -> Principal {
    let recognition = call.headers.withValue(of: "authorization", recognize)
    switch recognition {
    case .principal(let principal): return principal
    case .none: throw refusals.missing
    case .unreadable: throw refusals.unreadable
    case .wrongKey:
      try await refuseKey(from: call.peer)
    case .unverified(let credential, let digest):
      let principal = try await passwords?.principal(of: credential, digest, from: call.peer)
      guard let principal else { throw refusals.wrong }
      return principal
    }
  }

  private func recognize(_ header: UnsafeBufferPointer<UInt8>) -> Recognition {
    switch Credential(header) {
    case .bearer(let key): return keys.owner(of: key).map(Recognition.principal) ?? .wrongKey
    case .basic(let text):
      guard let passwords else { return .unreadable }
      let digest = passwords.digest(of: text)
      if let principal = passwords.remembered(digest) { return .principal(principal) }
      return BasicCredential(base64: text).map { .unverified($0, digest) } ?? .unreadable
    case .unknown: return .unreadable
    }
  }

  /// Answers a wrong key when its network has its turn: it has been compared already, and a right one never waits.
  private func refuseKey(from address: String) async throws -> Never {
    let network = ClientNetwork(address)
    defer { delay.recordFailure(of: network, at: address) }
    _ = try await delay.waiting { try await delay.turn(of: network) }
    throw refusals.wrong
  }
}
