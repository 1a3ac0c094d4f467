/// Decides what of an outage is worth a line: its beginning, each kind of error that Redis answers, and its end.
/// Guarded by the node's mutex.
struct OutageLog {
  /// A line to be written once the mutex is free.
  enum Line: Equatable {
    case began(OutageReason)
    case refusing(OutageReason)
    case ended(after: Duration)
  }

  /// Slowness that comes and goes is told this often at most.
  private static let slowInterval: Duration = .seconds(10)

  private var beganAt: ContinuousClock.Instant?
  private var isTold = false
  private var told: Set<OutageReason> = []
  private var slowToldAt: ContinuousClock.Instant?

  /// The cache is not believed, or still not.
  mutating func lost(_ reason: OutageReason) -> Line? {
    let now = ContinuousClock.now
    if beganAt == nil { beganAt = now }
    if case .slow = reason {
      if isTold { return nil }
      if let last = slowToldAt, now - last < Self.slowInterval { return nil }
      slowToldAt = now
    }
    if !isTold {
      isTold = true
      told.insert(reason)
      return .began(reason)
    }
    guard reason.isTold, told.count < 16, told.insert(reason).inserted else { return nil }
    return .refusing(reason)
  }

  /// The cache is believed.
  mutating func regained() -> Line? {
    let line: Line? = if let beganAt, isTold { .ended(after: ContinuousClock.now - beganAt) } else { nil }
    beganAt = nil
    isTold = false
    told = []
    return line
  }
}
