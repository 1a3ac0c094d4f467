import ContextModel
import HTTP
import JSON
import LiaisonKit

extension HTTPResponse {
  /// A reply of the pipeline.
  ///
  /// - Parameters:
  ///   - prefix: what stood before the API's path in the request, and stands before it in `Location` as well.
  ///   - include: arrays that were asked for inside each service.
  init(_ reply: Reply, prefix: String, include: [String]) {
    switch reply.content {
    case .none: self.init(status: reply.status)
    case .json(let text): self.init(status: reply.status, body: text)
    case .service(let record):
      // Nothing to add is the hot case: the stored document is the answer.
      if record.extensions.isEmpty && include.isEmpty {
        self.init(status: reply.status, body: record.document)
      } else {
        var writer = JSONWriter(capacity: record.document.count + 512)
        record.write(to: &writer, adding: Self.empty(include))
        self.init(status: reply.status, body: writer.bytes)
      }
      headers.append("ETag", decimal: record.revision, quoted: true)
    case .services(let records):
      let added = Self.empty(include)
      var writer = JSONWriter(capacity: 64 + records.reduce(0) { $0 + $1.document.count + 64 })
      writer.beginArray()
      for record in records { record.write(to: &writer, adding: added) }
      writer.endArray()
      self.init(status: reply.status, body: writer.bytes)
    }
    for header in reply.headers {
      headers.append(
        name: header.name, value: header.name == "Location" ? prefix + header.value : header.value)
    }
  }

  /// States and tasks cannot be started yet: what is asked for is there, and empty.
  private static func empty(_ include: [String]) -> [(name: String, text: [UInt8])] {
    include.map { ($0, Array("[]".utf8)) }
  }
}
