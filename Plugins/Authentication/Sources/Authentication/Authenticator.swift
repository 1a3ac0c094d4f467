import ContextModel
import LiaisonKit

/// The stage: lets a call pass if somebody known makes it who has the role that its operation needs.
///
/// Shared by all loops. The way of a bearer key is free of locks and allocations.
final class Authenticator: ImmediateMiddleware {
  let keys: BearerKeys
  /// `nil` without an htpasswd file.
  let passwords: PasswordAuthenticator?
  let delay: FailureDelay
  let refusals: Refusals

  init(keys: BearerKeys, passwords: PasswordAuthenticator?, delay: FailureDelay, refusals: Refusals) {
    self.keys = keys
    self.passwords = passwords
    self.delay = delay
    self.refusals = refusals
  }

  /// What can be said of a header without waiting.
  private enum Recognition {
    case principal(Principal)
    case wrongKey
    case unverified(BasicCredential, SHA256Digest)
    case unreadable
  }

  /// Lets a call pass that needs no role, or whose credential is known already.
  func admit(_ call: Call) throws -> Bool {
    guard let role = call.requiredRole else { return true }
    return try admitsKnown(call, role)
  }

  /// Passes a call on whose credential has to be looked at, or throws 401, 403, 429 or 503.
  func handle(_ call: Call, next: Next) async throws -> Reply {
    if let role = call.requiredRole { try admit(try await principal(of: call), call, role) }
    return try await next(call)
  }

  // What needs no waiting is not inlined and throws without a type: principals and errors would lie in the task's frame.

  /// Admits the call if its credential is known already.
  @inline(never)
  private func admitsKnown(_ call: Call, _ role: Roles) throws -> Bool {
    guard case .principal(let principal) = recognition(of: call) else { return false }
    try admit(principal, call, role)
    return true
  }

  @inline(never)
  private func admit(_ principal: Principal, _ call: Call, _ role: Roles) throws {
    guard principal.roles.isSuperset(of: role) else { throw refusals.forbidden(principal, call, role) }
    call.principal = principal
  }

  private func recognition(of call: Call) -> Recognition? {
    call.headers.withValue(of: "authorization") { recognize($0) }
  }

  private func principal(of call: Call) async throws -> Principal {
    switch recognition(of: call) {
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
