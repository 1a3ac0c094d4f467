import ContextModel
import JSON
import LiaisonKit

/// Puts the names of business attribute values in place of their ids in documents of services. Any thread may use it.
struct DocumentNames: Sendable {
  private let type: BusinessAttribute?
  private let disposition: BusinessAttribute?
  private let applicationType: BusinessAttribute?
  private let resourceType: BusinessAttribute?
  private let mediaType: BusinessAttribute?
  private let parser = JSONParser()

  /// The names of the fields of services; `nil` if no such field is mapped.
  init?(_ mapping: AttributeMapping) {
    type = mapping[.service, .type]
    disposition = mapping[.service, .disposition]
    applicationType = mapping[.service, .applicationType]
    resourceType = mapping[.service, .resourceType]
    mediaType = mapping[.service, .mediaType]
    guard [type, disposition, applicationType, resourceType, mediaType].contains(where: { $0 != nil }) else {
      return nil
    }
  }

  /// The reply with names in every service; ids without a value stay as they are.
  @inline(never)
  func shown(in reply: Reply) -> Reply {
    var reply = reply
    switch reply.content {
    case .service(var record):
      record.document = named(record.document)
      reply.content = .service(record)
    case .services(var records):
      for index in records.indices { records[index].document = named(records[index].document) }
      reply.content = .services(records)
    case .none, .json: break
    }
    return reply
  }

  private func named(_ document: [UInt8]) -> [UInt8] {
    guard let parsed = try? parser.parse(document) else { return document }
    var writer = JSONWriter(capacity: document.count + 128)
    write(parsed.root, to: &writer)
    return writer.bytes
  }

  private func write(_ object: JSONValue, to writer: inout JSONWriter) {
    writer.beginObject()
    for member in object.members {
      guard let field = EventField(name: member.nameBytes) else {
        writer.key(member.name)
        writer.value(member.value)
        continue
      }
      writer.key(field.name)
      if field == .started || field == .completed, member.value.kind == .object {
        write(member.value, to: &writer)
      } else if let id = member.value.int64, let name = attribute(of: field)?.name(of: id) {
        writer.string(name)
      } else {
        writer.value(member.value)
      }
    }
    writer.endObject()
  }

  private func attribute(of field: EventField) -> BusinessAttribute? {
    switch field {
    case .serviceType: type
    case .disposition: disposition
    case .applicationType: applicationType
    case .resourceType: resourceType
    case .mediaType: mediaType
    default: nil
    }
  }
}
