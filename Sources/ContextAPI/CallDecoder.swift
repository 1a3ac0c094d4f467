import ContextModel
import HTTP
import JSON
import LiaisonKit

/// Turns a request into a call: ids, query, condition and body, all of them checked.
struct CallDecoder {
  let row: OperationRow
  let parser: JSONParser
  let longestCustomerID: Int

  /// Fills the call in.
  ///
  /// - Throws: a 4xx that names the field, what was sent and what is allowed.
  func decode(
    _ request: borrowing HTTPRequest, _ parameters: PathParameters, into call: Call
  ) throws(ContextError) {
    let path = request.path
    if let range = parameters[.serviceID] {
      call.serviceID = try serviceID(UnsafeRawBufferPointer(rebasing: path[range]))
    }
    if let range = parameters[.customerID] {
      call.customerID = try identifier(
        UnsafeRawBufferPointer(rebasing: path[range]), field: "customer_id", longest: longestCustomerID)
    }
    if let range = parameters[.contactKey] {
      call.contactKey = try identifier(
        UnsafeRawBufferPointer(rebasing: path[range]), field: "contact_key", longest: 256)
    }
    // The hot operation has none of the rest.
    if row.hasMoreParameters { try decodeMore(path, parameters, into: call) }
    call.filter.status = row.status
    if !request.query.isEmpty || !row.parameters.isEmpty {
      try QueryDecoder(
        allowed: row.parameters, resource: row.resource,
        takesAttributes: row.operation == .identifyCustomer, listsInteractions: row.listsInteractions
      ).decode(request.query, into: call)
    }
    if row.method != .get, let header = request.header("if-match") { call.condition = try condition(header) }
    if row.body != .none, !request.isStreamed { try decodeBody(request, into: call) }
  }

