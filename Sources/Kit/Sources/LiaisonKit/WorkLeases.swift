/// Decides which of the servers on one store does a plugin's work. The server implements it.
@_spi(Server) public protocol WorkLeases: Sendable {
  /// Runs a body when this server gets the lease of the work, and cancels it when it loses that; then anew, until the body has
  /// ended by itself or the task is cancelled.
  ///
  /// - Throws: what the body has ended with.
  func hold(_ work: String, _ body: @escaping @Sendable () async throws -> Void) async throws
}
