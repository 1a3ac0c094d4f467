public import JSON

/// A service as it is stored and shown: its document, its revision, and those of its extensions that were asked for.
public struct ServiceRecord: Sendable {
  /// See ``Service/document``.
  public var document: [UInt8]
  /// See ``Service/revision``.
  public var revision: Int64
  /// The extensions to show with it, in the order of their names.
  public var extensions: [StoredExtension]

  /// A record by its parts.
  public init(document: [UInt8], revision: Int64, extensions: [StoredExtension] = []) {
    self.document = document
    self.revision = revision
    self.extensions = extensions
  }

  /// The document with the extensions in it, and further members that are JSON already.
  public func write(to writer: inout JSONWriter, adding members: [(name: String, text: [UInt8])] = []) {
    guard !extensions.isEmpty || !members.isEmpty else { return writer.raw(document) }
    writer.beginObject()
    // The document's own braces give way to those around the extensions.
    writer.raw(document.dropFirst().dropLast())
    for member in members {
      writer.key(member.name)
      writer.raw(member.text)
    }
    for stored in extensions {
      writer.key(stored.name)
      writer.raw(stored.text)
    }
    writer.endObject()
  }
}

/// An extension of a service as it is stored.
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
}
