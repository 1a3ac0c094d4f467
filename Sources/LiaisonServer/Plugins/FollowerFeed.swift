import ContextModel
import ContextStore
import LiaisonKit
import Synchronization

/// The change sequence as one plugin follows it, under its name.
final class FollowerFeed: ChangeFeed {
  private let follower: String
  private let access: StoreAccess
  private let metrics: MetricsRegistry
  /// What the plugin has dealt with: the kept position, or the one behind which it has read on. -1 while it does not follow.
  private let reached = Atomic<Int64>(-1)
  /// Whether it has followed: until then it has no metric.
  private let isShown = Atomic<Bool>(false)

  init(follower: String, access: StoreAccess, metrics: MetricsRegistry) {
    self.follower = follower
    self.access = access
    self.metrics = metrics
  }

  var newest: Int64 { (try? access.opened.store.newestChange) ?? 0 }

  func changes(behind sequence: Int64, limit: Int) async throws -> [Change] {
    note(sequence)
    let opened = try access.opened
    return try await opened.onLoop { () async throws(ContextError) -> Result<[Change], ChangesGone> in
      do throws(ContextError) {
        return .success(try await opened.store.changes(after: sequence, limit: limit))
      } catch {
        guard error.status == 410 else { throw error }
        let oldest = try await opened.store.oldestChange(after: sequence)
        return .failure(ChangesGone(after: sequence, oldest: oldest))
      }
    }.get()
  }

  func wait(behind sequence: Int64) async {
    guard let opened = try? access.opened else { return }
    try? await opened.onLoop { () async throws(ContextError) in
      await opened.store.waitForChange(after: sequence)
    }
  }

  func position() async throws(ContextError) -> Int64? {
    let opened = try access.opened
    let position = try await opened.onLoop { [follower] () async throws(ContextError) in
      try await opened.store.position(of: follower)
    }
    if let position { note(position) }
    return position
  }

  func keep(_ position: Int64) async throws(ContextError) {
    let opened = try access.opened
    try await opened.onLoop { [follower] () async throws(ContextError) in
      try await opened.store.write(KeepPosition(follower: follower, sequence: position))
    }
    note(position)
  }

  /// The plugin does not follow for now: another server may.
  func rest() { reached.store(-1, ordering: .relaxed) }

  private func note(_ position: Int64) {
    reached.store(position, ordering: .relaxed)
    guard !isShown.exchange(true, ordering: .relaxed) else { return }
    metrics.register(
      "liaison_\(follower.withUnderscores)_changes_behind", .gauge,
      help: "Changes that the plugin \(follower) has not dealt with yet."
    ) { [weak self] writer in
      guard let self else { return }
      let reached = reached.load(ordering: .relaxed)
      if reached >= 0 { writer.sample(Int(max(0, newest - reached))) }
    }
  }
}
