import ContextModel

/// A service that a batch has looked at, and what it did to it.
struct ServiceSlot {
  let key: RecordKey
  /// As it is now; `nil` if there is none.
  private(set) var service: Service?
  /// Whether the batch changed it.
  private(set) var isChanged = false
  private var isNew = true
  private var movesInIndexes = false
  private var document: [UInt8] = []
  private var sequence: Int64 = 0

  init(key: RecordKey) { self.key = key }

  /// It is stored.
  mutating func load(_ service: Service) {
    self.service = service
    isNew = false
  }

  mutating func put(_ service: Service, _ document: [UInt8], sequence: Int64) {
    if let former = self.service {
      movesInIndexes =
        movesInIndexes || former.customerID != service.customerID || former.serviceType != service.serviceType
        || former.status != service.status || former.trail.dueAt != service.trail.dueAt
    }
    self.service = service
    self.document = document
    self.sequence = sequence
    isChanged = true
  }

  mutating func delete() {
    service = nil
    // What was never stored need not be removed.
    isChanged = !isNew
  }

  /// What is to be kept; `nil` if it is to be removed.
  var record: Record? {
    guard let service else { return nil }
    var record = Record(
      .service(service.id, tenant: service.tenant), revision: service.revision, document: document,
      hidden: service.trail.text)
    record.sequence = sequence
    record.isNew = isNew
    record.movesInIndexes = movesInIndexes
    record.owner = ServiceQuery.Owner(of: service)?.hash(service.tenant) ?? 0
    return record
  }
}

/// A record of another kind that a batch has looked at.
struct RecordSlot {
  /// As it is now; `nil` if there is none.
  var record: Record?
  /// Whether the batch changed it.
  var isChanged = false
  /// Whether nothing was stored under the key before the batch.
  let isNew: Bool

  /// What is stored, if anything is.
  init(loaded record: Record?) {
    self.record = record
    isNew = record == nil
  }
}
