import Foundation

/// The system's words for an errno.
func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// A number with thousands separated by commas, the same in every locale.
func grouped(_ value: Double) -> String {
  var digits = String(Int(value.rounded()))
  var text = ""
  while digits.count > 3 {
    text = "," + digits.suffix(3) + text
    digits = String(digits.dropLast(3))
  }
  return digits + text
}

/// A number with a fixed count of decimals, the same in every locale.
func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
