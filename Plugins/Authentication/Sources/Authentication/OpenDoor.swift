import LiaisonKit

/// The stage of a server without users and keys: everybody is let through, as nobody in particular.
struct OpenDoor: ImmediateMiddleware {
  /// Lets every call pass.
  func admit(_ call: Call) -> Bool { true }
}
