import ContextModel
import JSON
import LiaisonKit

/// What became of one item of a bulk request: what its own call would have been answered.
struct BulkResult {
  let status: Int
  /// Why the item was refused.
  private let error: ContextError?

  init(_ error: ContextError) {
    status = error.status
    self.error = error
  }

  /// The reply of the pipeline's end, or of a stage that has answered in its place.
  init(_ reply: Reply) {
    status = reply.status
    error = reply.isSuccess ? nil : ContextError(refusal: reply)
  }

  /// Writes it as the answer shows it.
  func append(to text: inout [UInt8]) {
    if status == 200 { return text.append(contentsOf: #"{"status":200}"#.utf8) }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("status")
    writer.integer(Int64(status))
    if let error { writer.members(of: error) }
    writer.endObject()
    text.append(contentsOf: writer.bytes)
  }
}

extension Reply {
  /// Whether the call was done.
  var isSuccess: Bool { (200...299).contains(status) }
}

extension ContextError {
  /// What a reply says of its refusal, if its body is that of an error.
  fileprivate init?(refusal reply: Reply) {
    guard case .json(let text) = reply.content, let body = try? JSONParser().parse(text).root,
      let code = body["code"]?.string, let message = body["message"]?.string
    else { return nil }
    self.init(status: reply.status, code: code, message: message)
  }
}
