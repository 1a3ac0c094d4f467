import LiaisonKit

extension MetricsRegistry {
  /// The value of a metric without labels; `nil` if there is none of that name.
  func value(_ name: String) -> Int? {
    text().split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
      Int($0.dropFirst(name.count + 1))
    }
  }
}
