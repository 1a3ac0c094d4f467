import LiaisonKit
import Testing

@testable import Authentication

@Suite struct AuthenticationConfigurationTests {
  @Test(arguments: [
    (#"{ "htpaswd": "x" }"#, "htpaswd"), (#"{ "htpasswd": 5 }"#, "htpasswd"),
    (#"{ "htpasswd": "" }"#, "htpasswd"),
    (#"{ "htpasswd": "/no/such/file" }"#, "htpasswd"), (#"{ "htpasswd": "/tmp" }"#, "htpasswd"),
    (#"{ "roles": { "a": ["read"] } }"#, "roles"), (#"{ "roles": [] }"#, "roles"),
    (#"{ "roles": { "a": ["reed"] } }"#, "roles.a"), (#"{ "roles": { "a": "read" } }"#, "roles.a"),
    (#"{ "realm": "" }"#, "realm"), (#"{ "realm": "a\"b" }"#, "realm"), (#"{ "realm": "ä" }"#, "realm"),
    (#"{ "remember": 5 }"#, "remember"), (#"{ "remember": "5" }"#, "remember"),
    (#"{ "max-remembered": 1 }"#, "max-remembered"), (#"{ "failures": 5 }"#, "failures"),
    (#"{ "failures": { "free": 0 } }"#, "failures.free"),
    (#"{ "failures": { "delay": "1" } }"#, "failures.delay"),
    (#"{ "failures": { "max-delay": 1 } }"#, "failures.max-delay"),
    (#"{ "failures": { "memory": 1 } }"#, "failures.memory"),
    (#"{ "failures": { "max-waiting": 0 } }"#, "failures.max-waiting"),
    (#"{ "failures": { "max-addresses": 0 } }"#, "failures.max-addresses"),
    (#"{ "failures": { "max-addreses": 5 } }"#, "failures.max-addreses"),
    (#"{ "keys": {} }"#, "keys"), (#"{ "keys": [5] }"#, "keys[0]"), (#"{ "keys": [{}] }"#, "keys[0].name"),
    (#"{ "keys": [{ "name": "" }] }"#, "keys[0].name"), (#"{ "keys": [{ "name": "a" }] }"#, "keys[0].sha256"),
    (#"{ "keys": [{ "name": "a", "sha256": "abc" }] }"#, "keys[0].sha256"),
    (key("a", "x"), "keys[0].sha256"), (key("a", "0", #""reed""#), "keys[0].roles"),
    (#"{ "keys": [\#(one("a", "0")), \#(one("a", "1"))] }"#, "keys[1].name"),
    (#"{ "keys": [\#(one("a", "0")), \#(one("b", "0"))] }"#, "keys[1].sha256"),
    (#"{ "keys": [{ "secret": 1, \#(one("a", "0").dropFirst())] }"#, "keys[0].secret"),
  ])
  func `a bad value stops the start and is named`(_ configuration: String, _ name: String) {
    #expect(
      configurationError(AuthenticationPlugin.self, configuration)?.key == "plugins.authentication.\(name)")
  }

  static func one(_ name: String, _ digit: String, _ roles: String = #""read""#) -> String {
    #"{ "name": "\#(name)", "sha256": "\#(String(repeating: digit, count: 64))", "roles": [\#(roles)] }"#
  }

  static func key(_ name: String, _ digit: String, _ roles: String = #""read""#) -> String {
    #"{ "keys": [\#(one(name, digit, roles))] }"#
  }

  @Test(arguments: [
    (
      "a:\(Door.desktopHash)\nb:$apr1$x$CxPaAG3bJkZbzKxE1bQnH0",
      "line 2: the hash of user b is no bcrypt hash"
    ),
    ("a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "line 1: the hash of user a is no bcrypt hash"),
    ("a:$6$salt$abc", "line 1: the hash of user a is no bcrypt hash"),
    ("a:plain", "line 1: the hash of user a"),
    ("a:" + Door.desktopHash.dropLast(), "line 1: the hash of user a is no bcrypt hash"),
    ("a:\(Door.desktopHash):x", "line 1: the hash of user a is no bcrypt hash"),
    ("a:" + Door.desktopHash.replacing("$2y$", with: "$2x$"), "line 1: the hash of user a is no bcrypt hash"),
    (
      "a:" + Door.desktopHash.replacing("$04$", with: "$17$"),
      "line 1: the hash of user a has cost 17; allowed are 4 to 16"
    ),
    ("a:" + Door.desktopHash.replacing("$04$", with: "$03$"), "line 1: the hash of user a has cost 3"),
    ("# x\n\na", "line 3: must be name:hash"), (":\(Door.desktopHash)", "line 1: must be name:hash"),
    ("a:\(Door.desktopHash)\na:\(Door.desktopHash)", "line 2: user a is given twice"),
  ])
  func `a wrong htpasswd file is refused with line and user, never the hash`(_ text: String, _ reason: String)
    throws
  {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "users")
    let error = try #require(
      configurationError(
        AuthenticationPlugin.self, #"{ "htpasswd": "users" }"#, .forTests(directory: folder.path)))
    #expect(error.key == "plugins.authentication.htpasswd")
    #expect(error.message.hasPrefix("\(folder.path)/users, \(reason)"))
    #expect(!error.message.contains("$04$"))
  }
}
