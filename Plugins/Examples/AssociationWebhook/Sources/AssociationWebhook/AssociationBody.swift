import ContextModel
import JSON

/// What is posted: associations as JSON.
enum AssociationBody {
  /// The body for some associations.
  static func text(_ associations: some Sequence<Change>) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("associations")
    writer.beginArray()
    for change in associations { write(change, to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  private static func write(_ change: Change, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("sequence")
    writer.integer(change.sequence)
    writer.key("tenant")
    writer.integer(change.tenant.rawValue)
    if let service = change.service {
      writer.key("service_id")
      writer.integer(service.rawValue)
    }
    if let revision = change.revision {
      writer.key("revision")
      writer.integer(revision)
    }
    write("customer_id", change.customer, to: &writer)
    write("customer_before", change.customerBefore, to: &writer)
    writer.key("at")
    writer.timestamp(change.at)
    write("interaction_id", change.interaction, to: &writer)
    write("principal", change.principal, to: &writer)
    if !change.event.isEmpty {
      writer.key("event")
      writer.raw(change.event)
    }
    writer.endObject()
  }

  private static func write(_ key: String, _ value: String?, to writer: inout JSONWriter) {
    guard let value else { return }
    writer.key(key)
    writer.string(value)
  }
}
