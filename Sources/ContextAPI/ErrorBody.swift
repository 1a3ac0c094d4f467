import ContextModel
import HTTP
import JSON

extension HTTPResponse {
  /// The answer to a call that is refused (API page *HTTP Response Codes and Errors*).
  init(_ error: ContextError, method: String) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("http_method")
    writer.string(method)
    writer.members(of: error)
    writer.key("exception")
    writer.string(error.exception)
    writer.endObject()
    self.init(status: error.status, body: writer.bytes)
    if let seconds = error.retryAfter { headers.append("Retry-After", decimal: Int64(seconds)) }
    for header in error.headers { headers.append(name: header.name, value: header.value) }
  }
}

extension JSONWriter {
  /// Writes code, message, and what else a person needs to mend the call.
  mutating func members(of error: ContextError) {
    key("code")
    string(error.code)
    key("message")
    string(error.message)
    if let field = error.field {
      key("field")
      string(field)
    }
    if let value = error.value {
      key("value")
      valueSent(value)
    }
    if !error.allowed.isEmpty {
      key("allowed")
      beginArray()
      for allowed in error.allowed { string(allowed) }
      endArray()
    }
  }

  /// What a client sent: as JSON if it is whole, as a string if it was shortened.
  fileprivate mutating func valueSent(_ text: String) {
    if let document = try? JSONParser().parse(text.utf8) { value(document.root) } else { string(text) }
  }
}

extension ContextError {
  /// The class name that clients of 8.5 look at.
  fileprivate var exception: String {
    let package = "com.genesyslab.gsg.services.contextservices.exceptions"
    // 8.5 answered 400 to some of those.
    return status == 404 || code.hasSuffix("_not_found")
      ? "\(package).NotFoundException" : "\(package).ContextServicesExceptionResource"
  }
}
