import ContextModel

// Two texts that Swift takes for equal may have different bytes: an accent is one character or two. Tables, hashes and Redis tell
// them apart, so the store does everywhere.

extension String {
  /// Whether it is the same text, byte by byte.
  func hasBytes(of other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }

  /// Hashes what ``hasBytes(of:)`` compares.
  func hashBytes(into hasher: inout Hasher) {
    var text = self
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String? {
  /// Whether both are the same text, byte by byte, or none.
  func hasBytes(of other: String?) -> Bool {
    switch (self, other) {
    case (let text?, let other?): text.hasBytes(of: other)
    case (nil, nil): true
    default: false
    }
  }
}

extension AttributeValue? {
  /// Whether both are the same id, or the same name, byte by byte, or none.
  func hasBytes(of other: AttributeValue?) -> Bool {
    if case (.name(let name)?, .name(let other)?) = (self, other) { return name.hasBytes(of: other) }
    return self == other
  }
}
