import ContextModel
import JSON
import LiaisonKit

/// Puts the names of business attribute values in place of their ids in documents of services, states and tasks. Any thread may use it.
struct DocumentNames: Sendable {
  private let service: ResourceAttributes
  private let state: ResourceAttributes
  private let task: ResourceAttributes
  private let parser = JSONParser()

  /// The names of the fields that are mapped; `nil` if none is.
  init?(_ mapping: AttributeMapping) {
    service = ResourceAttributes(mapping, .service)
    state = ResourceAttributes(mapping, .state)
    task = ResourceAttributes(mapping, .task)
    guard service.isMapping || state.isMapping || task.isMapping else { return nil }
  }

  /// The reply with names in everything; ids without a value stay as they are.
  @inline(never)
  func shown(in reply: Reply) -> Reply {
    var reply = reply
    switch reply.content {
    case .service(var record):
      show(in: &record)
      reply.content = .service(record)
    case .services(var records):
      for index in records.indices { show(in: &records[index]) }
      reply.content = .services(records)
    case .part(var record):
      show(in: &record)
      reply.content = .part(record)
    case .parts(var records):
      for index in records.indices { show(in: &records[index]) }
      reply.content = .parts(records)
    case .none, .json, .stream: break
    }
    return reply
  }

  /// Puts names into a service and everything in it.
  func show(in record: inout ServiceRecord) {
    record.document = named(record.document, service)
    show(in: &record.lists)
  }

  private func show(in record: inout PartRecord) {
    record.document = named(record.document, record.kind == .state ? state : task)
    show(in: &record.lists)
  }

  private func show(in lists: inout [PartList]) {
    for list in lists.indices {
      for index in lists[list].records.indices { show(in: &lists[list].records[index]) }
    }
  }

  private func named(_ document: [UInt8], _ attributes: ResourceAttributes) -> [UInt8] {
    guard attributes.isMapping, let parsed = try? parser.parse(document) else { return document }
    var writer = JSONWriter(capacity: document.count + 128)
    write(parsed.root, attributes, to: &writer)
    return writer.bytes
  }

  private func write(_ object: JSONValue, _ attributes: ResourceAttributes, to writer: inout JSONWriter) {
    writer.beginObject()
    for member in object.members {
      guard let field = EventField(name: member.nameBytes) else {
        writer.key(member.name)
        writer.value(member.value)
        continue
      }
      writer.key(field.name)
      if field == .started || field == .completed, member.value.kind == .object {
        write(member.value, attributes, to: &writer)
      } else if let id = member.value.int64, let name = attributes.attribute(of: field)?.name(of: id) {
        writer.string(name)
      } else {
        writer.value(member.value)
      }
    }
    writer.endObject()
  }
}
