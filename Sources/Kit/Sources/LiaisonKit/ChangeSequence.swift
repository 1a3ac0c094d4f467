public import ContextModel

/// The changes behind a number and all that will come. It ends when its task is cancelled.
///
/// ```swift
/// for try await change in context.changes() {
///   let isWanted = change.kind == .associate
///   if isWanted { try await publish(change) }
///   if isWanted || change.sequence.isMultiple(of: 1000) { try await context.feed.keep(change.sequence) }
/// }
/// ```
/// The position is kept behind changes of other kinds too, now and then: a follower that keeps it only where it finds what it wants falls
/// behind what the store keeps, however long it has nothing to do, and after the next restart begins with ``ChangesGone``.
///
/// While the store cannot be read it waits. It throws ``ChangesGone`` where changes are missing, and nothing else.
public struct ChangeSequence: AsyncSequence, Sendable {
  /// A change.
  public typealias Element = Change

  private let feed: any ChangeFeed
  private let start: Int64?

  /// - Parameter start: see ``PluginContext/changes(after:)``.
  init(_ feed: any ChangeFeed, after start: Int64?) {
    self.feed = feed
    self.start = start
  }

  /// Begins.
  public func makeAsyncIterator() -> Iterator { Iterator(feed, after: start) }

  /// One walk along the sequence.
  public struct Iterator: AsyncIteratorProtocol {
    private let feed: any ChangeFeed
    /// The newest change that was read; `nil` before it is known where to begin.
    private var position: Int64?
    private var read: ArraySlice<Change> = []

    /// How many changes are read at once, and how long a store that fails is left alone.
    private static let mostRead = 256
    private static let pause: Duration = .seconds(1)

    fileprivate init(_ feed: any ChangeFeed, after start: Int64?) {
      self.feed = feed
      position = start
    }

    /// The next change, when there is one; `nil` once the task is cancelled.
    public mutating func next() async throws -> Change? {
      while true {
        if Task.isCancelled { return nil }
        if let change = read.popFirst() { return change }
        do {
          try await readOn()
        } catch let error as ChangesGone {
          throw error
        } catch {
          try? await Task.sleep(for: Self.pause)
        }
      }
    }

    private mutating func readOn() async throws {
      let start: Int64
      if let position { start = position } else { start = try await feed.begin() }
      position = start
      let changes = try await feed.changes(behind: start, limit: Self.mostRead)
      guard let last = changes.last else { return await feed.wait(behind: start) }
      position = last.sequence
      read = changes[...]
    }
  }
}

extension ChangeFeed {
  /// Where the plugin goes on: behind the position that it has kept, or, the first time, behind the newest change of this
  /// moment, which is kept at once: a plugin that has begun to follow misses nothing any more.
  ///
  /// - Throws: 503 if the store cannot be read, or the position not be kept.
  public func begin() async throws(ContextError) -> Int64 {
    if let kept = try await position() { return kept }
    let newest = newest
    try await keep(newest)
    return newest
  }
}

extension PluginContext {
  /// The store's change sequence: what was accepted, with the old and the new customer and the event.
  ///
  /// - Parameter sequence: the number behind which it begins. `nil`: the position that the plugin has kept
  ///   (``ChangeFeed/keep(_:)``), or, the first time, the newest change of this moment, which is kept as its position. 0:
  ///   everything that the store still has, if the first change is among it.
  public func changes(after sequence: Int64? = nil) -> ChangeSequence {
    ChangeSequence(feed, after: sequence)
  }
}
