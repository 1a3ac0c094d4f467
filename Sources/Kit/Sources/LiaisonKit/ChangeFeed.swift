public import ContextModel

/// The store's change sequence, as one plugin follows it: every accepted change, in the order in which it was decided, with
/// a number. See ``PluginContext/changes(after:)`` for the easy way.
///
/// A plugin keeps its position when it has dealt with a change for good. After a restart, or a fault, it begins behind that
/// position: each change is seen at least once, never with a gap, and those behind the position may be seen again.
///
/// Several servers on one store each give their plugins all changes, and keep one position for all plugins of a name. So that each change is
/// dealt with once, follow them in ``BackgroundWork/runOnOneServer(_:_:)``: whoever takes over begins behind the position. One that still had
/// a change in hand when it lost its turn may keep an older position over a newer one: changes may be seen again for that, none is missed, for each
/// position is behind changes that were dealt with.
///
/// After a restore of a backup the numbers of the changes since are given again, to others: what knows repetitions by their numbers must
/// begin anew. Any task.
public protocol ChangeFeed: Sendable {
  /// The number of the newest durable change; 0 before the first.
  var newest: Int64 { get }

  /// The changes behind a number, in order; none if there is no newer one.
  ///
  /// - Throws: ``ChangesGone``, or a 503 if the store cannot be read.
  func changes(behind sequence: Int64, limit: Int) async throws -> [Change]

  /// Returns when there is a durable change behind a number, when the store closes, or when the task is cancelled.
  func wait(behind sequence: Int64) async

  /// The position that the plugin has kept; `nil` if it never did.
  ///
  /// - Throws: 503 if the store cannot be read.
  func position() async throws(ContextError) -> Int64?

  /// Keeps the number of the newest change that the plugin has dealt with. Durable when it returns. It costs a commit:
  /// once for several changes is cheaper.
  ///
  /// - Throws: 503 if it could not be kept.
  func keep(_ position: Int64) async throws(ContextError)
}

/// Changes that a follower has not seen are not kept any more: it is behind the newest one by more than the option
/// `store.changes-kept`. Nobody but the follower can know what to do: to go on behind them is
/// `changes(after: oldest - 1)`.
public struct ChangesGone: Error, Equatable, CustomStringConvertible {
  /// The change behind which the follower wanted to go on.
  public let after: Int64
  /// The oldest change that is still kept.
  public let oldest: Int64

  /// An error by its parts.
  public init(after: Int64, oldest: Int64) {
    self.after = after
    self.oldest = oldest
  }

  /// One line.
  public var description: String {
    "the changes \(after + 1) to \(oldest - 1) were not followed in time and are not kept any more "
      + "(store.changes-kept); the oldest one is \(oldest)"
  }
}

/// For plugins that run without a store, as while a configuration is checked: there are no changes.
public struct NoChanges: ChangeFeed {
  /// No changes.
  public init() {}
  /// None.
  public var newest: Int64 { 0 }
  /// None.
  public func changes(behind sequence: Int64, limit: Int) async throws -> [Change] { [] }
  /// Returns when the task is cancelled.
  public func wait(behind sequence: Int64) async { try? await Task.sleep(for: .seconds(86_400)) }
  /// None.
  public func position() async throws(ContextError) -> Int64? { nil }
  /// - Throws: 503.
  public func keep(_ position: Int64) async throws(ContextError) {
    throw .storeUnavailable("there is none")
  }
}
