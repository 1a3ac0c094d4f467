/// A stage that seldom has to wait. For a call that it lets pass at once no task is needed, which is most of what a
/// stage costs.
///
/// ```swift
/// struct Weekdays: ImmediateMiddleware {
///   func admit(_ call: Call) throws -> Bool {
///     guard isWeekday(call.receivedAt) else { throw closed }
///     return true
///   }
/// }
/// ```
public protocol ImmediateMiddleware: Middleware {
  /// Lets a call pass or refuses it, without waiting. Every call comes here first, once; `handle` gets those alone that this
  /// leaves to it.
  ///
  /// - Returns: whether the call goes on to the next stage; `false` leaves it to `handle`. To refuse a call is to throw a
  ///   `ContextError`.
  /// - Throws: the client's answer.
  func admit(_ call: Call) throws -> Bool
}

extension ImmediateMiddleware {
  /// For a stage that never waits. Asks again, for the sake of a stage that calls this one without having asked.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    try requireAdmitted(call)
    return try await next(call)
  }

  /// Asks a stage that has no `handle` of its own.
  func requireAdmitted(_ call: Call) throws {
    guard try admit(call) else { throw NoHandle() }
  }
}

/// A stage left a call to a `handle` that it does not have.
private struct NoHandle: Error, CustomStringConvertible {
  let description =
    "admit has returned false, which leaves a call to handle, but the stage has no handle of its own; to refuse a call throw a "
    + "ContextError"
}
