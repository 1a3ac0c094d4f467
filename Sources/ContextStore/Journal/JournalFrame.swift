import CXXHash
import ContextModel
import Glibc

/// One batch as it stands in the journal: a head, its changes, its puts, its deletions.
///
///     head      magic u32 · size of what follows the head u32 · checksum u64 · number u64 · last sequence i64 ·
///               next service id i64 · changes u32 · puts u32 · deletions u32 · 0 u32
///     change    sequence, tenant, service, revision, at: i64 · kind, customer before, customer, interaction,
///               principal, event: texts
///     put       size u32 · flags u8 · key · sequence i64 · owner u64 · revision i64 · name, document, hidden: texts
///     deletion  key
///     key       kind u8 · tenant, service, number: i64 · name: text
///
/// The checksum (XXH3, seeded with the segment's salt) covers everything behind it. A frame begins at a multiple of
/// 8 bytes.
enum JournalFrame {
  static let magic: UInt32 = 0x314A_464C
  static let headSize = 56
  static let alignment = 8
  /// Where the checksum stands, and where what it covers begins.
  static let checksumOffset = 8
  static let coveredOffset = 16

  /// What a put says beside its record.
  struct Flags: OptionSet {
    let rawValue: UInt8
    static let isNew = Flags(rawValue: 1)
    static let movesInIndexes = Flags(rawValue: 2)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(of record: Record) {
      rawValue =
        (record.isNew ? Self.isNew.rawValue : 0)
        | (record.movesInIndexes ? Self.movesInIndexes.rawValue : 0)
    }
  }

  /// The head of a frame.
  struct Head {
    var bodySize: Int
    var checksum: UInt64
    /// 1, 2, 3 … over all segments.
    var number: Int64
    var counters: StoreCounters
    var changes: Int
    var puts: Int
    var deletions: Int

    /// The bytes of the whole frame.
    var frameSize: Int { (headSize + bodySize + alignment - 1) / alignment * alignment }

    /// Reads a head; `nil` if there is none.
    init?(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count >= headSize else { return nil }
      var cursor = JournalCursor(bytes)
      guard cursor.integer(UInt32.self) == magic else { return nil }
      bodySize = Int(cursor.integer(UInt32.self))
      checksum = cursor.integer()
      number = cursor.integer()
      counters = StoreCounters()
      counters.lastSequence = cursor.integer()
      counters.nextServiceID = cursor.integer()
      changes = Int(cursor.integer(UInt32.self))
      puts = Int(cursor.integer(UInt32.self))
      deletions = Int(cursor.integer(UInt32.self))
    }
  }

  // MARK: Writing

  /// Appends the frame of a batch, and tells where each of its records will stand in it.
  ///
  /// - Parameter places: gets a location for each put; its offset counts from the start of the frame.
  static func append(
    _ batch: Batch, number: Int64, salt: UInt64, to buffer: JournalBuffer, _ places: inout [Location]
  ) {
    let start = buffer.count
    buffer.append(magic)
    buffer.append(UInt32(0))
    buffer.append(UInt64(0))
    buffer.append(number)
    buffer.append(batch.counters.lastSequence)
    buffer.append(batch.counters.nextServiceID)
    buffer.append(UInt32(batch.changes.count))
    buffer.append(UInt32(batch.puts.count))
    buffer.append(UInt32(batch.deletions.count))
    buffer.append(UInt32(0))
    for change in batch.changes { append(change, to: buffer) }
    for record in batch.puts {
      let offset = buffer.count
      append(record, to: buffer)
      places.append(
        Location(
          segment: 0, offset: UInt32(offset - start), size: UInt32(buffer.count - offset),
          flags: Flags(of: record)))
    }
    for key in batch.deletions { append(key, to: buffer) }
    buffer.store(UInt32(buffer.count - start - headSize), at: start + 4)
    let covered = UnsafeRawBufferPointer(rebasing: buffer.bytes[(start + coveredOffset)...])
    buffer.store(checksum(covered, salt), at: start + checksumOffset)
    buffer.pad(to: alignment)
  }

