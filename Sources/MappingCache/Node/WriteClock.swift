import ContextModel
import Synchronization

/// Tells whether a service may have been written since a moment. Any thread.
///
/// A fill and a replay read the store, and their entry reaches Redis later. If the service was written meanwhile
/// and that entry is gone again (evicted, flushed), the script's guard has nothing to compare with: then this does.
/// Services share slots; a neighbour's write looks like one's own, which costs a fill and never an error.
final class WriteClock: @unchecked Sendable {
  private static let slots = 16_384
  /// Owned; `slots` initialized atomics from init to deinit.
  private let counts: UnsafeMutablePointer<Atomic<UInt32>>

  init() {
    counts = .allocate(capacity: Self.slots)
    for slot in 0..<Self.slots { (counts + slot).initialize(to: Atomic(0)) }
  }

  deinit {
    counts.deinitialize(count: Self.slots)
    counts.deallocate()
  }

  /// Records a write. Called before it is sent, or not sent.
  func advance(_ id: ServiceID) {
    counts[Int(id.rawValue) & (Self.slots - 1)].wrappingAdd(1, ordering: .sequentiallyConsistent)
  }

  /// Changes with every write of the service.
  func time(_ id: ServiceID) -> UInt32 {
    counts[Int(id.rawValue) & (Self.slots - 1)].load(ordering: .sequentiallyConsistent)
  }
}
