import ContextModel
import LiaisonKit
import Testing

@testable import Authentication

@Suite struct FailureTests {
  private static let slow = #""failures": { "free": 3, "delay": "400ms", "max-delay": "1s" }"#

  private func fail(_ door: Door, _ count: Int, peer: String = "192.0.2.1") async {
    for number in 0..<count {
      #expect(await door.status(Door.basic("desktop", "\(number)"), peer: peer) == 401)
    }
  }

  @Test func `after the free failures an attempt waits for its turn, a right one too`() async throws {
    let door = try Door(Self.slow)
    let clock = ContinuousClock()
    await fail(door, 3)
    #expect(door.stage.context.metrics.value("liaison_authentication_delayed_total") == 0)
    let first = await clock.measure { #expect(await door.status(Door.desktop) == 200) }
    #expect(first >= .milliseconds(390))
    #expect(door.stage.context.metrics.value("liaison_authentication_delayed_total") == 1)
    #expect(door.stage.context.metrics.value("liaison_authentication_failures_total") == 3)
  }

  @Test func `remembered credentials, right keys and other addresses do not wait`() async throws {
    let door = try Door(Self.slow)
    #expect(await door.status(Door.desktop) == 200)
    await fail(door, 3)
    #expect(await door.status(Door.desktop) == 200)
    #expect(await door.status("Bearer ivr-key-1") == 200)
    #expect(await door.status(Door.basic("björn", "päss:wörd"), role: .schema, peer: "192.0.2.2") == 200)
    #expect(door.stage.context.metrics.value("liaison_authentication_delayed_total") == 0)
  }

  @Test func `an attempt whose turn is too far away is answered 429 without a check`() async throws {
    let door = try Door(#""failures": { "free": 1, "delay": "2s", "max-delay": "2s" }"#)
    await fail(door, 1)
    async let waiting = door.status(Door.desktop)
    await eventually("the attempt waits for its turn") {
      door.stage.context.metrics.value("liaison_authentication_delayed_total") == 1
    }
    let error = try #require(await door.stage.refusal(of: .make(authorization: Door.desktop)))
    #expect(error.status == 429 && error.code == "too_many_attempts")
    #expect((3...4).contains(error.retryAfter ?? 0))
    #expect(door.checks == 1)
    _ = await waiting
  }

  @Test func `each failure doubles the distance between attempts up to the longest`() {
    var options = FailureThrottle.Options()
    options.free = 2
    options.delay = .milliseconds(1000)
    options.longestDelay = .milliseconds(5000)
    let throttle = FailureThrottle(options)
    func wait(_ network: ClientNetwork) -> Int64? {
      if case .later(let milliseconds) = throttle.turn(of: network) { milliseconds } else { nil }
    }
    let expected: [Int64?] = [nil, nil, 1000, 2000, 4000, 5000, 5000]
    for failures in expected.indices {
      // A network of its own for each number of failures, so that no turn waits for another.
      let network = ClientNetwork.address(UInt32(failures))
      for _ in 0..<failures { _ = throttle.recordFailure(of: network) }
      #expect(wait(network) == expected[failures])
    }
    for _ in 0..<10_000 { _ = throttle.recordFailure(of: .address(99)) }
    #expect(wait(.address(99)) == 5000)
  }

  @Test func `a network is forgotten after its time`() async {
    var options = FailureThrottle.Options()
    options.free = 1
    options.memory = .milliseconds(40)
    let throttle = FailureThrottle(options)
    #expect(throttle.recordFailure(of: .address(1)))
    #expect(throttle.isSlowed(.address(1)))
    await eventually("the network is forgotten") { !throttle.isSlowed(.address(1)) }
  }

  @Test func `a burst of guesses gets no more hashes than the free failures and the threads`() async throws {
    let door = try Door(#""failures": { "free": 4, "delay": "30s", "max-delay": "1s" }"#, threads: 1)
    let thread = await HeldThread(of: door.stage.context.blocking)
    let start = ContinuousClock.now
    await withTaskGroup(of: Int.self) { group in
      for number in 0..<60 { group.addTask { await door.status(Door.basic("desktop", "guess \(number)")) } }
      await eventually("the key is good") { await door.status("Bearer ivr-key-1") == 200 }
      await thread.letGo()
      for await status in group { #expect(status == 401 || status == 429) }
    }
    // From then on there is a turn each second.
    let turns = Int((ContinuousClock.now - start) / .seconds(1)) + 1
    #expect((4...4 + turns).contains(door.checks))
  }

  @Test func `wrong keys are slowed as well`() async throws {
    let door = try Door(Self.slow)
    for _ in 0..<3 { #expect(await door.status("Bearer x") == 401) }
    let time = await ContinuousClock().measure { #expect(await door.status("Bearer y") == 401) }
    #expect(time >= .milliseconds(390))
  }

  @Test func `calls without credentials are not failures`() async throws {
    let door = try Door(Self.slow)
    for _ in 0..<20 { #expect(await door.status(nil) == 401) }
    #expect(door.stage.context.metrics.value("liaison_authentication_failures_total") == 0)
    #expect(await door.status(Door.desktop) == 200)
    #expect(door.stage.context.metrics.value("liaison_authentication_delayed_total") == 0)
  }

  @Test func `no more calls wait than allowed`() async throws {
    let door = try Door(#""failures": { "max-waiting": 5 }"#, threads: 1)
    let thread = await HeldThread(of: door.stage.context.blocking)
    await withTaskGroup(of: Int.self) { group in
      for number in 0..<20 { group.addTask { await door.status(Door.desktop, peer: "192.0.2.\(number)") } }
      var refused = 0
      var passed = 0
      for await status in group {
        if status == 503 { refused += 1 } else if status == 200 { passed += 1 }
        if refused == 15 && passed == 0 { await thread.letGo() }
      }
      #expect(refused == 15 && passed == 5)
    }
  }

  @Test func `addresses of one IPv6 network are one, and mapped IPv4 addresses are IPv4`() {
    #expect(ClientNetwork("2001:db8:1:2::1") == ClientNetwork("2001:db8:1:2:ffff::9"))
    #expect(ClientNetwork("2001:db8:1:2::1") != ClientNetwork("2001:db8:1:3::1"))
    #expect(ClientNetwork("::ffff:192.0.2.7") == ClientNetwork("192.0.2.7"))
    #expect(ClientNetwork("192.0.2.7") != ClientNetwork("192.0.2.8"))
    #expect(ClientNetwork("unix") == .other("unix"))
  }

  @Test func `a flood of addresses does not grow the table`() {
    var table = RecentTable<Int, Int>(limit: 100)
    for key in 0..<10_000 {
      table[key] = key
      #expect(table.count <= 100)
    }
    #expect(table[9_999] == 9_999 && table[0] == nil)
    table[9_999] = nil
    #expect(table[9_999] == nil)
  }
}
