import LiaisonKit
import Synchronization

/// Looks once a second whether the htpasswd file has changed, and puts its new users in force.
///
/// A file that cannot be read or is wrong changes nothing: the former users stay, and the log says so once.
/// Files are touched on the blocking pool only. Any thread may start and stop it.
final class PasswordFileWatch: Sendable {
  private struct State {
    var stamp: PasswordFile.Stamp
    var generation: Int
    var complaint: String?
    var task: Task<Void, Never>?
  }

  /// How often the file is looked at.
  static let interval = Duration.seconds(1)

  private let file: PasswordFile
  private let roles: [String: Roles]
  private let passwords: PasswordAuthenticator
  private let log: Log
  private let blocking: BlockingPool
  private let state: Mutex<State>

  /// A watch on a file that was read at `stamp`.
  init(
    _ file: PasswordFile, _ stamp: PasswordFile.Stamp, _ users: PasswordUsers, roles: [String: Roles],
    _ passwords: PasswordAuthenticator, _ context: PluginContext
  ) {
    self.file = file
    self.roles = roles
    self.passwords = passwords
    log = context.log
    blocking = context.blocking
    state = Mutex(State(stamp: stamp, generation: users.generation))
    report(users)
  }

  /// Begins.
  func start() {
    let task = Task { [self] in
      while !Task.isCancelled {
        // Too much other work for the pool is no reason to stop: the next round comes.
        try? await blocking.run { self.look() }
        try? await Task.sleep(for: Self.interval)
      }
    }
    state.withLock { $0.task = task }
  }

  /// Ends.
  func stop() {
    state.withLock { state in
      state.task?.cancel()
      state.task = nil
    }
  }

  /// One look; blocks.
  private func look() {
    do throws(PasswordFile.Refusal) {
      let stamp = try file.stamp()
      guard stamp != state.withLock({ $0.stamp }) else { return }
      let content = try file.read()
      let generation = state.withLock { state in
        state.stamp = content.stamp
        state.generation += 1
        state.complaint = nil
        return state.generation
      }
      let users = PasswordUsers(content.users, roles: roles, generation: generation)
      passwords.replace(users)
      log.info("users read again", ["file": file.path, "users": "\(users.count)"])
      report(users)
    } catch {
      let isNew = state.withLock { state in
        defer { state.complaint = error.description }
        return state.complaint != error.description
      }
      if isNew { log.error("the former users stay in force: \(error.description)") }
    }
  }

  private func report(_ users: PasswordUsers) {
    if users.count == 0 { log.warning("the htpasswd file has no users", ["file": file.path]) }
    for name in roles.keys.sorted() where !users.contains(name) {
      log.warning("roles are given to a user that is not in the htpasswd file", ["user": name])
    }
  }
}
