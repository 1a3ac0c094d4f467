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
