/// Waits until a condition holds, asking again and again.
///
/// - Returns: whether it came to hold within the time.
func eventually(within limit: Duration = .seconds(20), _ condition: () async -> Bool) async -> Bool {
  let end = ContinuousClock.now + limit
  while ContinuousClock.now < end {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(2))
  }
  return await condition()
}
