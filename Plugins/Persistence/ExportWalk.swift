import ContextModel
import ContextStore
import JSON

/// Walks over the services of an export and makes its text, a page at a time. Belongs to one task.
final class ExportWalk: @unchecked Sendable {
  private let store: ContextStore
  private let showsContent: Bool
  private let presentation: (@Sendable (inout ServiceRecord) -> Void)?
  private var scan: ServiceScan
  private var hasBegun = false
  private var hasItems = false
  private var hasEnded = false

  /// - Parameter presentation: see `Call.presentation`.
  init(
    _ store: ContextStore, _ query: ExportQuery, tenant: Tenant, now: Timestamp,
    presentation: (@Sendable (inout ServiceRecord) -> Void)? = nil
  ) {
    self.store = store
    self.presentation = presentation
    showsContent = query.showsContent
    // What was changed in this very millisecond is there too.
    let end = Timestamp(milliseconds: now.milliseconds + 1)
    scan = ServiceScan(tenant: tenant, parts: query.showsContent ? .everything : nil) {
      query.matches($0, now: end)
    }
  }

  /// The next services; `nil` at the end.
  func nextPage() async throws -> ServiceScan.Page? {
    guard !hasEnded else { return nil }
    let page = try await store.scan(scan)
    if let next = page.next { scan.after = next } else { hasEnded = true }
    return page
  }

  /// The next piece of one JSON array; `nil` at the end.
  func nextJSON() async throws -> [UInt8]? {
    let isFirst = !hasBegun
    guard let page = try await nextPage() else { return nil }
    var text: [UInt8] = isFirst ? [UInt8(ascii: "[")] : []
    var items = page.records.map { record in
      var record = record
      presentation?(&record)
      var writer = JSONWriter(capacity: 1024)
      record.write(to: &writer)
      return writer.bytes
    }
    // Ids are strings, as in version 8.5.
    if !showsContent { items = page.ids.map { Array("\"\($0)\"".utf8) } }
    for item in items {
      if hasItems { text.append(UInt8(ascii: ",")) }
      hasItems = true
      text.append(contentsOf: item)
    }
    hasBegun = true
    if hasEnded { text.append(UInt8(ascii: "]")) }
    return text
  }
}
