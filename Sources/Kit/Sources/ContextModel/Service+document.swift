public import JSON

extension Service {
  /// The service as the API shows it, without extensions; business attributes as stored.
  public var document: [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    writer.key("service_id")
    writer.integer(id.rawValue)
    if let customerID { writer.member("customer_id", customerID) }
    if let serviceType { writer.member("service_type", serviceType) }
    if let estimatedDuration { writer.member("est_duration", estimatedDuration) }
    writer.key("started")
    writer.beginObject()
    started.write(to: &writer)
    if let contactKey { writer.member("contact_key", contactKey) }
    writer.endObject()
    if let completed {
      writer.key("completed")
      writer.beginObject()
      completed.write(to: &writer)
      writer.endObject()
    }
    if let duration { writer.member("duration", duration) }
    if let disposition { writer.member("disposition", disposition) }
    if let dispositionDescription { writer.member("disposition_desc", dispositionDescription) }
    if let expirationTime {
      writer.key("expiration_time")
      writer.timestamp(expirationTime)
    }
    if let autoCompleteAfter { writer.member("auto_complete_after", autoCompleteAfter) }
    writer.endObject()
    return writer.bytes
  }

  /// Reads a ``document`` back; `nil` if it is none.
  ///
  /// - Parameters:
  ///   - document: as it was written.
  ///   - tenant: whose service it is; stands beside the document, not in it.
  ///   - revision: stands beside it as well.
  public init?(document: JSONValue, tenant: Tenant, revision: Int64) {
    guard let id = document["service_id"]?.int64.flatMap(ServiceID.init) else { return nil }
    self.init(id: id, tenant: tenant, revision: revision)
    for member in document.members {
      guard let field = EventField(name: member.nameBytes) else { return nil }
      let value = member.value
      switch field {
      case .customerID: customerID = value.string
      case .serviceType: serviceType = AttributeValue(value)
      case .estimatedDuration: estimatedDuration = value.int64
      case .disposition: disposition = AttributeValue(value)
      case .dispositionDescription: dispositionDescription = value.string
      case .started:
        started = EventFields(value)
        contactKey = value["contact_key"]?.string
      case .completed: completed = EventFields(value)
      case .expirationTime: expirationTime = value.withUTF8 { Timestamp(iso8601: $0) } ?? nil
      case .autoCompleteAfter: autoCompleteAfter = value.int64
      default: break
      }
    }
  }
}

extension EventFields {
  /// Writes the members; the object around them is the caller's.
  func write(to writer: inout JSONWriter) {
    if let timestamp {
      writer.key("timestamp")
      writer.timestamp(timestamp)
    }
    if let sessionID { writer.member("session_id", sessionID) }
    if let interactionID { writer.member("interaction_id", interactionID) }
    if let applicationType { writer.member("application_type", applicationType) }
    if let applicationID { writer.member("application_id", applicationID) }
    if let resourceType { writer.member("resource_type", resourceType) }
    if let resourceID { writer.member("resource_id", resourceID) }
    if let mediaType { writer.member("media_type", mediaType) }
  }

  /// Reads what ``write(to:)`` wrote; other members are passed over.
  init(_ object: JSONValue) {
    self.init()
    for member in object.members {
      let value = member.value
      switch EventField(name: member.nameBytes) {
      case .timestamp: timestamp = value.withUTF8 { Timestamp(iso8601: $0) } ?? nil
      case .sessionID: sessionID = value.string
      case .interactionID: interactionID = value.string
      case .applicationType: applicationType = AttributeValue(value)
      case .applicationID: applicationID = value.int64
      case .resourceType: resourceType = AttributeValue(value)
      case .resourceID: resourceID = value.int64
      case .mediaType: mediaType = AttributeValue(value)
      default: break
      }
    }
  }
}

extension JSONWriter {
  mutating func member(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  mutating func member(_ name: StaticString, _ value: Int64) {
    key(name)
    integer(value)
  }

  mutating func member(_ name: StaticString, _ value: AttributeValue) {
    key(name)
    value.write(to: &self)
  }

  /// Writes a timestamp as a string.
  public mutating func timestamp(_ value: Timestamp) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 26) { buffer in
      buffer[0] = UInt8(ascii: "\"")
      value.write(into: UnsafeMutableBufferPointer(rebasing: buffer[1..<25]))
      buffer[25] = UInt8(ascii: "\"")
      raw(UnsafeBufferPointer(buffer))
    }
  }
}
