import ContextModel
import LiaisonKit
import Testing

@testable import Authentication

@Suite struct RememberedCredentialTests {
  private static func digest(_ number: Int) -> SHA256Digest {
    Array("\(number)".utf8).withUnsafeBufferPointer { SHA256Digest(of: $0) }
  }

  @Test func `a verified credential costs no second hash`() async throws {
    let door = try Door()
    for _ in 0..<5 { #expect(await door.status(Door.desktop) == 200) }
    #expect(door.checks == 1)
  }

  @Test func `a wrong credential is never remembered`() async throws {
    let door = try Door()
    for _ in 0..<3 { #expect(await door.status(Door.basic("desktop", "x")) == 401) }
    #expect(door.checks == 3)
  }

  @Test func `simultaneous calls with one credential share one hash`() async throws {
    let door = try Door(threads: 1)
    let thread = await HeldThread(of: door.stage.context.blocking)
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<50 { group.addTask { await door.status(Door.desktop) } }
      await thread.letGo()
      for await status in group { #expect(status == 200) }
    }
    #expect(door.checks == 1)
  }

  @Test func `a call that looked before a check ended, and asks after it, costs no second hash`() async throws
  {
    let door = try Door()
    #expect(await door.status(Door.desktop) == 200)
    let passwords = try #require((door.stage.plugin.middleware as? Authenticator)?.passwords)
    var text = Door.desktop
    text.removeFirst("Basic ".count)
    let (credential, digest) = text.withUTF8 { text in
      (BasicCredential(base64: text), passwords.digest(of: text))
    }
    let principal = try await passwords.principal(of: try #require(credential), digest, from: "192.0.2.1")
    #expect(principal?.name == "desktop")
    #expect(door.checks == 1)
  }

  @Test func `all who wait for a check get what it finds or throws`() async {
    let checks = SharedChecks<Int, Int>()
    let gate = AsyncStream<Void>.makeStream()
    let runs = Counter()
    let check: @Sendable () async throws -> Int = {
      runs.add()
      for await _ in gate.stream {}
      throw CancellationError()
    }
    let errors = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<20 {
        group.addTask { await (try? checks.outcome(of: 1, check)) == nil }
      }
      await eventually("all but one wait") { checks.waiting(for: 1) == 19 }
      #expect(await (try? checks.outcome(of: 2) { 7 }) == 7)
      gate.continuation.finish()
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(errors == 20 && runs.value == 1 && checks.waiting(for: 1) == nil)
  }

  @Test func `no hash is computed on the thread of the call`() async throws {
    let door = try Door(threads: 1)
    let thread = await HeldThread(of: door.stage.context.blocking)
    async let status = door.status(Door.desktop)
    #expect(await door.status("Bearer ivr-key-1") == 200)
    #expect(door.checks == 0)
    await thread.letGo()
    #expect(await status == 200)
    #expect(door.checks == 1)
  }

  @Test func `what is remembered is forgotten after its time`() async throws {
    let door = try Door(#""remember": "30ms""#)
    #expect(await door.status(Door.desktop) == 200)
    await eventually("the password is checked again") {
      await door.status(Door.desktop) == 200 && door.checks >= 2
    }
  }

  @Test func `no more is remembered than allowed, and what is used stays`() {
    let remembered = RememberedCredentials(for: .seconds(60), limit: 10)
    remembered.forgetAll(generation: 1)
    let principal = Principal(name: "x", roles: .read)
    remembered.remember(principal, by: Self.digest(0), generation: 1)
    for number in 1...1000 {
      remembered.remember(principal, by: Self.digest(number), generation: 1)
      #expect(remembered.count <= 10)
      #expect(remembered.principal(of: Self.digest(0)) != nil)
    }
    #expect(remembered.principal(of: Self.digest(500)) == nil)
  }

  @Test func `a check of former users is not remembered`() {
    let remembered = RememberedCredentials(for: .seconds(60), limit: 10)
    let principal = Principal(name: "x", roles: .read)
    remembered.forgetAll(generation: 2)
    remembered.remember(principal, by: Self.digest(1), generation: 1)
    #expect(remembered.principal(of: Self.digest(1)) == nil)
    remembered.remember(principal, by: Self.digest(1), generation: 2)
    #expect(remembered.principal(of: Self.digest(1)) === principal)
  }

  @Test func `a change of the file ends old passwords, remembered ones too, and lets new ones in`()
    async throws
  {
    let door = try Door(#""failures": { "free": 1000000 }"#)
    #expect(await door.status(Door.desktop) == 200)
    try await door.stage.plugin.start()
    let other = "$2y$04$vyZ.jGdwjhqGv/Gnm5s4Te4XcfermK1yaJGwDXvc3ykoO/rod./qS"
    try door.folder.write("desktop:\(other)\n", to: "users.htpasswd")
    await eventually("the old password is refused") { await door.status(Door.desktop) == 401 }
    #expect(await door.status(Door.basic("desktop", "secret")) == 200)
    await door.stage.plugin.stop()
  }

  @Test func `a file that becomes wrong or goes away changes nothing, until it is right again`() async throws
  {
    let door = try Door(#""remember": "0s", "failures": { "free": 1000000 }"#)
    try await door.stage.plugin.start()
    try door.folder.write("desktop:plain\n", to: "users.htpasswd")
    // Longer than the time between two looks, and nothing may happen in it.
    let end = ContinuousClock.now + PasswordFileWatch.interval + .milliseconds(300)
    while ContinuousClock.now < end {
      #expect(await door.status(Door.desktop) == 200)
      try await Task.sleep(for: .milliseconds(20))
    }
    try door.folder.write("idle:\(Door.desktopHash)\n", to: "users.htpasswd")
    await eventually("the old password is refused") { await door.status(Door.desktop) == 401 }
    await door.stage.plugin.stop()
  }
}
