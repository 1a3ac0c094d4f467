import JSON
import Testing

@Suite struct WriterTests {
  private func text(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func `commas stand between members and elements and nowhere else`() {
    let text = text { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.endArray()
      writer.key("b" as String)
      writer.beginArray()
      writer.null()
      writer.bool(true)
      writer.beginObject()
      writer.endObject()
      writer.raw(Array("[1]".utf8))
      writer.endArray()
      writer.key("c")
      writer.double(1.5)
      writer.endObject()
    }
    #expect(text == #"{"a":[],"b":[null,true,{},[1]],"c":1.5}"#)
  }

  @Test func `every character that needs it is escaped, and only those`() throws {
    let all = String(String.UnicodeScalarView((0...0x2FF).compactMap(Unicode.Scalar.init)))
    let written = text { $0.string(all) }
    #expect(written.utf8.allSatisfy { $0 >= 0x20 })
    #expect(written.hasPrefix(#""\u0000\u0001"#) && written.contains("\\t\\n\\u000b\\u000c\\r"))
    #expect(written.contains(##" !\"#"##) && written.contains(#"[\\]"#) && written.contains("\u{7f}\u{80}"))
    #expect(try JSONParser().parse(Array(written.utf8)).root.string == all)
  }

  @Test(arguments: [0, 1, -1, 9, 10, -10, 99, 100, .max, .min, .max - 1, .min + 1] as [Int64])
  func `integers are written in full`(_ value: Int64) {
    #expect(text { $0.integer(value) } == "\(value)")
  }

  @Test(arguments: [
    0.1, -0.0, 1e22, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1.0 / 3, 123456789.125,
  ])
  func `doubles read back as the same double`(_ value: Double) throws {
    let written = text { $0.double(value) }
    #expect(try JSONParser().parse(Array(written.utf8)).root.double?.bitPattern == value.bitPattern)
  }

  @Test func `parsed values are copied into other texts`() throws {
    let value = try JSONParser().parse(Array(#" { "a" : [ 1 , "x\/" ] } "#.utf8)).root
    let text = text { writer in
      writer.beginArray()
      writer.value(value)
      writer.value(value["a"]!)
      writer.endArray()
    }
    #expect(text == #"[{"a":[1,"x/"]},[1,"x/"]]"#)
  }

  @Test func `an unpadded and a padded text are read the same`() throws {
    let text = Array(#"{"a":"bcd"}"#.utf8)
    let padded = text + [UInt8](repeating: UInt8(ascii: "x"), count: JSONParser.padding)
    let root = try padded.withUnsafeBytes { bytes in
      try JSONParser().parse(padded: UnsafeRawBufferPointer(rebasing: bytes[..<text.count])).root
    }
    #expect(root.text == text)
    #expect(try JSONParser().parse(text[...]).root.text == text)
  }
}
