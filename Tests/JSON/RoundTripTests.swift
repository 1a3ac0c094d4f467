import JSON
import Testing
import TestSupport

@Suite struct RoundTripTests {
  private let parser = JSONParser()

  private func parse(_ text: String) throws -> JSONValue { try parser.parse(Array(text.utf8)).root }

  @Test(arguments: 1...20) func `what is read is what was meant, and what is written reads back the same`(
    _ seed: UInt64
  ) throws {
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<200 {
      let meant = RandomDocument(&numbers, depth: 5)
      let value = try parse(meant.text(&numbers))
      #expect(RandomDocument(value) == meant)
      let written = value.text
      let again = try parser.parse(written).root
      #expect(RandomDocument(again) == meant)
      #expect(again.text == written)
    }
  }

  @Test func `documents stay as they are while their parser parses others`() throws {
    var numbers = SeededNumbers(seed: 99)
    var kept: [(meant: RandomDocument, value: JSONValue)] = []
    for round in 0..<2000 {
      let meant = RandomDocument(&numbers, depth: 4)
      let value = try parse(meant.text(&numbers))
      if round % 3 == 0 { kept.append((meant, value)) }
      if kept.count > 50 { kept.remove(at: Int.random(in: 0..<50, using: &numbers)) }
    }
    for (meant, value) in kept { #expect(RandomDocument(value) == meant) }
  }

  @Test func `one parser serves several threads`() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 1...4 {
        group.addTask { [parser] in
          var numbers = SeededNumbers(seed: UInt64(seed))
          for _ in 0..<300 {
            let meant = RandomDocument(&numbers, depth: 4)
            let value = try parser.parse(Array(meant.text(&numbers).utf8)).root
            #expect(RandomDocument(value) == meant)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `members are found by their exact names and keep their order`() throws {
    let value = try parse(#"{"b":1,"a":{"b":2},"":3,"\#u{e9}":4,"e\#u{301}":5}"#)
    #expect(value["b"]?.int64 == 1 && value["a"]?["b"]?.int64 == 2 && value[""]?.int64 == 3)
    #expect(value["\u{e9}"]?.int64 == 4 && value["e\u{301}"]?.int64 == 5)
    #expect(value["c"] == nil && value["A"] == nil && value["b"]?["x"] == nil)
    #expect(value.members.map { $0.name.utf8.count } == [1, 1, 0, 2, 3])
  }

  @Test func `values answer only what they are`() throws {
    let values = try parse(#"[{}, [], "s", 1, 1.5, true, null, 9223372036854775808, 1e2]"#).elements.map {
      $0
    }
    #expect(
      values.map(\.kind) == [.object, .array, .string, .integer, .double, .boolean, .null, .integer, .double])
    #expect(values.map(\.int64) == [nil, nil, nil, 1, nil, nil, nil, nil, nil])
    #expect(values.map(\.double) == [nil, nil, nil, 1, 1.5, nil, nil, 9223372036854775808, 100])
    #expect(values.map(\.bool) == [nil, nil, nil, nil, nil, true, nil, nil, nil])
    #expect(values.map(\.string) == [nil, nil, "s", nil, nil, nil, nil, nil, nil])
    #expect(values.map(\.isNull) == [false, false, false, false, false, false, true, false, false])
    #expect(String(decoding: values[7].text, as: UTF8.self) == "9223372036854775808")
  }
}
