import JSON

/// An amount of money in ten-thousandths, however it was written.
struct Amount {
  /// The whole number of ten-thousandths.
  let digits: String

  /// The amount of a value that was found to be one.
  init(_ value: JSONValue) {
    guard let text = value.string else {
      digits = String(Int128(((value.double ?? 0) * 10_000).rounded()))
      return
    }
    let parts = text.drop { $0 == "-" }.split(separator: ".", maxSplits: 1)
    let fraction = parts.count > 1 ? String(parts[1]) : ""
    let padded = fraction + String(repeating: "0", count: max(0, 4 - fraction.count))
    let magnitude = Int128(String(parts.first ?? "0") + padded) ?? 0
    digits = String(text.hasPrefix("-") ? -magnitude : magnitude)
  }
}
