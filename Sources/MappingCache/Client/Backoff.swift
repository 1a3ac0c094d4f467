/// Pauses between attempts: each twice the last up to a limit, and each shortened at random by up to a half so that
/// loops and nodes do not come back in step.
struct Backoff {
  private let shortest: Duration
  private let longest: Duration
  private var next: Duration

  init(shortest: Duration, longest: Duration) {
    self.shortest = shortest
    self.longest = longest
    next = shortest
  }

  /// The pause before the next attempt.
  mutating func pause() -> Duration {
    defer { next = min(next * 2, longest) }
    return next * Double.random(in: 0.5...1)
  }

  /// All is well.
  mutating func reset() { next = shortest }
}
