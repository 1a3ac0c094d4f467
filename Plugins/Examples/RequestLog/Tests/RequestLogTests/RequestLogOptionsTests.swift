import LiaisonKit
import Testing

@testable import RequestLog

@Suite struct RequestLogOptionsTests {
  private func options(_ values: [String: ConfigurationValue]) throws(ConfigurationError) -> RequestLogOptions
  {
    let values = values.merging(["file": .string("requests.log")]) { given, _ in given }
    return try RequestLogOptions(ConfigurationSection(path: "plugins.request-log", values: values))
  }

  @Test(arguments: [2, 10, 100])
  func aSampleStandsForAllCallsAndForBothKindsThatComeInTurn(sample: Int) throws {
    let options = try options(["sample": .integer(Int64(sample))])
    let first = UInt64.random(in: 0...UInt64.max)
    let weights = (0..<100_000).map {
      options.weight(of: first &+ UInt64($0), status: 200, duration: .zero)
    }
    #expect(weights.allSatisfy { $0 == 0 || $0 == sample })
    for kind in 0...1 {
      let sum = weights.enumerated().filter { $0.offset % 2 == kind }.reduce(0) { $0 + $1.element }
      #expect((40_000...60_000).contains(sum))
    }
  }

  @Test func whatFailsOrIsSlowIsAlwaysLoggedAndStandsForItself() throws {
    let options = try options(["sample": .integer(1_000_000), "slow": .string("20ms")])
    for number in 1...100 as ClosedRange<UInt64> {
      #expect(options.weight(of: number, status: 404, duration: .zero) == 1)
      #expect(options.weight(of: number, status: 200, duration: .milliseconds(20)) == 1)
      #expect(options.weight(of: number, status: 200, duration: .milliseconds(19)) == 0)
    }
  }

  @Test func badOptionsAreNamed() {
    for (key, value) in [
      ("sample", .integer(0)), ("skip", .array([.string("dance")])), ("slow", .integer(1)),
      ("file", .string("")), ("buffer", .integer(1)), ("customers", .string("yes")),
    ] as [(String, ConfigurationValue)] {
      let error = #expect(throws: ConfigurationError.self) { _ = try options([key: value]) }
      #expect(error?.key == "plugins.request-log.\(key)")
    }
  }
}
