import ContextModel
import LiaisonKit
import Synchronization

/// Finds out whose HTTP Basic credential it is: from memory, or by its hash on a thread of the blocking pool.
///
/// Any thread may ask. What is remembered and what is under way is known by keyed digests of the credentials.
final class PasswordAuthenticator: Sendable {
  private struct CheckKey: Hashable, Sendable {
    let digest: SHA256Digest
    let generation: Int
  }

  /// What a check found.
  private enum Finding: Sendable {
    case principal(Principal)
    case wrong
    /// The network came to be slowed while the check waited for a thread: it has to wait for its turn first.
    case postponed
  }

  private let users: Mutex<PasswordUsers>
  private let remembered: RememberedCredentials
  private let delay: FailureDelay
  private let blocking: BlockingPool
  private let checked: Counter
  private let secret = KeyedDigest()
  private let checks = SharedChecks<CheckKey, Finding>()

  init(
    _ users: PasswordUsers, _ remembered: RememberedCredentials, _ delay: FailureDelay,
    _ context: PluginContext
  ) {
    self.users = Mutex(users)
    self.remembered = remembered
    self.delay = delay
    blocking = context.blocking
    checked = context.metrics.counter(
      "liaison_authentication_password_checks_total", help: "Password hashes computed.")
    remembered.forgetAll(generation: users.generation)
  }

  /// Puts other users in force: from here on nothing that was remembered counts.
  func replace(_ users: PasswordUsers) {
    self.users.withLock { $0 = users }
    remembered.forgetAll(generation: users.generation)
  }

  /// The digest under which a credential is known here.
  func digest(of credential: UnsafeBufferPointer<UInt8>) -> SHA256Digest { secret.digest(of: credential) }

  /// Whose credential it is, if it was right a short while ago. Costs a digest and a look-up.
  func remembered(_ digest: SHA256Digest) -> Principal? { remembered.principal(of: digest) }

  /// Whose credential it is, by its hash; `nil` if it is wrong.
  ///
  /// - Throws: 429 or 503 where there is too much to do.
  func principal(
    of credential: BasicCredential, _ digest: SHA256Digest, from address: String
  ) async throws -> Principal? {
    let network = ClientNetwork(address)
    return try await delay.waiting {
      while true {
        let isInTurn = try await delay.turn(of: network)
        let users = users.withLock { $0 }
        let finding = try await checks.outcome(of: CheckKey(digest: digest, generation: users.generation)) {
          // A check that ended since the caller looked, or while it waited for its turn, has the answer.
          if let principal = remembered(digest) { return .principal(principal) }
          return try await find(credential, digest, users, network, address, isInTurn: isInTurn)
        }
        switch finding {
        case .principal(let principal): return principal
        case .wrong: return nil
        case .postponed: continue
        }
      }
    }
  }

  private func find(
    _ credential: BasicCredential, _ digest: SHA256Digest, _ users: PasswordUsers, _ network: ClientNetwork,
    _ address: String, isInTurn: Bool
  ) async throws -> Finding {
    let draw = credential.user.withUnsafeBufferPointer { secret.digest(of: $0).hashValue }
    return try await blocking.run { [delay, remembered, checked] in
      // Many guesses may have been let in before the first of them was found wrong.
      guard isInTurn || !delay.isSlowed(network) else { return .postponed }
      checked.add()
      guard let principal = users.principal(of: credential, draw: draw) else {
        delay.recordFailure(of: network, at: address)
        return .wrong
      }
      remembered.remember(principal, by: digest, generation: users.generation)
      return .principal(principal)
    }
  }
}
