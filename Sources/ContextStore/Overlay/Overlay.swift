import ContextModel

/// Everything that stands in the journal and not, or only just, in the tables: what is found in it is not older than they
/// are. Three generations: one that grows, one that is being folded, one that was folded last and still answers faster
/// than the tables. Every method may be called on any thread.
final class Overlay: @unchecked Sendable {
  /// Guards everything below.
  let monitor = Monitor()
  private(set) var growing = Generation()
  private(set) var folding: Generation?
  private(set) var folded: Generation?
  /// How many generations were folded. Who reads tables that are as of an earlier count may miss what the overlay does
  /// not know any more.
  private(set) var folds = 0

  /// The folds so far.
  var foldCount: Int { monitor.locked { folds } }

  /// Where a record stands, `nil` if only the tables know; and how many folds these must have seen.
  func location(of key: RecordKey) -> (Location?, folds: Int) { monitor.locked { (locate(key), folds) } }

  /// Where services stand, in their order, `nil` where only the tables know; and how many folds these must have seen.
  func locations(of ids: [Int64], into locations: inout [Location?]) -> Int {
    locations.removeAll(keepingCapacity: true)
    return monitor.locked {
      for id in ids { locations.append(locate(service: id)) }
      return folds
    }
  }

  /// Inside the monitor only.
  private func locate(_ key: RecordKey) -> Location? {
    growing[key] ?? folding?[key] ?? folded?[key]
  }

  /// Inside the monitor only.
  private func locate(service id: Int64) -> Location? {
    growing.services[id] ?? folding?.services[id] ?? folded?.services[id]
  }

  /// What the tables lack at one moment.
  struct Unfolded {
    fileprivate let generations: [Generation]
    /// How many folds the tables must have seen that are read beside it.
    let folds: Int
  }

  /// What the tables lack now.
  var unfolded: Unfolded {
    monitor.locked {
      Unfolded(generations: [growing] + (folding.map { [$0] } ?? []), folds: folds)
    }
  }

  /// The services that may belong to an owner, each once, with where they stand now.
  func services(of owner: UInt64, in unfolded: Unfolded) -> [(id: Int64, Location)] {
    monitor.locked {
      var ids = Set<Int64>()
      for generation in unfolded.generations { ids.formUnion(generation.services(of: owner)) }
      return ids.compactMap { id in locate(service: id).map { (id, $0) } }
    }
  }

  /// Whether what tables say of a service is old.
  func knows(_ ids: [Int64], in unfolded: Unfolded) -> Set<Int64> {
    monitor.locked {
      Set(ids.filter { id in unfolded.generations.contains { $0.services[id] != nil } })
    }
  }

  /// The records of one kind that belong to a service, each once, with where they stand now.
  func parts(
    _ kind: RecordKey.Kind, of service: Int64, in unfolded: Unfolded
  ) -> [(RecordKey, Location)] {
    monitor.locked {
      var keys = Set<RecordKey>()
      for generation in unfolded.generations {
        for key in generation.parts(of: service) where key.kind == kind { keys.insert(key) }
      }
      return keys.compactMap { key in locate(key).map { (key, $0) } }
    }
  }

  /// All records of a kind, services apart, each once, with where they stand now.
  func records(of kind: RecordKey.Kind, in unfolded: Unfolded) -> [(RecordKey, Location)] {
    monitor.locked {
      var keys = Set<RecordKey>()
      for generation in unfolded.generations {
        for key in generation.others.keys where key.kind == kind { keys.insert(key) }
      }
      return keys.compactMap { key in locate(key).map { (key, $0) } }
    }
  }

  /// When the growing generation began, in monotonic nanoseconds, and how long its part of the journal is; 0 bytes while it
  /// is empty.
  var growth: (began: UInt64, bytes: Int) { monitor.locked { (growing.began, growing.bytes) } }

  /// The bytes of the journal that the tables do not have.
  var backlog: Int { monitor.locked { growing.bytes + (folding?.bytes ?? 0) } }

  /// Makes what grew so far ready to be folded, if there is anything and nothing else is being folded.
  func freeze() -> Generation? {
    monitor.locked {
      guard folding == nil, !growing.isEmpty else { return folding }
      folding = growing
      growing = Generation()
      return folding
    }
  }

  /// The tables have it now.
  func didFold() {
    monitor.locked {
      // Lists are the tables' from now on.
      folding?.forgetLists()
      folded = folding
      folding = nil
      folds += 1
    }
  }
}
