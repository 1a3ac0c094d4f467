import ContextModel

/// Everything that stands in the journal and not, or only just, in the tables: what is found in it is newer than they are.
/// Three generations: one that grows, one that is being folded, one that was folded last and still answers faster than
/// the tables. Every method may be called on any thread.
final class Overlay: @unchecked Sendable {
  /// Guards everything below.
  let monitor = Monitor()
  private(set) var growing = Generation()
  private(set) var folding: Generation?
  private(set) var folded: Generation?

  /// Newest first. Inside the monitor only.
  private var generations: [Generation] {
    var all = [growing]
    if let folding { all.append(folding) }
    if let folded { all.append(folded) }
    return all
  }

  /// Where a record stands; `nil` if only the tables know.
  func location(of key: RecordKey) -> Location? { monitor.locked { locate(key) } }

  /// Where services stand, in their order; `nil` where only the tables know.
  func locations(of ids: [Int64], into locations: inout [Location?]) {
    locations.removeAll(keepingCapacity: true)
    monitor.locked {
      for id in ids {
        locations.append(growing.services[id] ?? folding?.services[id] ?? folded?.services[id])
      }
    }
  }

  /// Inside the monitor only.
  func locate(_ key: RecordKey) -> Location? {
    growing[key] ?? folding?[key] ?? folded?[key]
  }

  /// The services that may belong to an owner, each once, with where they stand now.
  func services(of owner: UInt64) -> [(id: Int64, Location)] {
    monitor.locked {
      var ids = Set<Int64>()
      for generation in generations { ids.formUnion(generation.services(of: owner)) }
      return ids.compactMap { id in
        (growing.services[id] ?? folding?.services[id] ?? folded?.services[id]).map { (id, $0) }
      }
    }
  }

  /// Those of the services that the overlay knows: what tables say of them is old.
  func known(_ ids: [Int64]) -> Set<Int64> {
    monitor.locked {
      Set(ids.filter { id in generations.contains { $0.services[id] != nil } })
    }
  }

  /// The records of one kind that belong to a service, each once, with where they stand now.
  func parts(_ kind: RecordKey.Kind, of service: Int64) -> [(RecordKey, Location)] {
    monitor.locked {
      var keys = Set<RecordKey>()
      for generation in generations {
        for key in generation.parts(of: service) where key.kind == kind { keys.insert(key) }
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
      folded = folding
      folding = nil
    }
  }
}
