/// What a descriptor is watched for, and what happened to it.
public struct Interest: OptionSet, Sendable {
  /// The bits, see the static members.
  public let rawValue: UInt8

  /// The set with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// There is something to read, or the peer has closed its side.
  public static let read = Interest(rawValue: 1)
  /// There is room to write.
  public static let write = Interest(rawValue: 2)
  /// Both sides are closed. Reported always, never asked for.
  public static let hangUp = Interest(rawValue: 4)
  /// The descriptor is in error (`SO_ERROR` says which). Reported always, never asked for.
  public static let error = Interest(rawValue: 8)
}

/// What an event loop calls when a registered descriptor is ready. Called on the loop's thread only.
public protocol ReadinessHandler: AnyObject {
  /// Level-triggered: what is not read or written now is reported again in the next tick.
  func ready(_ events: Interest)
}

/// Work that is put off to the end of a tick so that it happens once for everything the tick brought.
public protocol EndOfTickWork: AnyObject {
  /// Kept by the loop: whether this work already waits for the end of the current tick. Starts as `false`.
  var waitsForEndOfTick: Bool { get set }

  /// Called on the loop's thread after the ready handlers, posted jobs and resumed tasks of the tick.
  func endOfTick()
}
