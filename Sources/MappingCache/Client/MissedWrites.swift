import ContextModel

/// The services whose newest state Redis may not have. One loop's.
struct MissedWrites {
  private var services: Set<ServiceID> = []
  private let limit: Int
  /// Whether some were forgotten because there were too many; then only a new epoch helps, and none are kept.
  private(set) var areLost = false

  init(limit: Int) { self.limit = max(1, limit) }

  /// Whether Redis has everything.
  var isEmpty: Bool { services.isEmpty && !areLost }

  mutating func insert(_ id: ServiceID) {
    guard !areLost else { return }
    services.insert(id)
    if services.count > limit { lose() }
  }

  /// Forgets which ones they are.
  mutating func lose() {
    areLost = true
    services = []
  }

  /// Starts anew: what was missed so far is in no entry of the epoch to come.
  mutating func reset() {
    areLost = false
    services = []
  }

  /// Takes out up to `count` services.
  mutating func take(_ count: Int) -> [ServiceID] {
    let taken = Array(services.prefix(count))
    if taken.count == services.count { services = [] } else { services.subtract(taken) }
    return taken
  }
}
