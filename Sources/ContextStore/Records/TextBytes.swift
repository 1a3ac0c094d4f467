/// A text as a key, or in an order: compared byte by byte.
public struct TextBytes: Hashable, Comparable, Sendable {
  /// The text.
  public let text: String

  /// A text as a key.
  public init(_ text: String) { self.text = text }

  /// Whether it is the same text, byte by byte.
  public static func == (one: TextBytes, other: TextBytes) -> Bool { one.text.hasBytes(of: other.text) }

  /// The order of the first bytes that differ.
  public static func < (one: TextBytes, other: TextBytes) -> Bool {
    one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
  }

  /// Hashes what ``==(_:_:)`` compares.
  public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
}
