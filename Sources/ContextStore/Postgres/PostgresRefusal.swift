import CPostgres

extension StoreError {
  /// What the server says of a statement that failed.
  init(refusal result: OpaquePointer) {
    func part(_ field: Character) -> String {
      PQresultErrorField(result, Int32(field.asciiValue ?? 0)).map { String(cString: $0).oneLine } ?? ""
    }
    let code = part("C")
    let kind = Self.kind(of: code)
    // What the server adds to its message helps the administrator, not a client.
    let text = kind == .refused ? part("M") : String(cString: PQresultErrorMessage(result)).oneLine
    let column = kind == .refused ? Self.columns.first { text.contains("\"\($0.key)\"") }?.value : nil
    self.init(
      kind, "PostgreSQL: \(text)\(column.map { " (\($0.words))" } ?? "") (SQLSTATE \(code))",
      field: column?.field)
  }

  /// What an error code of the server means here.
  private static func kind(of code: String) -> Kind {
    switch code {
    // Serialization failure, deadlock, and a row that somebody else has made in the meantime.
    case "40001", "40P01", "23505": .conflict
    case "53100": .full
    case "57014", "55P03": .locked
    case "57P01", "57P02", "57P03", "25006": .unreachable
    case _ where code.hasPrefix("08") || code.hasPrefix("53"): .unreachable
    case _ where code.hasPrefix("58"): .inputOutput
    case _ where code.hasPrefix("XX"): .damaged
    // Data that no column takes, that breaks a rule of a table, or that is too large for an index.
    case _ where code.hasPrefix("22") || code.hasPrefix("23") || code.hasPrefix("54"): .refused
    default: .other
    }
  }

  /// What indexes hold, in the words of the API.
  private static let columns: [String: (words: String, field: String?)] = [
    "service_of_customer": ("customer_id is too long", "customer_id"),
    "service_of_contact_key": ("contact_key is too long", "contact_key"),
    "interaction_pkey": ("interaction_id is too long", "interaction_id"),
    "interaction_id": ("interaction_id is too long", "interaction_id"),
    "profile_pkey": ("customer_id is too long", "customer_id"),
    "identity_pkey": ("the values of an identification key are too long", nil),
    "idempotency_key_pkey": ("Idempotency-Key is too long", "Idempotency-Key"),
  ]
}

extension String {
  /// Without line breaks.
  var oneLine: String {
    split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }.joined(separator: " ")
  }
}
