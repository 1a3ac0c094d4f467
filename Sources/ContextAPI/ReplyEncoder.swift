import ContextModel
import HTTP
import JSON
import LiaisonKit

extension HTTPResponse {
  /// A reply of the pipeline.
  ///
  /// - Parameter prefix: what stood before the API's path in the request, and stands before it in `Location` as well.
  init(_ reply: Reply, prefix: String) {
    switch reply.content {
    case .none: self.init(status: reply.status)
    case .stream: self.init(status: reply.status)
    case .json(let text): self.init(status: reply.status, body: text)
    case .service(let record):
      // Nothing to add is the hot case: the stored document is the answer.
      if record.isBare {
        self.init(status: reply.status, body: record.document)
      } else {
        var writer = JSONWriter(capacity: record.document.count + 512)
        record.write(to: &writer)
        self.init(status: reply.status, body: writer.bytes)
      }
      // What is shown inside changes without the service's revision.
      if record.lists.isEmpty { headers.append("ETag", decimal: record.revision, quoted: true) }
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
    for header in reply.headers {
      headers.append(
        name: header.name, value: header.name == "Location" ? prefix + header.value : header.value)
    }
  }
}
