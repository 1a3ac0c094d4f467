import ContextModel
import Glibc

/// What a frame holds, where it stands: the texts are the frame's, and valid as long as that is.
extension JournalFrame {
  /// A change.
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
      kind = cursor.text()
      customerBefore = cursor.optionalText()
      customer = cursor.optionalText()
      interaction = cursor.optionalText()
      principal = cursor.optionalText()
      event = cursor.text()
    }

    /// Whether the service came to somebody else.
    var isAssociation: Bool {
      guard service != 0, let customer else { return false }
      guard let customerBefore, customerBefore.count == customer.count else { return true }
      return memcmp(customerBefore.baseAddress!, customer.baseAddress!, customer.count) != 0
    }

    /// Whether the service is gone with it.
    var isDeletion: Bool { kind.elementsEqual(Change.Kind.delete.rawValue.utf8) }

    /// A copy; `nil` if its kind is none of this server's.
    var change: Change? {
      guard let kind = Change.Kind(rawValue: String(decoding: kind, as: UTF8.self)) else { return nil }
      var change = Change(
        kind, tenant: Tenant(rawValue: tenant), service: ServiceID(service),
        revision: revision == 0 ? nil : revision, at: Timestamp(milliseconds: at),
        customerBefore: string(customerBefore), customer: string(customer), interaction: string(interaction),
        principal: string(principal), event: Array(event))
      change.sequence = sequence
      return change
    }

    private func string(_ text: UnsafeRawBufferPointer?) -> String? {
      text.map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// A put.
  struct PutParts {
    let flags: Flags
    let key: KeyParts
    let sequence: Int64
    let owner: UInt64
    let revision: Int64
    let name: UnsafeRawBufferPointer
    let document: UnsafeRawBufferPointer
    let hidden: UnsafeRawBufferPointer

    /// Reads the put that begins at the cursor.
    init(_ cursor: inout JournalCursor) {
      let start = cursor.offset
      let size = Int(cursor.integer(UInt32.self))
      flags = Flags(rawValue: cursor.integer())
      key = KeyParts(&cursor)
      sequence = cursor.integer()
      owner = cursor.integer()
      revision = cursor.integer()
      name = cursor.text()
      document = cursor.text()
      hidden = cursor.text()
      // A put that was erased keeps its size, and nothing else.
      _ = cursor.bytes(max(0, size - (cursor.offset - start)))
    }

    /// A copy; `nil` if its kind is none of this server's.
    var record: Record? {
      guard let key = key.key else { return nil }
      var record = Record(
        key, name: String(decoding: name, as: UTF8.self), revision: revision, document: Array(document),
        hidden: Array(hidden))
      record.sequence = sequence
      record.owner = owner
      record.isNew = flags.contains(.isNew)
      record.movesInIndexes = flags.contains(.movesInIndexes)
      return record
    }
  }

  /// The key of a put or of a deletion.
  struct KeyParts {
    /// `nil` if it is none of this server's.
    let kind: RecordKey.Kind?
    let tenant: Int64
    let service: Int64
    let number: Int64
    let name: UnsafeRawBufferPointer

    /// Reads the key that begins at the cursor.
    init(_ cursor: inout JournalCursor) {
      kind = RecordKey.Kind(rawValue: cursor.integer())
      tenant = cursor.integer()
      service = cursor.integer()
      number = cursor.integer()
      name = cursor.text()
    }

    /// A copy; `nil` if its kind is none of this server's.
    var key: RecordKey? {
      kind.map {
        RecordKey(
          $0, Tenant(rawValue: tenant), service: service, number: number,
          name: String(decoding: name, as: UTF8.self))
      }
    }
  }
}
