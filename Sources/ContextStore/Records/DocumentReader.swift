import ContextModel
import JSON

/// Reads resources back from their documents. One thread at a time.
final class DocumentReader {
  private let parser = JSONParser()
  /// Owned; the document that is being parsed, with the padding that the parser wants behind it.
  private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 64)

  deinit { buffer.deallocate() }

  /// The service that a record holds, `nil` if its document is none.
  func service(_ record: Record) -> Service? {
    var service: Service?
    record.document.withUnsafeBytes { document in
      record.hidden.withUnsafeBytes { hidden in
        _ = read(
          document, hidden: hidden, tenant: record.key.tenant, revision: record.revision, into: &service)
      }
    }
    return service
  }

  /// Reads the service of a document. The bytes are only read during the call. Not by value: a service is large, and each
  /// layer that hands it on would copy it.
  ///
  /// - Returns: whether the document is one of a service.
  func read(
    _ document: UnsafeRawBufferPointer, hidden: UnsafeRawBufferPointer, tenant: Tenant, revision: Int64,
    into service: inout Service?
  ) -> Bool {
    guard let document = value(document) else { return false }
    service = Service(document: document, tenant: tenant, revision: revision)
    if !hidden.isEmpty { service?.trail = ServiceTrail(text: hidden) }
    if case .some = service { return true } else { return false }
  }

  /// The service that a record must hold.
  func requiredService(_ record: Record, _ id: Int64) throws(StoreError) -> Service {
    guard let service = service(record) else {
      throw Self.damaged(id)
    }
    return service
  }

  static func damaged(_ service: Int64) -> StoreError {
    StoreError(.damaged, "the document of service \(service) is damaged")
  }

  /// The state or task that a record holds, `nil` if its document is none.
  func part(_ record: Record) -> ServicePart? {
    guard let document = value(record.document), let service = ServiceID(record.key.service) else {
      return nil
    }
    return ServicePart(
      document: document, as: record.key.kind == .state ? .state : .task, of: service,
      revision: record.revision)
  }

  /// The profile that a record holds, `nil` if its document is none.
  func profile(_ record: Record) -> ProfileRecord? {
    guard let document = value(record.document),
      let profile = Profile(document: document, revision: record.revision)
    else { return nil }
    var found = ProfileRecord(profile)
    guard !record.hidden.isEmpty else { return found }
    guard let extensions = value(record.hidden) else { return nil }
    found.extensions = extensions.members.map { StoredExtension(name: $0.name, text: $0.value.text) }
    return found
  }

  /// The identification keys that a record holds, `nil` if its document is none.
  func identificationKeys(_ record: Record) -> StoredKeys? {
    value(record.document).flatMap { try? StoredKeys($0) }
  }

  /// For what is not a whole document.
  var jsonParser: JSONParser { parser }

  /// A document as JSON, `nil` if it is none.
  func value(_ document: [UInt8]) -> JSONValue? { document.withUnsafeBytes { value($0) } }

  private func value(_ text: UnsafeRawBufferPointer) -> JSONValue? {
    if text.count + JSONParser.padding > buffer.count {
      buffer.deallocate()
      buffer = .allocate(byteCount: (text.count + JSONParser.padding) * 2, alignment: 64)
    }
    buffer.copyMemory(from: text)
    return try? parser.parse(own: UnsafeRawBufferPointer(rebasing: buffer[..<text.count])).root
  }
}
