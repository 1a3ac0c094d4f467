/// The first place where a text is not JSON5, and what is wrong there: Foundation's decoder says only that something is.
struct JSON5Fault: Error, CustomStringConvertible {
  let line: Int
  /// In characters, from 1.
  let column: Int
  let reason: String

  var description: String { "line \(line), column \(column): \(reason)" }

  /// Looks for it; `nil` if the text is JSON5 as far as this knows the language (https://spec.json5.org).
  init?(in text: String) {
    var scanner = Scanner(text)
    do throws(JSON5Fault) {
      try scanner.document()
      return nil
    } catch {
      self = error
    }
  }

  fileprivate init(line: Int, column: Int, reason: String) {
    self.line = line
    self.column = column
    self.reason = reason
  }
}

private struct Scanner {
  private let text: [Character]
  private var place = 0

  init(_ text: String) { self.text = Array(text) }

  mutating func document() throws(JSON5Fault) {
    try space()
    try value()
    try space()
    guard place == text.count else { throw unexpected("the end of the file") }
  }

  private var next: Character? { place < text.count ? text[place] : nil }

  private func fault(_ reason: String, at place: Int) -> JSON5Fault {
    let before = text[..<place]
    let start = before.lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
    return JSON5Fault(
      line: before.count(where: \.isNewline) + 1, column: place - start + 1, reason: reason)
  }

  private func unexpected(_ allowed: String) -> JSON5Fault {
    let found = next.map { $0.isNewline ? "the end of the line" : "\"\($0)\"" } ?? "the end of the file"
    return fault("\(found) where \(allowed) must stand", at: place)
  }

  private mutating func take(_ character: Character) -> Bool {
    guard next == character else { return false }
    place += 1
    return true
  }

  private mutating func space() throws(JSON5Fault) {
    while let character = next {
      if character.isWhitespace || character == "\u{FEFF}" {
        place += 1
      } else if character == "/" {
        try comment()
      } else {
        return
      }
    }
  }

  private mutating func comment() throws(JSON5Fault) {
    let start = place
    place += 1
    if take("/") {
      while let character = next, !character.isNewline { _ = take(character) }
    } else if take("*") {
      while !(take("*") && next == "/") {
        guard next != nil else { throw fault("a comment that has no end", at: start) }
        if next != "*" { place += 1 }
      }
      place += 1
    } else {
      throw unexpected("\"/\" or \"*\" of a comment")
    }
  }

  private mutating func value() throws(JSON5Fault) {
    switch next {
    case "{":
      try list(until: "}", "a field's name or \"}\"") { scanner throws(JSON5Fault) in try scanner.field() }
    case "[": try list(until: "]", "a value or \"]\"") { scanner throws(JSON5Fault) in try scanner.value() }
    case "\"", "'": try string()
    case let character? where character.isNumber || "+-.".contains(character): try number()
    case let character? where character.isLetter: try word()
    default: throw unexpected("a value")
    }
  }

  private mutating func list(
    until end: Character, _ allowed: String, element: (inout Scanner) throws(JSON5Fault) -> Void
  ) throws(JSON5Fault) {
    place += 1
    while true {
      try space()
      if take(end) { return }
      guard next != ",", next != nil else { throw unexpected(allowed) }
      try element(&self)
      try space()
      guard take(",") || next == end else { throw unexpected("\",\" or \"\(end)\"") }
    }
  }

  private mutating func field() throws(JSON5Fault) {
    if next == "\"" || next == "'" {
      try string()
    } else {
      let start = place
      while let character = next, character.isLetter || character.isNumber || "_$".contains(character) {
        place += 1
      }
      guard place > start, !text[start].isNumber else {
        place = start
        throw unexpected("a field's name or \"}\"")
      }
    }
    try space()
    guard take(":") else { throw unexpected("\":\"") }
    try space()
    try value()
  }

  private mutating func string() throws(JSON5Fault) {
    let (start, quote) = (place, text[place])
    place += 1
    while let character = next {
      place += 1
      if character == quote { return }
      if character.isNewline { break }
      guard character == "\\", let escaped = next else { continue }
      let digits = escaped == "u" ? 4 : escaped == "x" ? 2 : 0
      let code = text[(place + 1)...].prefix(digits)
      guard "\"'\\/bfnrtvxu".contains(escaped) || escaped.isNewline, code.count == digits,
        code.allSatisfy(\.isHexDigit)
      else {
        throw fault("\"\\\(escaped)\" is no escape: a backslash itself is written twice", at: place - 1)
      }
      place += 1
    }
    throw fault("a text that has no end in its line", at: start)
  }

  private mutating func number() throws(JSON5Fault) {
    let start = place
    while let character = next, character.isLetter || character.isNumber || "+-.".contains(character) {
      place += 1
    }
    let digits = String(text[start..<place])
    let unsigned = digits.drop { "+-".contains($0) }
    guard digits.count - unsigned.count <= 1 else { throw fault("\"\(digits)\" is no number", at: start) }
    guard !(unsigned.first == "0" && unsigned.dropFirst().first?.isNumber == true) else {
      throw fault("\"\(digits)\" is no number: a 0 before its digits", at: start)
    }
    let isNumber =
      unsigned.lowercased().hasPrefix("0x")
      ? UInt64(unsigned.dropFirst(2), radix: 16) != nil
      : ["Infinity", "NaN"].contains(unsigned)
        || unsigned.contains(where: \.isNumber) && unsigned.allSatisfy(\.isASCII)
          && Double(Self.completed(unsigned)) != nil
    guard isNumber else { throw fault("\"\(digits)\" is no number", at: start) }
  }

  /// Swift's numbers have digits on both sides of the point.
  private static func completed(_ number: Substring) -> String {
    guard number.hasPrefix(".") else { return number.hasSuffix(".") ? "\(number)0" : String(number) }
    return number.dropFirst().first?.isNumber == true ? "0\(number)" : String(number)
  }

  private mutating func word() throws(JSON5Fault) {
    let start = place
    while let character = next, character.isLetter || character.isNumber || character == "_" { place += 1 }
    let word = String(text[start..<place])
    guard ["null", "true", "false", "Infinity", "NaN"].contains(word) else {
      throw fault("\"\(word)\" is no value: texts stand in quotes", at: start)
    }
  }
}
