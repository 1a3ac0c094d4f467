import ContextModel
import JSON

/// What one request posts: associations as JSON.
struct AssociationBatch {
  /// The body.
  private(set) var text = Array(#"{"associations":["#.utf8)
  /// How many associations are in it.
  private(set) var count = 0
  /// The number of the first one.
  let first: Int64
  /// The number of the last one.
  private(set) var last: Int64

  /// The first of some associations; `nil` if there are none.
  ///
  /// - Parameters:
  ///   - most: how many go into it at most.
  ///   - bytes: how long the body becomes at most. One association goes in whatever its length.
  init?(of associations: some Sequence<Change>, atMost most: Int, bytes: Int) {
    var first: Int64?
    last = 0
    for change in associations {
      let text = Self.text(of: change)
      // What is added ends with a bracket and a brace.
      guard count < most, first == nil || self.text.count + text.count + 3 <= bytes else { break }
      if first == nil { first = change.sequence } else { self.text.append(UInt8(ascii: ",")) }
      self.text += text
      last = change.sequence
      count += 1
    }
    guard let first else { return nil }
    self.first = first
    text += Array("]}".utf8)
  }

  private static func text(of change: Change) -> [UInt8] {
    var writer = JSONWriter()
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
    return writer.bytes
  }

  private static func write(_ key: String, _ value: String?, to writer: inout JSONWriter) {
    guard let value else { return }
    writer.key(key)
    writer.string(value)
  }
}
