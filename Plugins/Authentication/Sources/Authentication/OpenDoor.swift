import LiaisonKit

/// The stage of a server without users and keys: everybody is let through, as nobody in particular.
struct OpenDoor: Middleware {
  /// Passes every call on.
  func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
}
