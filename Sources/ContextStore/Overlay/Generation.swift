import ContextModel

/// What a stretch of the journal says of records: the newest state of each. Once a newer generation has begun it does not
/// change any more, and is folded into the tables as a whole.
///
/// Guarded by the overlay's monitor; once it is folded its records are read without.
final class Generation: @unchecked Sendable {
  /// The frames it was made of.
  private(set) var firstFrame: Int64 = 0
  private(set) var last = Journal.Position()
  /// The oldest segment in which a record of it lies.
  private(set) var firstSegment: UInt32 = .max
  /// How many bytes of the journal.
  private(set) var bytes = 0
  /// When its first frame came, in monotonic nanoseconds.
  private(set) var began: UInt64 = 0

  private(set) var services = ServiceIndex()
  private(set) var others: [RecordKey: Location] = [:]
  /// The records of other kinds that belong to a service.
  private var parts: [Int64: [RecordKey]] = [:]

  var isEmpty: Bool { last.frame == 0 }

  /// Takes a frame over, before its records.
  func take(_ position: Journal.Position, bytes: Int) {
    if isEmpty {
      firstFrame = position.frame
      began = monotonicNanoseconds()
    }
    last = position
    self.bytes += bytes
  }

  /// Takes a frame over that was read from the journal, with its records.
  func take(
    _ head: JournalFrame.Head, _ frame: UnsafeRawBufferPointer, in segment: JournalSegment, at offset: Int
  ) {
    take(Journal.Position(frame: head.number, counters: head.counters), bytes: head.frameSize)
    JournalFrame.forEachPut(head, frame) { key, owner, flags, place, size in
      let location = Location(
        segment: segment.head.index, offset: UInt32(offset + place), size: UInt32(size), flags: flags)
      put(key, of: owner, location)
    } deletion: {
      delete($0, in: segment.head.index)
    }
  }

  /// The newest state of a record stands at a location.
  ///
  /// - Parameter owner: under what a service is found in lists, see `ServiceQuery.Owner.hash`.
  func put(_ key: RecordKey, of owner: UInt64, _ location: Location) {
    firstSegment = min(firstSegment, location.segment)
    if key.kind == .service {
      services.put(key.service, of: owner, at: location)
    } else {
      putOther(key, location)
    }
  }

  func delete(_ key: RecordKey, in segment: UInt32) {
    firstSegment = min(firstSegment, segment)
    let location = Location(segment: segment, offset: 0, size: 0)
    if key.kind == .service {
      services.remove(key.service, at: location)
    } else {
      putOther(key, location)
    }
  }

  private func putOther(_ key: RecordKey, _ location: Location) {
    if others.updateValue(location, forKey: key) == nil, key.service != 0 {
      parts[key.service, default: []].append(key)
    }
  }

  /// Keeps what finds records by their keys, and nothing else.
  func forgetLists() {
    services.forgetOwners()
    parts = [:]
  }

  /// Where a record stands; `nil` if the generation knows nothing of it.
  subscript(key: RecordKey) -> Location? {
    key.kind == .service ? services[key.service] : others[key]
  }

  /// The services that may belong to an owner: some may have been removed.
  func services(of owner: UInt64) -> [Int64] { services.services(of: owner) }

  /// The records of other kinds that belong to a service.
  func parts(of service: Int64) -> [RecordKey] { parts[service] ?? [] }
}