  private func decodeMore(
    _ path: UnsafeRawBufferPointer, _ parameters: PathParameters, into call: Call
  ) throws(ContextError) {
    func segment(_ range: Range<Int>) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(rebasing: path[range])
    }
    if let range = parameters[.stateID] { call.partID = try partID(segment(range), field: "state_id") }
    if let range = parameters[.taskID] { call.partID = try partID(segment(range), field: "task_id") }
    if let range = parameters[.sourceID] {
      call.sourceID = try identifier(segment(range), field: "src_id", longest: longestCustomerID)
    }
    if let range = parameters[.interactionID] {
      call.name = try identifier(segment(range), field: "interaction_id", longest: 50)
    }
    if let range = parameters[.name] {
      call.name = try identifier(segment(range), field: "name", longest: 255)
    }
    if let range = parameters[.extensionName] {
      var name = try percentDecoded(segment(range), field: "ext_name")
      try Extension.requireName(name, in: "ext_name")
      if row.resource != .profile { try requireNoField(&name) }
      call.name = name
    }
  }

  /// An extension with the name of a field would stand in an answer beside that.
  private func requireNoField(_ name: inout String) throws(ContextError) {
    guard let field = name.withUTF8({ EventField(name: $0) }), !field.isPlainWord else { return }
    throw .badField(
      "ext_name", code: "field_not_allowed",
      message: "\(name) is a field of its own; no extension has its name.",
      value: JSONWriter.excerpt(of: name), allowed: ["a name that is no field"])
  }

  private func decodeBody(_ request: borrowing HTTPRequest, into call: Call) throws(ContextError) {
    let document = try document(request)
    switch row.body {
    // Associations are streamed, but for an empty body, which was refused.
    case .none, .associations: break
    case .schema, .value: call.body = document?.root
    case .object:
      if let root = document?.root, root.kind != .object { throw .bodyNotObject(root) }
      call.body = document?.root
    case .profile, .profileExtensions:
      guard let document else { break }
      call.profile = try ProfileBody(
        decoding: document.root, customer: call.customerID, extensionsOnly: row.body == .profileExtensions,
        longestCustomerID: longestCustomerID)
    case .event(let kind):
      guard let document else {
        call.event = Event(kind)
        return
      }
      let event = try Event(
        decoding: document.root, as: kind, service: call.serviceID, part: call.partID,
        customer: call.customerID,
        longestCustomerID: longestCustomerID)
      if kind == .start {
        guard event.customerID != nil || event.contactKey != nil else {
          throw .badField(
            "customer_id", code: "missing_field",
            message: "A service needs a customer_id or, while its customer is unknown, a contact_key.",
            allowed: ["customer_id", "contact_key"])
        }
        call.customerID = event.customerID
      }
      call.event = event
    }
  }

  /// The body's document; `nil` for an empty body where the operation needs none.
  private func document(_ request: borrowing HTTPRequest) throws(ContextError) -> JSONDocument? {
    if request.body.isEmpty {
      guard row.requiresBody else { return nil }
      guard request.hasBodyLength else {
        throw ContextError(
          status: 411, code: "length_required",
          message: "This operation needs a body; its length must be given by Content-Length or chunks.",
          field: "Content-Length")
      }
      throw ContextError(
        status: 400, code: "missing_body", message: "This operation needs a body.", allowed: ["a JSON object"]
      )
    }
    do {
      return try parser.parse(padded: request.body)
    } catch {
      throw ContextError(error)
    }
  }

  private func serviceID(_ segment: UnsafeRawBufferPointer) throws(ContextError) -> ServiceID {
    if let id = ServiceID(digits: segment) { return id }
    let sent = try percentDecoded(segment, field: "service_id")
    // An escaped digit is a digit.
    if let id = ServiceID(digits: Array(sent.utf8)) { return id }
    let allowed = "an integer from 1 to \(ServiceID.maximum)"
    throw .badField(
      "service_id", code: sent.isEmpty ? "empty_value" : "bad_identifier",
      message: "service_id must be \(allowed); \(JSONWriter.excerpt(of: sent)) was sent.",
      value: JSONWriter.excerpt(of: sent),
      allowed: [allowed])
  }

  private func partID(_ segment: UnsafeRawBufferPointer, field: String) throws(ContextError) -> PartID {
    let sent = try percentDecoded(segment, field: field)
    if let id = PartID(digits: Array(sent.utf8)) { return id }
    let allowed = "an integer from 1 to \(Int32.max)"
    throw .badField(
      field, code: sent.isEmpty ? "empty_value" : "bad_identifier",
      message: "\(field) must be \(allowed); \(JSONWriter.excerpt(of: sent)) was sent.",
      value: JSONWriter.excerpt(of: sent),
      allowed: [allowed])
  }

  private func identifier(
    _ segment: UnsafeRawBufferPointer, field: String, longest: Int
  ) throws(ContextError) -> String {
    let sent = try percentDecoded(segment, field: field)
    let code: String? =
      if sent.isEmpty {
        "empty_value"
      } else if sent.utf8.count > longest && sent.unicodeScalars.count > longest {
        "too_long"
      } else if sent.hasControlCharacters {
        "bad_identifier"
      } else {
        nil
      }
    guard let code else { return sent }
    let allowed = "1 to \(longest) characters, none of them a control character"
    throw .badField(
      field, code: code, message: "\(field) must be \(allowed); \(JSONWriter.excerpt(of: sent)) was sent.",
      value: JSONWriter.excerpt(of: sent),
      allowed: [allowed])
  }

  /// `If-Match: *`, or revisions as in `ETag`: `"3", "4"`. A weak tag matches nothing, as RFC 9110 has it.
  ///
  /// - Throws: 400 also where the operation is never conditional: it must not do what was meant to depend on something.
  private func condition(_ header: UnsafeRawBufferPointer) throws(ContextError) -> RevisionCondition {
    let text = String(decoding: header, as: UTF8.self).trimmed
    guard row.isConditional else {
      throw .badField(
        "If-Match", code: "field_not_allowed",
        message: "This operation is not conditional; If-Match is for changes of what has an ETag.",
        value: JSONWriter.excerpt(of: text), allowed: ["no If-Match"])
    }
    if text == "*" { return .any }
    var revisions: [Int64] = []
    for element in text.split(separator: ",", omittingEmptySubsequences: false) {
      let tag = String(element).trimmed
      if tag.hasPrefix("W/\""), tag.hasSuffix("\"") { continue }
      guard tag.count >= 3, tag.hasPrefix("\""), tag.hasSuffix("\"") else {
        throw .badField(
          "If-Match", code: "bad_parameter", message: "If-Match must be * or entity tags such as \"3\".",
          value: JSONWriter.excerpt(of: text), allowed: ["*", "\"<revision>\""])
      }
      // A tag that is no number was not made by this server and matches nothing.
      if let revision = Int64(tag.dropFirst().dropLast()) { revisions.append(revision) }
    }
    return .oneOf(revisions)
  }
}

extension ContextError {
  /// What a client hears of a body that is not the JSON accepted here.
  init(_ error: JSONError) {
    switch error {
    case .malformed: self.init(status: 400, code: "malformed_json", message: "The body is not JSON.")
    case .empty:
      self.init(status: 400, code: "missing_body", message: "The body is empty.", allowed: ["a JSON object"])
    case .tooDeep:
      self.init(
        status: 400, code: "too_deep", message: "The body is nested too deep.",
        allowed: ["at most \(JSONParser.maximumDepth) levels"])
    case .invalidUTF8:
      self.init(status: 400, code: "invalid_utf8", message: "The body is not UTF-8.", allowed: ["UTF-8"])
    case .numberOutOfRange(let member):
      self.init(
        status: 400, code: "out_of_range", message: "A number in the body is larger than 64 bits hold.",
        field: member, allowed: ["64-bit integers and finite doubles"])
    case .duplicateKey(let key):
      self.init(
        status: 400, code: "duplicate_key", message: "A key is given twice in one object of the body.",
        field: key)
    case .outOfMemory:
      self.init(
        status: 503, code: "overloaded", message: "There is no memory for this call now.", retryAfter: 1)
    }
  }
}

extension String {
  var trimmed: String {
    let start = drop { $0 == " " || $0 == "\t" }
    return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
