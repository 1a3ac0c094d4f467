/// What an event loop calls when a registered descriptor is ready. Called on the loop's thread only.
public protocol ReadinessHandler: AnyObject {
  /// Level-triggered: what is not read or written now is reported again in the next tick.
  func ready(_ events: Interest)
}
