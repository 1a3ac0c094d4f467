import ContextModel
import Glibc

/// Finds in the journal what belongs to an erased person, and makes its frames without it. Everything keeps its place and its length:
/// what stands behind it is found where it was, and whoever follows the change sequence misses no number.
///
/// - A change that gave the person something, or that is about a service of the person, keeps its number, kind, service, revision
///   and time, and who asked for it; its event becomes an empty object.
/// - Records that were the person's become records of no kind, which nobody reads: all of them are gone from the tables.
struct JournalEraser {
  private let tenant: Int64
  private let customer: [UInt8]
  private let sequence: Int64
  /// As it stands in documents.
  private let quoted: [UInt8]
  /// The services that belong to the person, as far as was read; those that were deleted meanwhile are in `erased`.
  private var owned: Set<Int64> = []
  private(set) var erased: Set<Int64> = []

  init(_ erasure: Erasure) {
    tenant = erasure.tenant.rawValue
    customer = Array(erasure.customer.utf8)
    sequence = erasure.sequence
    quoted = erasure.quotedCustomer
  }

  // MARK: Which services

  /// Learns from a frame, in their order, which services were the person's when they were deleted.
  mutating func learn(_ head: JournalFrame.Head, _ frame: UnsafeRawBufferPointer) {
    var cursor = JournalFrame.body(frame)
    for _ in 0..<head.changes {
      let change = JournalFrame.ChangeParts(&cursor)
      guard change.tenant == tenant, change.service != 0, change.sequence <= sequence else { continue }
      if isCustomer(change.customer) {
        owned.insert(change.service)
      } else if change.isDeletion {
        if owned.remove(change.service) != nil { erased.insert(change.service) }
      } else if change.customer != nil {
        owned.remove(change.service)
      }
    }
  }

  private func isCustomer(_ text: UnsafeRawBufferPointer?) -> Bool {
    guard let text else { return false }
    return Self.isSame(text, customer)
  }

  private static func isSame(_ text: UnsafeRawBufferPointer, _ bytes: [UInt8]) -> Bool {
    guard text.count == bytes.count, let start = text.baseAddress else { return false }
    return memcmp(start, bytes, bytes.count) == 0
  }

  // MARK: A frame

  /// Takes the person out of a frame.
  ///
  /// - Parameter bytes: the whole frame; its checksum is the caller's to bring up to date.
  /// - Returns: how many entries tell less than before.
  func erase(_ head: JournalFrame.Head, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    let frame = UnsafeRawBufferPointer(bytes)
    var cursor = JournalFrame.body(frame)
    var count = 0
    for _ in 0..<head.changes {
      let start = JournalFrame.headSize + cursor.offset
      let change = JournalFrame.ChangeParts(&cursor)
      let end = JournalFrame.headSize + cursor.offset
      guard change.tenant == tenant, change.sequence < sequence else { continue }
      let isPersons = isCustomer(change.customer) || erased.contains(change.service)
      guard isPersons || isCustomer(change.customerBefore) else { continue }
      if rewrite(change, UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]), whole: isPersons) {
        count += 1
      }
    }
    for _ in 0..<head.puts {
      let start = JournalFrame.headSize + cursor.offset
      let put = JournalFrame.PutParts(&cursor)
      // What was put together with the erasure may be newer than it.
      guard isPersons(put), put.sequence < sequence || put.key.kind == .erasure else { continue }
      let end = JournalFrame.headSize + cursor.offset
      JournalFrame.blankPut(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]))
      count += 1
    }
    // Deletions bear names of what was deleted. All this is in the tables: nobody reads them any more.
    let mayTell = count > 0 || head.counters.lastSequence >= sequence
    for _ in 0..<head.deletions {
      let start = JournalFrame.headSize + cursor.offset
      guard let kind = JournalFrame.KeyParts(&cursor).kind, mayTell, kind != .service else { continue }
      let end = JournalFrame.headSize + cursor.offset
      JournalFrame.blankKey(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]))
      count += 1
    }
    return count
  }

  private func isPersons(_ put: JournalFrame.PutParts) -> Bool {
    guard put.key.tenant == tenant else { return false }
    switch put.key.kind {
    case .service, .state, .task, .extension:
      if erased.contains(put.key.service) { return true }
      // A state in which a service was the person's; it has a newer one since.
      return put.key.kind == .service && contains(put.document, quoted)
    case .profile, .erasure: return isCustomer(put.key.name)
    case .identity: return isCustomer(put.document)
    case .idempotencyKey: return contains(put.document, quoted)
    default: return false
    }
  }

  private func contains(_ text: UnsafeRawBufferPointer, _ part: [UInt8]) -> Bool {
    guard let start = text.baseAddress, text.count >= part.count else { return false }
    return (0...text.count - part.count).contains { memcmp(start + $0, part, part.count) == 0 }
  }

  /// Writes a change again, without the person, in as many bytes: the event is as long as it must be.
  ///
  /// - Parameter whole: whether nothing of it stays; else only whose the service was before.
  /// - Returns: whether that is another text than before.
  private func rewrite(
    _ change: JournalFrame.ChangeParts, _ bytes: UnsafeMutableRawBufferPointer, whole: Bool
  ) -> Bool {
    let buffer = JournalBuffer()
    for number in [change.sequence, change.tenant, change.service, change.revision, change.at] {
      buffer.append(number)
    }
    buffer.append(text: change.kind)
    buffer.append(text: String?.none)
    buffer.append(text: whole ? nil : change.customer)
    buffer.append(text: whole ? nil : change.interaction)
    buffer.append(text: change.principal)
    var event = whole ? Array("{}".utf8) : Array(change.event)
    let length = bytes.count - buffer.count - MemoryLayout<UInt32>.size
    // No change is shorter than its empty form, but for an event that was none.
    guard length >= event.count else { return false }
    event.append(contentsOf: repeatElement(UInt8(ascii: " "), count: length - event.count))
    buffer.append(text: event)
    guard !buffer.bytes.elementsEqual(bytes) else { return false }
    bytes.copyMemory(from: buffer.bytes)
    return true
  }
}
