/// The headers of answers that clients may look at, as the description has them.
enum AnswerHeader: String, CaseIterable, Sendable {
  case requestID = "X-Request-Id"
  case location = "Location"
  case tag = "ETag"
  case cacheStatus = "Cache-Status"
  case replayed = "Idempotency-Replayed"
  case retryAfter = "Retry-After"
  case allow = "Allow"
  case authenticate = "WWW-Authenticate"

  /// Those of a successful answer beside those that every answer has.
  static func all(of row: OperationRow) -> [AnswerHeader] {
    var headers: [AnswerHeader] = []
    if row.headers.contains(.location) { headers.append(.location) }
    if row.headers.contains(.tag) { headers.append(.tag) }
    if row.headers.contains(.cacheStatus) { headers.append(.cacheStatus) }
    if row.isIdempotent { headers.append(.replayed) }
    return headers
  }

  /// The member `headers` of a response.
  static func references(to headers: [AnswerHeader]) -> JSONNode {
    .object(headers.map { ($0.rawValue, .reference("headers/\($0.rawValue)")) })
  }

  /// The header's description.
  var node: JSONNode {
    let schema: JSONNode = self == .retryAfter ? ["type": "integer", "minimum": 0] : ["type": "string"]
    return ["description": .string(meaning), "schema": schema]
  }

  private var meaning: String {
    switch self {
    case .requestID: "The number under which the server's log speaks of the call"
    case .location: "The path of what is new, or of what tells how far it is"
    case .tag:
      "The revision, for If-Match and, with services, If-None-Match; not where states or tasks are shown inside"
    case .cacheStatus: "How Redis took part, as RFC 9211 has it"
    case .replayed: "true: the first answer to this Idempotency-Key, once more"
    case .retryAfter: "In seconds"
    case .allow: "With 405: the methods that the path has"
    case .authenticate: "How to send credentials"
    }
  }
}