  private static func append(_ change: Change, to buffer: JournalBuffer) {
    buffer.append(change.sequence)
    buffer.append(change.tenant.rawValue)
    buffer.append(change.service?.rawValue ?? 0)
    buffer.append(change.revision ?? 0)
    buffer.append(change.at.milliseconds)
    buffer.append(text: change.kind.rawValue)
    buffer.append(text: change.customerBefore)
    buffer.append(text: change.customer)
    buffer.append(text: change.interaction)
    buffer.append(text: change.principal)
    buffer.append(text: change.event)
  }

  private static func append(_ record: Record, to buffer: JournalBuffer) {
    let start = buffer.count
    buffer.append(UInt32(0))
    buffer.append(Flags(of: record).rawValue)
    append(record.key, to: buffer)
    buffer.append(record.sequence)
    buffer.append(record.owner)
    buffer.append(record.revision)
    buffer.append(text: record.name)
    buffer.append(text: record.document)
    buffer.append(text: record.hidden)
    buffer.store(UInt32(buffer.count - start), at: start)
  }

  private static func append(_ key: RecordKey, to buffer: JournalBuffer) {
    buffer.append(key.kind.rawValue)
    buffer.append(key.tenant.rawValue)
    buffer.append(key.service)
    buffer.append(key.number)
    buffer.append(text: key.name)
  }

  static func checksum(_ covered: UnsafeRawBufferPointer, _ salt: UInt64) -> UInt64 {
    cxxhash_64(covered.baseAddress, covered.count, salt)
  }

  // MARK: Reading

  /// Whether the bytes of a frame are what was written.
  static func isWhole(_ head: Head, _ frame: UnsafeRawBufferPointer, salt: UInt64) -> Bool {
    guard frame.count >= headSize + head.bodySize else { return false }
    let covered = UnsafeRawBufferPointer(rebasing: frame[coveredOffset..<headSize + head.bodySize])
    return checksum(covered, salt) == head.checksum
  }

  /// The changes of a whole frame.
  static func changes(_ head: Head, _ frame: UnsafeRawBufferPointer) -> [Change] {
    var cursor = JournalCursor(UnsafeRawBufferPointer(rebasing: frame[headSize...]))
    return (0..<head.changes).compactMap { _ in change(&cursor) }
  }

  /// Reads the change that begins at the cursor; `nil` if its kind is none of this server's.
  static func change(_ cursor: inout JournalCursor) -> Change? {
    let sequence = cursor.integer(Int64.self)
    let tenant = Tenant(rawValue: cursor.integer())
    let service = ServiceID(cursor.integer())
    let revision = cursor.integer(Int64.self)
    let at = Timestamp(milliseconds: cursor.integer())
    guard let kind = Change.Kind(rawValue: cursor.string()) else {
      for _ in 0..<5 { cursor.skipText() }
      return nil
    }
    let before = cursor.optionalString()
    let customer = cursor.optionalString()
    let interaction = cursor.optionalString()
    let principal = cursor.optionalString()
    var change = Change(
      kind, tenant: tenant, service: service, revision: revision == 0 ? nil : revision, at: at,
      customerBefore: before, customer: customer, interaction: interaction, principal: principal,
      event: cursor.text())
    change.sequence = sequence
    return change
  }

  /// A change where it stands: its texts are the frame's, and valid as long as that is.
  struct ChangeParts {
    let sequence: Int64
    let tenant: Int64
    /// 0 if it is about none.
    let service: Int64
    let revision: Int64
    let at: Int64
    let kind: UnsafeRawBufferPointer
    let customerBefore: UnsafeRawBufferPointer?
    /// `nil` if the change gave the service to nobody.
    let customer: UnsafeRawBufferPointer?
    let interaction: UnsafeRawBufferPointer?
    let principal: UnsafeRawBufferPointer?
    let event: UnsafeRawBufferPointer

