/// Why the benchmark stopped. Every one of these makes the process exit with 1 (2 for `usage`).
enum BenchmarkError: Error, CustomStringConvertible {
  /// A flag that is unknown or has a bad value.
  case usage(String)
  /// A process or file that the benchmark needs could not be started or made.
  case cannotStart(String)
  /// A system call failed: what was tried, and errno.
  case system(String, Int32)
  /// The measured thing answered something else than it should have: the figures would be worthless.
  case wrongAnswer(String)
  /// Not all answers came within the time limit.
  case tooSlow(String)

  var description: String {
    switch self {
    case .usage(let text): text
    case .cannotStart(let text): text
    case .system(let call, let number): "\(call): \(errorText(number))"
    case .wrongAnswer(let text): "wrong answer: \(text)"
    case .tooSlow(let text): text
    }
  }
}
