public import JSON

/// A service as it is stored and shown: its document, its revision, and what was asked for with it.
public struct ServiceRecord: Sendable {
  /// See ``Service/document``.
  public var document: [UInt8]
  /// See ``Service/revision``.
  public var revision: Int64
  /// The extensions to show with it, in the order of their names.
  public var extensions: [StoredExtension]
  /// The states and tasks to show in it.
  public var lists: [PartList]

  /// A record by its parts.
  public init(
    document: [UInt8], revision: Int64, extensions: [StoredExtension] = [], lists: [PartList] = []
  ) {
    self.document = document
    self.revision = revision
    self.extensions = extensions
    self.lists = lists
  }

  /// About how long it is when it is shown, in bytes.
  public var byteCount: Int {
    document.count + extensions.reduce(0) { $0 + $1.text.count }
      + lists.reduce(0) { $0 + $1.records.reduce(0) { $0 + $1.byteCount } }
  }

  /// Whether the document alone is what is shown.
  public var isBare: Bool { extensions.isEmpty && lists.isEmpty }

  /// The document with everything in it.
  public func write(to writer: inout JSONWriter) {
    guard !isBare else { return writer.raw(document) }
    writer.beginObject()
    // The document's own braces give way to those around the extensions.
    writer.raw(document.dropFirst().dropLast())
    for list in lists { list.write(to: &writer) }
    for stored in extensions { stored.write(to: &writer) }
    writer.endObject()
  }
}

/// A state or a task as it is stored and shown.
public struct PartRecord: Sendable {
  /// State or task.
  public var kind: ServicePart.Kind
  /// See ``ServicePart/document``.
  public var document: [UInt8]
  /// See ``ServicePart/revision``.
  public var revision: Int64
  /// The service it is part of; not shown where it stands inside the service.
  public var service: ServiceID
  /// The service's customer; not shown where it stands inside the service.
  public var customerID: String?
  /// The extensions to show with it, in the order of their names.
  public var extensions: [StoredExtension]
  /// A state's tasks.
  public var lists: [PartList]

  /// A record by its parts.
  public init(
    _ kind: ServicePart.Kind, document: [UInt8], revision: Int64, service: ServiceID,
    customerID: String? = nil,
    extensions: [StoredExtension] = [], lists: [PartList] = []
  ) {
    self.kind = kind
    self.document = document
    self.revision = revision
    self.service = service
    self.customerID = customerID
    self.extensions = extensions
    self.lists = lists
  }

  /// About how long it is when it is shown, in bytes.
  public var byteCount: Int {
    document.count + extensions.reduce(0) { $0 + $1.text.count }
      + lists.reduce(0) { $0 + $1.records.reduce(0) { $0 + $1.byteCount } }
  }

  /// The document with everything in it.
  ///
  /// - Parameters:
  ///   - writer: gets one object.
  ///   - isNested: whether it stands inside its service or state.
  public func write(to writer: inout JSONWriter, isNested: Bool = false) {
    writer.beginObject()
    if !isNested {
      writer.key("service_id")
      writer.integer(service.rawValue)
      if let customerID {
        writer.key("customer_id")
        writer.string(customerID)
      }
    }
    writer.raw(document.dropFirst().dropLast())
    for list in lists { list.write(to: &writer) }
    for stored in extensions { stored.write(to: &writer) }
    writer.endObject()
  }
}

/// States or tasks inside a service or a state.
public struct PartList: Sendable {
  /// The member's name, as `active_states`.
  public var name: String
  /// In the order in which they started.
  public var records: [PartRecord]

  /// A list by its parts.
  public init(name: String, records: [PartRecord]) {
    self.name = name
    self.records = records
  }

  func write(to writer: inout JSONWriter) {
    writer.key(name)
    writer.beginArray()
    for record in records { record.write(to: &writer, isNested: true) }
    writer.endArray()
  }
}

/// An extension as it is stored.
public struct StoredExtension: Sendable, Equatable {
  /// The name, spelled as in the schema or, without one, as it was first sent.
  public var name: String
  /// The value as compact JSON.
  public var text: [UInt8]

  /// An extension by its parts.
  public init(name: String, text: [UInt8]) {
    self.name = name
    self.text = text
  }

  func write(to writer: inout JSONWriter) {
    writer.key(name)
    writer.raw(text)
  }
}
