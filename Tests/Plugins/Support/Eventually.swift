import Testing

/// Waits for a condition that other threads bring about.
func eventually(
  _ what: Comment, within limit: Duration = .seconds(60), _ location: SourceLocation = #_sourceLocation,
  _ condition: () async -> Bool
) async {
  let deadline = ContinuousClock.now + limit
  while await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record(what, sourceLocation: location)
      return
    }
    try? await Task.sleep(for: .milliseconds(2))
  }
}
