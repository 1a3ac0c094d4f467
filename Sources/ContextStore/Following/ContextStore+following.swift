public import ContextModel

extension ContextStore {
  /// The number of the newest durable change; 0 before the first.
  public var newestChange: Int64 { signal.newest }

  /// The changes behind a number, in order.
  ///
  /// - Returns: at most `limit`; none if there is no newer one.
  /// - Throws: 410 if they are so old that the store does not keep them any more; 503 if it cannot be read.
  public func changes(after sequence: Int64, limit: Int) async throws(ContextError) -> [Change] {
    guard let changes = try await keptChanges(after: sequence, limit: limit) else {
      throw ContextError(
        status: 410, code: "changes_gone",
        message: "The changes behind number \(sequence) are not kept any more.", field: "after",
        value: "\(sequence)")
    }
    return changes
  }

  /// The oldest change that is kept, for a follower whose position is too old for ``changes(after:limit:)``. Looks for it:
  /// some tens of reads.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func oldestChange(after sequence: Int64) async throws(ContextError) -> Int64 {
    var gone = sequence
    var kept = newestChange
    while kept - gone > 1 {
      let middle = gone + (kept - gone) / 2
      if try await keptChanges(after: middle, limit: 1) == nil { gone = middle } else { kept = middle }
    }
    return kept + 1
  }

  private func keptChanges(after sequence: Int64, limit: Int) async throws(ContextError) -> [Change]? {
    try await read { view throws(StoreError) in try view.reader.changes(after: sequence, limit: limit) }
  }

  /// Returns when there is a change behind a number, when the store closes, or when the task is cancelled.
  public func waitForChange(after sequence: Int64) async {
    await signal.wait(after: sequence, on: loopOfCaller)
  }

  /// How far a follower has come; `nil` if it has never said so. See ``KeepPosition``.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func position(of follower: String) async throws(ContextError) -> Int64? {
    try await record(.follower(follower))?.revision
  }
}
