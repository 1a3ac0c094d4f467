import ContextModel
import JSON

/// Reads services back from their documents. One thread at a time.
final class DocumentReader {
  private let parser = JSONParser()
  /// Owned; the document that is being parsed, with the padding that the parser wants behind it.
  private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 64)

  deinit { buffer.deallocate() }

  /// The service that a record holds, `nil` if its document is none.
  func service(_ record: Record) -> Service? {
    record.document.withUnsafeBufferPointer {
      service($0, tenant: record.key.tenant, revision: record.revision)
    }
  }

  /// The service that a record must hold.
  func requiredService(_ record: Record, _ id: Int64) throws(StoreError) -> Service {
    guard let service = service(record) else {
      throw StoreError(.damaged, "the document of service \(id) is damaged")
    }
    return service
  }

  private func service(_ text: UnsafeBufferPointer<UInt8>, tenant: Tenant, revision: Int64) -> Service? {
    if text.count + JSONParser.padding > buffer.count {
      buffer.deallocate()
      buffer = .allocate(byteCount: (text.count + JSONParser.padding) * 2, alignment: 64)
    }
    buffer.copyMemory(from: UnsafeRawBufferPointer(text))
    guard let document = try? parser.parse(padded: UnsafeRawBufferPointer(rebasing: buffer[..<text.count]))
    else {
      return nil
    }
    return Service(document: document.root, tenant: tenant, revision: revision)
  }
}
