/// The options behind the `?` of a location, `name=value&…`, percent-encoded.
struct LocationOptions {
  private var values: [String: String] = [:]

  /// - Parameters:
  ///   - allowed: the names that there may be.
  ///   - text: what errors quote.
  init(
    parsing query: Substring, allowed: [String], of text: String
  ) throws(RedisAddressError) {
    for part in query.split(separator: "&", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      guard pair.count == 2, allowed.contains(name) else {
        throw RedisAddressError("\"\(text)\": \(Self.describe(allowed))")
      }
      guard let value = pair[1].percentDecoded, !value.isEmpty else {
        throw RedisAddressError("\"\(text)\": \(name) must have a value, percent-encoded")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw RedisAddressError("\"\(text)\": \(name) is given twice")
      }
    }
  }

  subscript(name: String) -> String? { values[name] }

  private static func describe(_ allowed: [String]) -> String {
    switch allowed.count {
    case 0: "there are no options"
    case 1: "the only option is \(allowed[0])"
    default: "the options are \(allowed.dropLast().joined(separator: ", ")) and \(allowed[allowed.count - 1])"
    }
  }
}

extension Substring {
  /// Without percent-encoding; `nil` if that is wrong.
  var percentDecoded: String? {
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    func digit() -> UInt8? {
      rest.popFirst().flatMap { Character(UnicodeScalar($0)).hexDigitValue }.map(UInt8.init)
    }
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = digit(), let low = digit() else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
