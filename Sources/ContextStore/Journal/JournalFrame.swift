import CXXHash
import ContextModel

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
}
