/// Why a text is not the JSON that is accepted here.
public enum JSONError: Error, Sendable, Equatable {
  /// Not JSON at all, or JSON with something behind it.
  case malformed
  /// Nothing but white space.
  case empty
  /// Nested deeper than ``JSONParser/maximumDepth``.
  case tooDeep
  /// Not UTF-8, or a lone surrogate.
  case invalidUTF8
  /// A number that neither 64 bits nor a double can hold; under which member of the outermost object it stands.
  case numberOutOfRange(member: String?)
  /// A key that is given twice in one object.
  case duplicateKey(String)
  /// The parser could not get memory.
  case outOfMemory
}
