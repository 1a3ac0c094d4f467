import ContextModel

/// Everything that stands in the journal and not, or only just, in the tables: what is found in it is not older than they
/// are. Two generations: one that grows, and the one before, which is being folded, or was folded and still answers faster
/// than the tables. Every method may be called on any thread.
final class Overlay: @unchecked Sendable {
  /// Guards everything below.
  let monitor = Monitor()
  private(set) var growing = Generation()
  private var former: Generation?
  /// Whether the former one is not in the tables yet.
  private var isFolding = false
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
    growing[key] ?? former?[key]
  }

  /// Inside the monitor only.
  private func locate(service id: Int64) -> Location? {
    growing.services[id] ?? former?.services[id]
  }

  /// What the tables lack at one moment. Its lists are taken at that very moment, for a fold that ends takes them away.
  struct Unfolded {
    fileprivate let generations: [Generation]
    /// How many folds the tables must have seen that are read beside it.
    let folds: Int
  }

  /// Inside the monitor only.
  private var unfolded: Unfolded {
    Unfolded(generations: [growing] + (folding.map { [$0] } ?? []), folds: folds)
  }

  /// The services that may belong to an owner, each once.
  func services(of owner: UInt64) -> (ids: Set<Int64>, Unfolded) {
    monitor.locked {
      let unfolded = unfolded
      return (unfolded.generations.reduce(into: []) { $0.formUnion($1.services(of: owner)) }, unfolded)
    }
  }

  /// Of which services the tables may say what is old: those that have changed before or since.
  func knows(_ ids: [Int64], in unfolded: Unfolded) -> Set<Int64> {
    monitor.locked {
      Set(ids.filter { id in unfolded.generations.contains { $0.services[id] != nil } })
    }
  }

  /// The records of one kind that belong to a service, each once, with where they stand now.
  func parts(_ kind: RecordKey.Kind, of service: Int64) -> ([(RecordKey, Location)], Unfolded) {
    monitor.locked {
      let unfolded = unfolded
      var keys = Set<RecordKey>()
      for generation in unfolded.generations {
        for key in generation.parts(of: service) where key.kind == kind { keys.insert(key) }
      }
      return (keys.compactMap { key in locate(key).map { (key, $0) } }, unfolded)
    }
  }

  /// All records of a kind, services apart, each once, with where they stand now.
  func records(of kind: RecordKey.Kind) -> ([(RecordKey, Location)], Unfolded) {
    monitor.locked {
      let unfolded = unfolded
      var keys = Set<RecordKey>()
      for generation in unfolded.generations {
        for key in generation.others.keys where key.kind == kind { keys.insert(key) }
      }
      return (keys.compactMap { key in locate(key).map { (key, $0) } }, unfolded)
    }
  }

  /// When the growing generation began, in monotonic nanoseconds, and how long its part of the journal is; 0 bytes while it
  /// is empty.
  var growth: (began: UInt64, bytes: Int) { monitor.locked { (growing.began, growing.bytes) } }

  /// The bytes of the journal that the tables do not have.
  var backlog: Int { monitor.locked { growing.bytes + (folding?.bytes ?? 0) } }

  /// The generation that is being folded. Inside the monitor only.
  private var folding: Generation? { isFolding ? former : nil }

  /// Makes what grew so far ready to be folded, if there is anything and nothing else is being folded.
  func freeze() -> Generation? {
    monitor.locked {
      guard !isFolding, !growing.isEmpty else { return folding }
      former = growing
      isFolding = true
      growing = Generation()
      return former
    }
  }

  /// The tables have it now.
  func didFold() {
    monitor.locked {
      // Lists are the tables' from now on.
      former?.forgetLists()
      isFolding = false
      folds += 1
    }
  }
}
