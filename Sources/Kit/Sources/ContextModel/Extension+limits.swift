import JSON

extension Extension {
  /// The longest name, in characters.
  public static let longestName = 255

  /// How many a body gives at most, and a profile has.
  public static let mostTogether = 256

  /// Refuses one more in a body than there may be.
  ///
  /// - Throws: 400 that names it.
  static func requireRoom(for name: String, behind former: [Extension]) throws(ContextError) {
    guard former.count >= mostTogether else { return }
    let allowed = "at most \(mostTogether) extensions"
    throw .badField(
      name, code: "too_long", message: "A body may give \(allowed); \(name) is one too many.",
      allowed: [allowed])
  }

  /// Refuses a name by which nobody could ask for the extension: in a path, or in a list of names.
  ///
  /// - Parameters:
  ///   - name: as the client sent it.
  ///   - field: where the name stands in; `nil` if it is a key of a body.
  /// - Throws: 400 that names the field.
  public static func requireName(_ name: String, in field: String? = nil) throws(ContextError) {
    let code: String
    if name.isEmpty {
      code = "empty_value"
    } else if name.utf8.count > longestName && name.unicodeScalars.count > longestName {
      code = "too_long"
    } else if name.hasControlCharacters || name.utf8.contains(UInt8(ascii: ",")) {
      code = "bad_identifier"
    } else {
      return
    }
    let allowed = "1 to \(longestName) characters, none of them a comma or a control character"
    throw .badField(
      field ?? name, code: code, message: "The name of an extension has \(allowed).",
      value: JSONWriter.excerpt(of: name), allowed: [allowed])
  }
}
