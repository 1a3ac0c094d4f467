import FoundationEssentials
import Testing

@testable import LiaisonServer

struct JSON5FaultTests {
  @Test(
    arguments: [
      ("{\n  a: 1,,\n}", "line 2, column 8: \",\" where a field's name or \"}\" must stand"),
      ("{\n  listen: 80\n  tls: {}\n}", "line 3, column 3: \"t\" where \",\" or \"}\" must stand"),
      ("{ a: }", "line 1, column 6: \"}\" where a value must stand"),
      ("{ a: [1, 2 }", "line 1, column 12: \"}\" where \",\" or \"]\" must stand"),
      ("{ a: 'b }\n", "line 1, column 6: a text that has no end in its line"),
      ("{ a: yes }", "line 1, column 6: \"yes\" is no value: texts stand in quotes"),
      ("{ a: 10s }", "line 1, column 6: \"10s\" is no number"),
      ("{ a: 010 }", "line 1, column 6: \"010\" is no number: a 0 before its digits"),
      ("{ a: 'C:\\data' }", "line 1, column 9: \"\\d\" is no escape: a backslash itself is written twice"),
      ("{ a: 1 /* b }", "line 1, column 8: a comment that has no end"),
      ("{ a b }", "line 1, column 5: \"b\" where \":\" must stand"),
      ("{} {}", "line 1, column 4: \"{\" where the end of the file must stand"),
      ("{ a: 1", "line 1, column 7: the end of the file where \",\" or \"}\" must stand"),
      ("", "line 1, column 1: the end of the file where a value must stand"),
    ])
  func `it says where a configuration is wrong, and what`(_ text: String, _ fault: String) {
    #expect(JSON5Fault(in: text)?.description == fault)
  }

  @Test func `it finds a fault in whatever the decoder refuses`() {
    let good = """
      // comment
      {
        listen: ['127.0.0.1:80', "a\\"b"], /* another */
        "store": { durability: 'full', max: 0x1F, ratio: -.5, none: null, },
        a_b: [true, false, [], {}, +1, 2.5e3, [1, 2,],],
      }
      """
    #expect(JSON5Fault(in: good) == nil)
    #expect(throws: Never.self) { try ConfigurationFile.parse(Data(good.utf8), "it") }
    var random = SystemRandomNumberGenerator()
    let characters = Array(good)
    let others = Array("{}[],:'\"/*1ae.\n \\-")
    for _ in 0..<20_000 {
      var text = characters
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let place = Int.random(in: text.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text.remove(at: place)
        case 1: text.insert(others.randomElement(using: &random) ?? ",", at: place)
        default: text.removeLast(text.count - max(place, 1))
        }
        if text.isEmpty { text = ["{"] }
      }
      let mutant = String(text)
      do {
        _ = try ConfigurationFile.parse(Data(mutant.utf8), "it")
      } catch {
        #expect("\(error)".contains("line ") || "\(error)".contains("must hold an object"), "\(mutant)")
      }
    }
  }
}
