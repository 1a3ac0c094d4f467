import Synchronization

/// What stages did, in order.
final class Trace: Sendable {
  private let words = Mutex<[String]>([])

  /// Adds a word.
  func note(_ word: String) { words.withLock { $0.append(word) } }

  /// All words.
  var all: [String] { words.withLock { $0 } }

  /// All words; the next ones begin anew.
  func take() -> [String] {
    words.withLock { words in
      defer { words = [] }
      return words
    }
  }
}
