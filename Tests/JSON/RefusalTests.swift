import Foundation
import JSON
import Testing
import TestSupport

@Suite struct RefusalTests {
  private let parser = JSONParser()

  private func error(_ text: some Collection<UInt8>) -> JSONError? {
    do throws(JSONError) {
      _ = try parser.parse(text)
      return nil
    } catch {
      return error
    }
  }

  private func error(_ text: String) -> JSONError? { error(Array(text.utf8)) }

  @Test(arguments: [
    "{", "}", "[1,]", #"{"a":1,}"#, "{a:1}", "{'a':1}", #"{"a" 1}"#, #"{"a":}"#, "[1 2]", "nul", "True",
    #""a"#, #"a""#,
    "1 2", "{}{}", "// c\n1", "[1,,2]", #""\x""#, #""\u12""#, #""\#n""#, #""\#t""#, ".5", "+1", "NaN",
    "Infinity",
    "01", "-01", "1.", "-", "1e", "0x10", "1.e5", "[-]",
  ])
  func `what is no JSON is malformed`(_ text: String) {
    #expect(error(text) == .malformed)
  }

  @Test(arguments: ["", " ", "\n\t \r"]) func `nothing is empty`(_ text: String) {
    #expect(error(text) == .empty)
  }

  @Test func `bytes that are no UTF-8 are refused as such`() {
    for bytes: [UInt8] in [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80], [0xC3, 0x28],
    ] {
      #expect(error([UInt8(ascii: #"""#)] + bytes + [UInt8(ascii: #"""#)]) == .invalidUTF8)
      #expect(error(Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8)) == .invalidUTF8)
    }
  }

  @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\u0041""#, #"["\uDBFF"]"#])
  func `lone surrogates are refused`(_ text: String) {
    #expect(error(text) != nil)
  }

  @Test func `nesting up to 64 levels is accepted, one level more is not`() {
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      func nested(_ depth: Int) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
      }
      #expect(error(nested(64)) == nil)
      #expect(error(nested(65)) == .tooDeep)
      #expect(error(nested(1000)) == .tooDeep)
      #expect(error(nested(100_000)) == .tooDeep)
    }
    // Empty ones are levels like others.
    let (open, close) = (String(repeating: "[", count: 63), String(repeating: "]", count: 63))
    #expect(error("\(open)[]\(close)") == nil && error("\(open){}\(close)") == nil)
    #expect(error("\(open)[[]]\(close)") == .tooDeep && error("\(open)[{}]\(close)") == .tooDeep)
  }

  @Test func `numbers beyond 64 bits or a double are out of range`() throws {
    for text in [
      "18446744073709551616", "-9223372036854775809", "1e309", "-1e309", "9e999", "[1,99999999999999999999]",
    ] {
      #expect(error(text) == .numberOutOfRange(member: nil), "\(text)")
    }
    for text in ["18446744073709551615", "-9223372036854775808", "1e308", "1e-400", "-0", "0.0", "1E+2"] {
      #expect(error(text) == nil, "\(text)")
    }
  }

  @Test(
    arguments: [
      (#"{"a":1,"b":1e999}"#, "b"), (#"{"a":{"c":[1,{"d":99999999999999999999}]},"b":1e999}"#, "a"),
      (#"{"é\"":[[1e999]]}"#, "é\""), (#"{"a":"1e999","b":[-1e999]}"#, "b"), (#"[{"a":1e999}]"#, nil),
      ("1e999", nil),
      (#"{"\u0061":1e999}"#, "a"),
    ] as [(String, String?)])
  func `a number out of range is named by the member it stands under`(_ text: String, _ member: String?) {
    #expect(error(text) == .numberOutOfRange(member: member))
  }

  @Test(arguments: [#"{"a":1e999,"b":01}"#, #"[1e999,1.]"#, "[1e999,-]"])
  func `a number that is none counts before one that is too large`(_ text: String) {
    #expect(error(text) == .malformed)
  }

  @Test func `a repeated key is refused at any depth and in objects of any size`() {
    for size in [0, 1, 5, 22, 23, 24, 25, 40, 1000] {
      let others = (0..<size).map { #""k\#($0)":{"x":[1,{"y":2}]}"# }
      let twice = "{" + ([#""twice":1"#] + others + [#""tw\u0069ce":2"#]).joined(separator: ",") + "}"
      #expect(error(twice) == .duplicateKey("twice"))
      for depth in [1, 2, 59] {
        let open = String(repeating: "[", count: depth)
        let close = String(repeating: "]", count: depth)
        #expect(
          error(#"{"a":\#(open)1\#(close),"b":\#(open.dropLast())\#(twice)\#(close.dropLast())}"#)
            == .duplicateKey("twice"))
      }
      let once =
        "{" + ([#""twice":{"twice":1}"#] + others + [#""Twice":2"#, #""twice ":3"#]).joined(separator: ",")
        + "}"
      #expect(error(once) == nil)
    }
    #expect(error(#"{"":1,"":2}"#) == .duplicateKey(""))
  }

  @Test func `names that only look alike are different, in small objects as in large ones`() {
    for size in [0, 40] {
      let others = (0..<size).map { #","k\#($0)":1"# }.joined()
      #expect(error(#"{"\#u{e9}":1,"e\#u{301}":2\#(others)}"#) == nil)
      #expect(error(#"{"\#u{e9}":1,"\u00e9":2\#(others)}"#) == .duplicateKey("\u{e9}"))
    }
  }

  @Test(arguments: 1...20) func `random damage never crashes and is refused when Foundation refuses it`(
    _ seed: UInt64
  ) {
    var numbers = SeededNumbers(seed: seed)
    let bytes = Array(#"{}[]":,\0123456789eE+-.tfnu \#n/ax\#u{7f}é€😀"#.utf8)
    for _ in 0..<300 {
      var text = Array(RandomDocument(&numbers, depth: 3).text(&numbers).utf8)
      for _ in 0..<Int.random(in: 1...3, using: &numbers) {
        let position = Int.random(in: 0...text.count, using: &numbers)
        switch Int.random(in: 0..<3, using: &numbers) {
        case 0: text.insert(bytes.randomElement(using: &numbers)!, at: position)
        case 1 where position < text.count: text.remove(at: position)
        default: if position < text.count { text[position] = bytes.randomElement(using: &numbers)! }
        }
      }
      compare(text)
    }
  }

  @Test(arguments: 1...10) func `random bytes never crash and are refused when Foundation refuses them`(
    _ seed: UInt64
  ) {
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<500 {
      let count = Int.random(in: 0..<200, using: &numbers)
      compare((0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) })
    }
  }

  /// Compares the verdict with Foundation's where the two are meant to agree.
  private func compare(_ text: [UInt8]) {
    guard String(validating: text, as: UTF8.self) != nil else {
      #expect(error(text) != nil)
      return
    }
    // Depth, range, and repeated keys are limits of our own.
    switch error(text) {
    case .tooDeep, .numberOutOfRange, .duplicateKey: return
    case let verdict:
      let reference = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
      #expect((verdict == nil) == (reference != nil), "\(String(decoding: text, as: UTF8.self))")
    }
  }
}
