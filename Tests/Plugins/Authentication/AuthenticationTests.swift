import ContextModel
import LiaisonKit
import Testing

@testable import Authentication

@Suite struct AuthenticationTests {
  @Test func `without users and keys everybody is let through as nobody`() async throws {
    let stage = try Stage(AuthenticationPlugin.self)
    let call = Call.make(role: .schema)
    try await stage.handle(call)
    #expect(stage.last.count == 1 && call.principal == nil)
    #expect(!stage.plugin.authenticates)
  }

  @Test func `users or keys make the plugin authenticate, also a file without users`() async throws {
    #expect(try Door().stage.plugin.authenticates)
    let door = try Door(users: "")
    #expect(door.stage.plugin.authenticates)
    #expect(await door.status(Door.desktop) == 401)
    let keys = try Stage(AuthenticationPlugin.self, #"{ "keys": \#(Door.keys) }"#)
    #expect(keys.plugin.authenticates)
    #expect(await keys.refusal(of: .make(authorization: Door.desktop))?.status == 401)
  }

  @Test func `operations that need no role need no credentials`() async throws {
    let door = try Door()
    #expect(await door.status(nil, role: nil) == 200)
    #expect(await door.status("Bearer wrong", role: nil) == 200)
    #expect(door.stage.last.count == 2)
  }

  @Test func `a right password makes its user the principal`() async throws {
    let door = try Door()
    let call = Call.make(authorization: Door.desktop)
    try await door.stage.handle(call)
    #expect(call.principal?.name == "desktop" && call.principal?.roles == [.read, .write])
    #expect(door.stage.last.count == 1)
  }

  @Test func `names and passwords are UTF-8, and a password may have colons`() async throws {
    let door = try Door()
    #expect(await door.status(Door.basic("björn", "päss:wörd"), role: .schema) == 200)
    #expect(await door.status(Door.basic("bjo\u{308}rn", "päss:wörd"), role: .schema) == 401)
  }

  @Test(arguments: [
    nil, "Basic", "Basic ", "Basic ====", "Basic YQ", "Basic a", "Basic ZGVza3RvcA==", "Basic \u{0}",
    "Digest x=y",
    "Bearer", "Bearer ", "Bearer ivr-key-3", "Bearer ivr-key-1x", "ivr-key-1",
    "Basic" + Door.desktop.dropFirst(6),
    Door.basic("desktop", "correct-horsE"), Door.basic("desktop", ""),
    Door.basic("desktop", "correct-horse\u{0}"),
    Door.basic("Desktop", "correct-horse"), Door.basic("stranger", "correct-horse"), Door.basic("", ""),
  ])
  func `anything but a right credential is answered 401 with both challenges`(_ authorization: String?)
    async throws
  {
    let door = try Door(#""realm": "Center 7""#)
    let error = try #require(await door.stage.refusal(of: .make(authorization: authorization)))
    #expect(error.status == 401 && error.code == "unauthorized")
    #expect(
      error.headers == [
        ReplyHeader("WWW-Authenticate", #"Basic realm="Center 7", charset="UTF-8""#),
        ReplyHeader("WWW-Authenticate", #"Bearer realm="Center 7""#),
      ])
    #expect(door.stage.last.count == 0)
  }

  @Test func `the answer to an unknown user is that to a wrong password`() async throws {
    let door = try Door()
    let unknown = await door.stage.refusal(of: .make(authorization: Door.basic("stranger", "x")))
    let wrong = await door.stage.refusal(of: .make(authorization: Door.basic("desktop", "x")))
    #expect(unknown != nil && unknown == wrong)
  }

  @Test func `an unknown user costs a hash like a known one`() async throws {
    let door = try Door()
    #expect(await door.status(Door.basic("stranger", "x")) == 401)
    #expect(door.checks == 1)
    let empty = try Door(users: "")
    #expect(await empty.status(Door.basic("stranger", "x")) == 401)
    #expect(empty.checks == 1)
  }

  @Test func `a key is known by its digest, and schemes are compared without case`() async throws {
    let door = try Door()
    for authorization in ["Bearer ivr-key-1", "bearer ivr-key-1", "BEARER   ivr-key-1  "] {
      let call = Call.make(authorization: authorization)
      try await door.stage.handle(call)
      #expect(call.principal?.name == "ivr" && call.principal?.roles == [.read, .write])
    }
    #expect(await door.status("bAsIc" + Door.desktop.dropFirst(5)) == 200)
  }

  @Test func `403 says which role is missing`() async throws {
    let door = try Door()
    let key = try #require(
      await door.stage.refusal(
        of: .make(.createServiceExtensionSchema, role: .schema, authorization: "Bearer ivr-key-1")))
    #expect(key.status == 403 && key.code == "forbidden" && key.allowed == ["schema"])
    #expect(key.message == "create-service-extension-schema needs the role schema; ivr has read, write.")
    let user = try #require(await door.stage.refusal(of: .make(authorization: Door.basic("idle", "secret"))))
    #expect(user.status == 403)
    #expect(user.message == "query-service-by-id needs the role read; idle has no role.")
    #expect(door.stage.last.count == 0)
  }

  @Test func `an administrator may do everything`() async throws {
    let door = try Door()
    for role in [Roles.read, .write, .schema, .administrator] {
      #expect(await door.status("Bearer ivr-key-2", role: role) == 200)
    }
    #expect(await door.status("Bearer ivr-key-1", role: .administrator) == 403)
  }

  @Test func `hashes of all three spellings of bcrypt are accepted`() async throws {
    for spelling in ["$2a$", "$2b$", "$2y$"] {
      let door = try Door(users: "desktop:" + Door.desktopHash.replacing("$2y$", with: spelling) + "\r\n")
      #expect(await door.status(Door.desktop) == 200)
    }
  }

  @Test func `digests are those of SHA-256`() {
    let digest = Array("abc".utf8).withUnsafeBufferPointer { SHA256Digest(of: $0) }
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(digest == SHA256Digest(hexadecimal: known))
    #expect(digest.equality(with: digest) == 1)
    for position in 0..<64 {
      let start = known.index(known.startIndex, offsetBy: position)
      let other = known.replacingCharacters(in: start...start, with: known[start] == "0" ? "1" : "0")
      #expect(SHA256Digest(hexadecimal: other)?.equality(with: digest) == 0)
    }
    #expect(SHA256Digest(hexadecimal: String(known.dropLast())) == nil)
    #expect(SHA256Digest(hexadecimal: known.replacing("b", with: "g")) == nil)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: ClosedRange<Index>, with text: String) -> String {
    var copy = self
    copy.replaceSubrange(range, with: text)
    return copy
  }
}
