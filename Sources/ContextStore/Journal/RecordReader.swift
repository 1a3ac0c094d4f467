import ContextModel

/// Reads records from the journal. Owns its buffer. One thread at a time.
final class RecordReader {
  private let journal: Journal
  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 64)
  /// The segment that was read last: mostly the next record lies in it too.
  private var segment: JournalSegment?

  init(_ journal: Journal) { self.journal = journal }

  deinit { memory.deallocate() }

  /// Whether what stands at a location is still there. If so, it stays until the next call.
  func canRead(_ location: Location) -> Bool {
    if location.isDeletion { return true }
    if segment?.head.index != location.segment { segment = journal.segment(location.segment) }
    return segment != nil
  }

  /// The record at a location that an overlay gave; `nil` for a record that was removed.
  func record(_ location: Location) throws(StoreError) -> Record? {
    guard !location.isDeletion else { return nil }
    return try decode(location) { cursor in
      guard var record = JournalFrame.PutParts(&cursor).record else { return nil }
      record.isNew = location.flags.contains(.isNew)
      record.movesInIndexes = location.flags.contains(.movesInIndexes)
      return record
    }
  }

  /// Reads the service at a location that an overlay gave; `nil` for one that was removed. Cheaper than by its record.
  func read(
    _ location: Location, _ documents: DocumentReader, into service: inout Service?
  ) throws(StoreError) {
    guard !location.isDeletion else { return service = nil }
    _ = try decode(location) { cursor in
      let put = JournalFrame.PutParts(&cursor)
      let isRead = documents.read(
        put.document, hidden: put.hidden, tenant: Tenant(rawValue: put.key.tenant), revision: put.revision,
        into: &service)
      return isRead ? true : nil
    }
  }

  /// Hands over what the history keeps of the change at a location that a frame gave. It is valid during the call.
  func historyEntry(
    _ location: Location, _ body: (JournalFrame.ChangeParts) throws(StoreError) -> Void
  ) throws(StoreError) {
    try body(try decode(location) { cursor in JournalFrame.ChangeParts(&cursor) })
  }

  private func decode<Value>(
    _ location: Location, _ body: (inout JournalCursor) -> Value?
  ) throws(StoreError) -> Value {
    guard canRead(location), let segment else {
      throw StoreError(.damaged, "the journal in \(journal.folder) lacks segment \(location.segment)")
    }
    let size = Int(location.size)
    if memory.count < size {
      memory.deallocate()
      memory = .allocate(byteCount: size * 2, alignment: 64)
    }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<size])
    let count = try segment.read(into: bytes, at: Int(location.offset))
    var cursor = JournalCursor(UnsafeRawBufferPointer(bytes))
    guard count == size, let value = body(&cursor), !cursor.isDamaged else {
      throw StoreError(
        .damaged, "the journal \(segment.path) has nothing readable at byte \(location.offset)")
    }
    return value
  }
}
