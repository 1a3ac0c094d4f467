public import LiaisonKit

/// What the cache counts; somebody else registers it. Any thread.
public final class CacheMetrics: Sendable {
  let hits = Counter()
  let misses = Counter()
  let bypasses = Counter()
  let written = Counter()
  let refused = Counter()
  let late = Counter()
  let failed = Counter()
  let skipped = Counter()

  init() {}

  /// Reads by result: `hit`, `miss`, `bypass`.
  public var reads: [(result: String, counter: Counter)] {
    [("hit", hits), ("miss", misses), ("bypass", bypasses)]
  }

  /// Writes and fills by result: `written`; `refused` (Redis has the same or a newer revision); `late` (not
  /// answered in time); `failed` (an error, a lost connection); `skipped` (not sent). Services
  /// that are replayed after an outage are not counted again.
  public var writes: [(result: String, counter: Counter)] {
    [("written", written), ("refused", refused), ("late", late), ("failed", failed), ("skipped", skipped)]
  }
}
