import ContextModel

extension JournalFrame {
  /// Whether the bytes of a frame are what was written.
  static func isWhole(_ head: Head, _ frame: UnsafeRawBufferPointer, salt: UInt64) -> Bool {
    guard frame.count >= headSize + head.bodySize else { return false }
    let covered = UnsafeRawBufferPointer(rebasing: frame[coveredOffset..<headSize + head.bodySize])
    return checksum(covered, salt) == head.checksum
  }

  /// A cursor before the first change of a frame.
  static func body(_ frame: UnsafeRawBufferPointer) -> JournalCursor {
    JournalCursor(UnsafeRawBufferPointer(rebasing: frame[headSize...]))
  }

  /// The changes of a whole frame; those of a kind that is none of this server's are left out.
  static func changes(_ head: Head, _ frame: UnsafeRawBufferPointer) -> [Change] {
    var cursor = body(frame)
    return (0..<head.changes).compactMap { _ in ChangeParts(&cursor).change }
  }

  /// Goes through those changes of a whole frame that gave a service to another owner, or named an interaction.
  static func forEachHistoryEntry(
    _ head: Head, _ frame: UnsafeRawBufferPointer,
    _ body: (_ service: Int64, _ offset: Int, _ size: Int) -> Void
  ) {
    var cursor = Self.body(frame)
    for _ in 0..<head.changes {
      let offset = cursor.offset
      let change = ChangeParts(&cursor)
      guard change.isAssociation || (change.interaction != nil && change.service != 0) else { continue }
      body(change.service, headSize + offset, cursor.offset - offset)
    }
  }

  /// Goes through the puts and deletions of a whole frame; those of a kind that is none of this server's are left out.
  static func forEachPut(
    _ head: Head, _ frame: UnsafeRawBufferPointer,
    put: (RecordKey, _ owner: UInt64, Flags, _ offset: Int, _ size: Int) -> Void,
    deletion: (RecordKey) -> Void
  ) {
    var cursor = body(frame)
    for _ in 0..<head.changes { _ = ChangeParts(&cursor) }
    for _ in 0..<head.puts {
      let offset = cursor.offset
      let parts = PutParts(&cursor)
      guard let key = parts.key.key else { continue }
      put(key, parts.owner, parts.flags, headSize + offset, cursor.offset - offset)
    }
    for _ in 0..<head.deletions {
      if let key = KeyParts(&cursor).key { deletion(key) }
    }
  }
}
