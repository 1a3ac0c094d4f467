/// A statement that a connection prepares when it first needs it. Its parameters and results travel in binary form.
struct PostgresStatement: Sendable {
  /// Unique in the process.
  let name: String
  let text: String

  init(_ name: String, _ text: String) {
    self.name = name
    self.text = text
  }
}

/// A parameter of a statement.
enum PostgresParameter {
  case integer(Int64?)
  case text(String?)
  /// An array as a whole, see `PostgresArray`.
  case array([UInt8])

  /// In the server's binary form; `nil` for NULL.
  var bytes: [UInt8]? {
    switch self {
    case .integer(let value): value.map { PostgresArray.bigEndian(UInt64(bitPattern: $0)) }
    case .text(let text): text.map { Array(PostgresText.escaped($0).utf8) }
    case .array(let bytes): bytes
    }
  }
}
