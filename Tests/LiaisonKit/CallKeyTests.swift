import ContextModel
import LiaisonKit
import Testing

extension CallKey where Value == String {
  fileprivate static let site = CallKey("test.site")
}

extension CallKey where Value == Int {
  fileprivate static let site = CallKey("test.site")
  fileprivate static let score = CallKey("test.score")
}

@Suite struct CallKeyTests {
  private let call = Call.make()

  @Test func `a later stage finds what an earlier one has left, and the answer's way back too`() async throws
  {
    struct Leaves: Middleware {
      func handle(_ call: Call, next: Next) async throws -> Reply {
        call[.site] = "Lisbon"
        let reply = try await next(call)
        return Reply(status: call[.score] == 7 ? 204 : 500, headers: reply.headers)
      }
    }
    struct Finds: Middleware {
      func handle(_ call: Call, next: Next) async throws -> Reply {
        call[.score] = 7
        let site: String? = call[.site]
        return Reply(status: 200, headers: [ReplyHeader("X-Site", site ?? "-")])
      }
    }
    let reply = try await Next(stages: [Leaves(), Finds()])(call)
    #expect(reply.status == 204)
    #expect(reply.headers == [ReplyHeader("X-Site", "Lisbon")])
  }

  @Test func `stages meet under a name and a type`() {
    call[CallKey<String>.site] = "Lisbon"
    #expect(call[CallKey<String>("test.site")] == "Lisbon")
    #expect(call[CallKey<Int>.site] == nil && call[CallKey<String>("test.other")] == nil)
  }

  @Test func `values are changed and removed, however many there are`() {
    let keys = (0..<5).map { CallKey<Int>("test.\($0)") }
    for round in 0..<3 {
      for (index, key) in keys.enumerated() { call[key] = round * 10 + index }
      #expect(keys.map { call[$0] } == (0..<5).map { round * 10 + $0 })
    }
    call[keys[0]] = nil
    call[keys[3]] = nil
    #expect(keys.map { call[$0] } == [nil, 21, 22, nil, 24])
    call[keys[3]] = 1
    call[keys[0]] = 2
    #expect(keys.map { call[$0] } == [2, 21, 22, 1, 24])
  }
}