    /// Reads the change that begins at the cursor.
    init(_ cursor: inout JournalCursor) {
      sequence = cursor.integer()
      tenant = cursor.integer()
      service = cursor.integer()
      revision = cursor.integer()
      at = cursor.integer()
      kind = cursor.optionalBytes() ?? UnsafeRawBufferPointer(start: nil, count: 0)
      customerBefore = cursor.optionalBytes()
      customer = cursor.optionalBytes()
      interaction = cursor.optionalBytes()
      principal = cursor.optionalBytes()
      event = cursor.optionalBytes() ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Whether the service came to somebody else.
    var isAssociation: Bool {
      guard service != 0, let customer else { return false }
      guard let customerBefore, customerBefore.count == customer.count else { return true }
      return memcmp(customerBefore.baseAddress!, customer.baseAddress!, customer.count) != 0
    }

    /// Whether the service is gone with it.
    var isDeletion: Bool { kind.elementsEqual(Change.Kind.delete.rawValue.utf8) }
  }

  /// Goes through those changes of a whole frame that gave a service to another owner, or named an interaction.
  static func forEachHistoryEntry(
    _ head: Head, _ frame: UnsafeRawBufferPointer,
    _ body: (_ service: Int64, _ offset: Int, _ size: Int) -> Void
  ) {
    var cursor = JournalCursor(UnsafeRawBufferPointer(rebasing: frame[headSize...]))
    for _ in 0..<head.changes {
      let offset = cursor.offset
      let change = ChangeParts(&cursor)
      guard change.isAssociation || (change.interaction != nil && change.service != 0) else { continue }
      body(change.service, headSize + offset, cursor.offset - offset)
    }
  }

  /// Goes through the puts and deletions of a whole frame, without reading the records themselves.
  static func forEachPut(
    _ head: Head, _ frame: UnsafeRawBufferPointer,
    put: (RecordKey, _ owner: UInt64, Flags, _ offset: Int, _ size: Int) -> Void,
    deletion: (RecordKey) -> Void
  ) {
    var cursor = JournalCursor(UnsafeRawBufferPointer(rebasing: frame[headSize...]))
    for _ in 0..<head.changes {
      _ = cursor.bytes(5 * 8)
      for _ in 0..<6 { cursor.skipText() }
    }
    for _ in 0..<head.puts {
      let offset = headSize + cursor.offset
      let size = Int(cursor.integer(UInt32.self))
      let flags = Flags(rawValue: cursor.integer())
      let key = key(&cursor)
      _ = cursor.integer(Int64.self)
      let owner = cursor.integer(UInt64.self)
      _ = cursor.bytes(max(0, size - (headSize + cursor.offset - offset)))
      if let key { put(key, owner, flags, offset, size) }
    }
    for _ in 0..<head.deletions {
      if let key = key(&cursor) { deletion(key) }
    }
  }

  /// Reads the record that begins at the cursor; `nil` if its kind is none of this server's.
  static func record(_ cursor: inout JournalCursor) -> Record? {
    _ = cursor.integer(UInt32.self)
    let flags = Flags(rawValue: cursor.integer())
    let key = key(&cursor)
    let sequence = cursor.integer(Int64.self)
    let owner = cursor.integer(UInt64.self)
    let revision = cursor.integer(Int64.self)
    let name = cursor.string()
    let document = cursor.text()
    let hidden = cursor.text()
    guard let key else { return nil }
    var record = Record(key, name: name, revision: revision, document: document, hidden: hidden)
    record.sequence = sequence
    record.owner = owner
    record.isNew = flags.contains(.isNew)
    record.movesInIndexes = flags.contains(.movesInIndexes)
    return record
  }

  /// Passes over everything of a record that stands before its revision, document and hidden part.
  static func skipToRevision(_ cursor: inout JournalCursor) -> Tenant {
    _ = cursor.bytes(4 + 1 + 1)
    let tenant = Tenant(rawValue: cursor.integer())
    _ = cursor.bytes(2 * 8)
    cursor.skipText()
    _ = cursor.bytes(2 * 8)
    return tenant
  }

  private static func key(_ cursor: inout JournalCursor) -> RecordKey? {
    let kind = RecordKey.Kind(rawValue: cursor.integer())
    let tenant = Tenant(rawValue: cursor.integer())
    let service = cursor.integer(Int64.self)
    let number = cursor.integer(Int64.self)
    let name = cursor.string()
    return kind.map { RecordKey($0, tenant, service: service, number: number, name: name) }
  }
}
