import LiaisonKit

/// The users of one state of the htpasswd file. Immutable, so any thread may use it.
final class PasswordUsers: Sendable {
  private struct User: Sendable {
    let hash: PasswordHash
    let principal: Principal
  }

  /// Which reading of the file this is; grows.
  let generation: Int
  private let users: [[UInt8]: User]
  private let hashes: [PasswordHash]

  /// The users of a file.
  ///
  /// - Parameter roles: by user name; a user that is not in it has none.
  init(_ users: [(name: [UInt8], hash: PasswordHash)], roles: [String: Roles], generation: Int) {
    self.generation = generation
    let roles = Dictionary(uniqueKeysWithValues: roles.map { (Array($0.key.utf8), $0.value) })
    self.users = Dictionary(
      uniqueKeysWithValues: users.map { user in
        let name = String(decoding: user.name, as: UTF8.self)
        return (
          user.name, User(hash: user.hash, principal: Principal(name: name, roles: roles[user.name] ?? []))
        )
      })
    hashes = users.map(\.hash)
  }

  /// How many users there are.
  var count: Int { users.count }

  /// Whether there is a user of that name.
  func contains(_ name: String) -> Bool { users[Array(name.utf8)] != nil }

  /// Who it is, if the password is right. Takes as long as a hash: not for an event loop.
  ///
  /// - Parameter draw: a number that is always the same for the same user name, and secret. For a name that nobody
  ///   has it chooses whose hash is computed instead, so that times do not tell which names there are.
  func principal(of credential: BasicCredential, draw: Int) -> Principal? {
    let user = users[credential.user]
    let stranger = hashes.isEmpty ? PasswordHash.nobody : hashes[Int(draw.magnitude % UInt(hashes.count))]
    let isRight = (user?.hash ?? stranger).matches(credential.password)
    return isRight ? user?.principal : nil
  }
}
