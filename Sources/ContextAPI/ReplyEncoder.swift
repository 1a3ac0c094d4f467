import ContextModel
import HTTP
import JSON
import LiaisonKit

extension HTTPResponse {
  /// A reply of the pipeline.
  ///
  /// - Parameters:
  ///   - call: what is replied to.
  ///   - prefix: what stood before the API's path in the request, and stands before it in `Location` as well.
  init(_ reply: Reply, to call: Call, prefix: String) {
    switch reply.content {
    case .none: self.init(status: reply.status)
    case .stream: self.init(status: reply.status)
    case .json(let text): self.init(status: reply.status, body: text)
    case .service(let record):
      // What is shown inside changes without the service's revision.
      let hasTag = record.lists.isEmpty
      if hasTag, reply.status == 200, call.clientHas(record.revision) {
        self.init(status: 304)
        // Nothing to add is the hot case: the stored document is the answer.
      } else if record.isBare {
        self.init(status: reply.status, body: record.document)
      } else {
        var writer = JSONWriter(capacity: record.document.count + 512)
        record.write(to: &writer)
        self.init(status: reply.status, body: writer.bytes)
      }
      if hasTag { headers.append("ETag", decimal: record.revision, quoted: true) }
    case .services(let records):
      var writer = JSONWriter(capacity: 64 + records.reduce(0) { $0 + $1.document.count + 64 })
      writer.beginArray()
      for record in records { record.write(to: &writer) }
      writer.endArray()
      self.init(status: reply.status, body: writer.bytes)
    case .part(let record):
      var writer = JSONWriter(capacity: record.document.count + 256)
      record.write(to: &writer)
      self.init(status: reply.status, body: writer.bytes)
      if record.lists.isEmpty { headers.append("ETag", decimal: record.revision, quoted: true) }
    case .parts(let records):
      var writer = JSONWriter(capacity: 64 + records.reduce(0) { $0 + $1.document.count + 128 })
      writer.beginArray()
      for record in records { record.write(to: &writer) }
      writer.endArray()
      self.init(status: reply.status, body: writer.bytes)
    }
    append(reply.headers, prefix: prefix)
  }

  /// The headers of a reply.
  ///
  /// - Parameter prefix: what stood before the API's path in the request.
  mutating func append(_ fields: [ReplyHeader], prefix: String) {
    for field in fields {
      headers.append(name: field.name, value: field.name == "Location" ? prefix + field.value : field.value)
    }
  }
}

extension Call {
  /// Whether the client has what would be sent: `If-None-Match` names this revision, or is `*`. Tags are compared weakly
  /// (RFC 9110, 13.1.2); one that is not understood is another one.
  fileprivate func clientHas(_ revision: Int64) -> Bool {
    guard operation.isRevalidated, let tags = headers["if-none-match"]?.trimmed else { return false }
    let tag = "\"\(revision)\""
    return tags == "*"
      || tags.split(separator: ",").contains { [tag, "W/" + tag].contains(String($0).trimmed) }
  }
}

extension Operation {
  /// Whether `If-None-Match` may be answered with 304. Not with states and tasks, which also show the customer of their service.
  var isRevalidated: Bool { self == .queryService }
}
