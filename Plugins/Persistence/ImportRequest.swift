import ContextModel
import JSON

/// The body of Bulk Profile Import (API page of that name).
struct ImportRequest: Sendable {
  /// `profiles`: the file's name in the folder `imports` of the data folder.
  var file: String
  /// `id-key`: rows of customers who are found by this unique key are skipped.
  var key: String?
  /// `delimiter`: between fields.
  var delimiter = UInt8(ascii: ",")
  /// `max-errors`: the import ends when more rows than that are wrong.
  var mostErrors: Int64 = 100
  /// `start-from-index`: how many rows are passed over.
  var start: Int64 = 0
  /// `create-log`: whether a file tells what was wrong.
  var createsLog = false

  private static let members = [
    "format", "profiles", "id-key", "delimiter", "max-errors", "encoding", "start-from-index", "create-log",
  ]

  /// Reads a body.
  ///
  /// - Throws: a 400 that names the member.
  init(decoding body: JSONValue) throws(ContextError) {
    for member in body.members where !Self.members.contains(member.name) {
      throw .badField(
        member.name, code: "field_not_allowed", message: "\(member.name) is no parameter of an import.",
        allowed: Self.members)
    }
    guard let profiles = body["profiles"] else { throw .missingField("profiles", "the name of a file") }
    guard let name = profiles.string, !name.isEmpty, !name.contains("/"), !name.hasPrefix("."),
      !name.hasControlCharacters, name.utf8.count <= 200
    else {
      throw Self.bad("profiles", profiles, "the name of a file in the folder imports of the data folder")
    }
    file = name
    if let value = body["format"], value.string?.uppercased() != "CSV" {
      throw Self.bad("format", value, "CSV")
    }
    if let value = body["encoding"], !["UTF-8", "UTF8"].contains(value.string?.uppercased()) {
      throw Self.bad("encoding", value, "UTF-8")
    }
    if let value = body["id-key"] {
      guard let name = value.string, !name.isEmpty else {
        throw Self.bad("id-key", value, "the name of a key")
      }
      key = name
    }
    if let value = body["delimiter"] {
      guard let text = value.string, text.utf8.count == 1, let byte = text.utf8.first, byte != 0x22,
        byte != 0x0A,
        byte != 0x0D
      else { throw Self.bad("delimiter", value, "one ASCII character") }
      delimiter = byte
    }
    mostErrors = try Self.count(body["max-errors"], "max-errors") ?? mostErrors
    start = try Self.count(body["start-from-index"], "start-from-index") ?? start
    if let value = body["create-log"] {
      guard let flag = value.bool else { throw Self.bad("create-log", value, "true or false") }
      createsLog = flag
    }
  }

  private static func count(_ value: JSONValue?, _ name: String) throws(ContextError) -> Int64? {
    guard let value else { return nil }
    guard let count = value.int64, count >= 0 else { throw bad(name, value, "an integer, 0 or more") }
    return count
  }

  private static func bad(_ name: String, _ value: JSONValue, _ allowed: String) -> ContextError {
    .badField(
      name, code: "bad_parameter", message: "\(name) must be \(allowed); \(value.excerpt) was sent.",
      value: value.excerpt, allowed: [allowed])
  }
}
