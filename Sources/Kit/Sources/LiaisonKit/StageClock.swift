/// Counts the time that a stage keeps a call. The server's part of ``Next``; belongs to the call's loop.
@_spi(Server) open class StageClock: @unchecked Sendable {
  /// A clock that does not run.
  public init() {}

  /// Until when the stage may keep the call.
  open var deadline: ContinuousClock.Instant? { nil }

  /// The stage calls `next`.
  ///
  /// - Throws: ``DeadlinePassed``: the stages behind do not see the call.
  open func passOn() throws {}

  /// `next` is about to return to the stage.
  open func goOn() {}

  /// A stage behind has thrown what is no answer.
  ///
  /// - Returns: what `next` throws.
  open func failedBehind(_ call: Call, _ error: any Error) -> any Error { error }
}
