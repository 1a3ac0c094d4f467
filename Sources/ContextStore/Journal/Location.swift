/// Where the newest state of a record stands in the journal.
struct Location: Sendable {
  /// The segment's index.
  var segment: UInt32
  /// From the start of the segment's file.
  var offset: UInt32
  /// The record's bytes; 0 for a record that was removed.
  var size: UInt32
  /// What a fold must know, of everything that happened to the record in its generation.
  var flags: JournalFrame.Flags

  var isDeletion: Bool { size == 0 }

  init(segment: UInt32, offset: UInt32, size: UInt32, flags: JournalFrame.Flags = []) {
    self.segment = segment
    self.offset = offset
    self.size = size
    self.flags = flags
  }
}
