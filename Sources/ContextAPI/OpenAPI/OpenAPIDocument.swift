import ContextModel
import HTTP
import LiaisonKit

/// The API's description in the form of OpenAPI 3.1, made from the table of operations.
struct OpenAPIDocument {
  /// A prefix that paths may have; empty for none.
  let basePath: String
  /// In characters.
  let longestCustomerID: Int
  /// Whether calls must tell whose data they are about.
  var hasTenants = false

  /// The document as JSON text.
  var text: [UInt8] { root.text }

  private var root: JSONNode {
    var servers: [JSONNode] = [["url": "/", "description": "The paths of versions 8.0 and 8.1"]]
    if !basePath.isEmpty {
      servers.append(["url": .string(basePath), "description": "The paths of version 8.5"])
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Liaison Context Services",
        "version": "1",
        "description":
          "Services, states, tasks and customer profiles of a contact center. Bodies are JSON; keys of an event that are no fields are extensions.",
        "license": ["name": "Apache 2.0", "identifier": "Apache-2.0"],
      ],
      "servers": .array(servers),
      "security": [[:], ["basic": []], ["bearer": []]],
      "paths": .object(paths),
      "components": [
        "schemas": .object(Self.schemas),
        "headers": .object(AnswerHeader.allCases.map { ($0.rawValue, $0.node) }),
        "responses": .object(
          Self.errors.map { ("Error\($0.status)", Self.response($0.description, $0.headers)) } + [
            ("NotModified", Self.notModified), ("Error", Self.anyError),
          ]),
        "securitySchemes": [
          "basic": ["type": "http", "scheme": "basic"], "bearer": ["type": "http", "scheme": "bearer"],
        ],
      ],
    ]
  }

  private var paths: [(String, JSONNode)] {
    var paths: [(path: String, items: [(String, JSONNode)])] = []
    for row in OperationTable.rows {
      let item = (row.method.name.lowercased(), operation(row))
      if let index = paths.firstIndex(where: { $0.path == row.path }) {
        paths[index].items.append(item)
      } else {
        paths.append((row.path, [item]))
      }
    }
    return paths.map { ($0.path, .object($0.items)) }
  }

  private func operation(_ row: OperationRow) -> JSONNode {
    var members: [(String, JSONNode)] = [
      ("operationId", .string(row.identifier)), ("summary", .string(row.title)),
      ("tags", [.string(row.tag)]),
    ]
    let parameters = pathParameters(row) + row.parameters.map { $0.node(in: row) } + headers(row)
    if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
    if let schema = row.bodySchema {
      members.append(
        (
          "requestBody",
          ["required": .bool(row.requiresBody), "content": ["application/json": ["schema": schema]]]
        ))
    }
    members.append(("responses", .object(responses(row))))
    return .object(members)
  }

  /// An answer's body. Bulk operations answer one object per line when they are asked so; that bodies may have this form too
  /// is not said, for generators of clients stumble over it.
  private func content(_ schema: JSONNode, of row: OperationRow) -> JSONNode {
    guard row.body == .associations else { return ["application/json": ["schema": schema]] }
    return ["application/json": ["schema": schema], "application/x-ndjson": ["schema": ["type": "string"]]]
  }

  private func pathParameters(_ row: OperationRow) -> [JSONNode] {
    row.path.split(separator: "/").compactMap { PathParameter(template: String($0)) }.map { parameter in
      let schema: JSONNode =
        switch parameter {
        case .serviceID:
          ["type": "integer", "format": "int64", "minimum": 1, "maximum": .integer(ServiceID.maximum)]
        case .stateID, .taskID:
          ["type": "integer", "format": "int32", "minimum": 1, "maximum": 2_147_483_647]
        case .customerID, .sourceID:
          ["type": "string", "minLength": 1, "maxLength": .integer(Int64(longestCustomerID))]
        case .interactionID: ["type": "string", "minLength": 1, "maxLength": 50]
        case .contactKey: ["type": "string", "minLength": 1, "maxLength": 256]
        case .name, .extensionName: ["type": "string", "minLength": 1, "maxLength": 255]
        }
      return ["name": .string(parameter.rawValue), "in": "path", "required": true, "schema": schema]
    }
  }

  private func headers(_ row: OperationRow) -> [JSONNode] {
    var headers: [JSONNode] = []
    if hasTenants {
      headers.append([
        "name": "ContactCenterId", "in": "header", "required": true,
        "schema": ["type": "string", "minLength": 1],
        "description": "The DB id or the name of a contact center.",
      ])
      headers.append([
        "name": "GroupId", "in": "header", "required": false, "schema": ["type": "string"],
        "description": "The name of one of its business units.",
      ])
    }
    if row.isIdempotent {
      headers.append([
        "name": "Idempotency-Key", "in": "header", "required": false,
        "schema": ["type": "string", "minLength": 1, "maxLength": 255],
        "description": "A retry with the same key, within a day, gets the first answer and changes nothing.",
      ])
    }
    if row.isConditional {
      headers.append([
        "name": "If-Match", "in": "header", "required": false, "schema": ["type": "string"],
        "description":
          "Entity tags, as ETag gives them; the change is refused with 412 if none is the current one.",
      ])
    }
    if row.operation.isRevalidated {
      headers.append([
        "name": "If-None-Match", "in": "header", "required": false, "schema": ["type": "string"],
        "description": "Entity tags, as ETag gives them; the answer is 304 if one is the current one.",
      ])
    }
    return headers
  }

  private func responses(_ row: OperationRow) -> [(String, JSONNode)] {
    var success: [(String, JSONNode)] = [("description", .string(row.title))]
    if let schema = row.answerSchema {
      success.append(("content", content(schema, of: row)))
    }
    success.append(("headers", AnswerHeader.references(to: [.requestID] + AnswerHeader.all(of: row))))
    var responses: [(String, JSONNode)] = [(String(row.success), .object(success))]
    if row.operation.isRevalidated { responses.append(("304", .reference("responses/NotModified"))) }
    for error in Self.errors where error.applies(row) {
      responses.append((String(error.status), .reference("responses/Error\(error.status)")))
    }
    return responses + [("default", .reference("responses/Error"))]
  }

  private static let notModified: JSONNode = [
    "description": "Not Modified: the client has what would be sent",
    "headers": AnswerHeader.references(to: [.requestID, .tag, .cacheStatus]),
  ]

  // MARK: Errors

  /// A status that operations answer for reasons of their own. What any may answer is `default`.
  struct ErrorCase: Sendable {
    let status: Int
    let description: String
    var headers: [AnswerHeader] = []
    /// Which operations may answer so.
    let applies: @Sendable (OperationRow) -> Bool
  }

  private static let errors: [ErrorCase] = [
    ErrorCase(status: 400, description: "Bad Request") { _ in true },
    ErrorCase(status: 401, description: "Not Authorized", headers: [.authenticate]) { $0.role != nil },
    ErrorCase(status: 403, description: "Forbidden") { $0.role != nil },
    ErrorCase(status: 404, description: "Not Found") {
      $0.path.contains("{") || $0.body != .none || !$0.parameters.isEmpty
    },
    ErrorCase(status: 409, description: "Conflict", headers: [.retryAfter]) { $0.method != .get },
    ErrorCase(status: 411, description: "Length Required") { $0.body != .none },
    ErrorCase(status: 412, description: "Precondition Failed") { $0.isConditional },
    ErrorCase(status: 413, description: "Content Too Large") { $0.body != .none },
    // A key that was used for something else, data that PostgreSQL can never keep, too many candidates.
    ErrorCase(status: 422, description: "Unprocessable Content") {
      $0.method != .get || $0.operation == .identifyCustomer
    },
    ErrorCase(status: 429, description: "Too Many Requests", headers: [.retryAfter]) { $0.role != nil },
    ErrorCase(status: 503, description: "Service Unavailable", headers: [.retryAfter]) { _ in true },
  ]

  private static let anyError = response(
    "What any operation may answer: 405, 408, 414, 417, 431, 500, 501, 504, 505", [.allow])

  private static func response(_ description: String, _ headers: [AnswerHeader]) -> JSONNode {
    [
      "description": .string(description),
      "content": ["application/json": ["schema": .reference("schemas/Error")]],
      "headers": AnswerHeader.references(to: [.requestID] + headers),
    ]
  }
}
