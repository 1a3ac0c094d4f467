import Testing

@testable import LiaisonServer

@Suite struct ArgumentsTests {
  @Test func `flags become options`() throws {
    let arguments = try Arguments([
      "serve", "--listen", "127.0.0.1:0", "--redis=off", "--config", "a.json5", "--loops", "2",
    ])
    #expect(arguments.command == .serve)
    #expect(arguments.configurationFile == "a.json5")
    #expect(arguments.flags.map(\.option) == ["listen", "redis.url", "loops"])
    #expect(arguments.flags.map(\.text) == ["127.0.0.1:0", "off", "2"])
  }

  @Test func `help and version are commands`() throws {
    #expect(try Arguments([]).command == .help)
    #expect(try Arguments(["serve", "--help"]).command == .help)
    #expect(try Arguments(["help", "store"]).command == .help)
    #expect(try Arguments(["--version"]).command == .version)
    #expect(try Arguments(["store", "backup", "f", "--data", "d"]).command == .store(.backup(file: "f")))
  }

  @Test(arguments: [
    ["sreve"], ["serve", "--port", "1"], ["serve", "--listen"], ["check"], ["store"], ["store", "backup"],
    ["check", "--config", "a", "--loops", "1"], ["check", "--config="], ["check", "--config", ""],
    ["plugin", "check", "a.so", "--config", "a"], ["plugin", "new", "center-stamp", "--config", "a"],
    ["store", "copy", "--config", "a"],
  ])
  func `anything else is refused`(arguments: [String]) {
    #expect(throws: UsageError.self) { try Arguments(arguments) }
  }

  @Test func `a flag is not taken for the value of the one before`() throws {
    for arguments in [["serve", "--listen", "--data", "d"], ["serve", "--data", "d", "--listen"]] {
      let error = #expect(throws: UsageError.self) { try Arguments(arguments) }
      #expect(error?.description == "--listen needs a value")
    }
    #expect(try Arguments(["serve", "--data=--d"]).text(of: "data") == "--d")
  }

  @Test func `what no command knows is named, with the options that it has`() {
    let error = #expect(throws: UsageError.self) { try Arguments(["store", "backup", "f", "stray=1"]) }
    #expect(error?.description == #"unexpected argument "stray=1"; options here: --config, --data"#)
    let option = #expect(throws: UsageError.self) { try Arguments(["plugin", "check", "a.so", "--data=d"]) }
    #expect(option?.description == #"unknown option "--data"; options here: none"#)
  }

  @Test func `of a flag that is given several times the last one counts`() throws {
    let arguments = try Arguments(["plugin", "new", "center-stamp", "--sources=a", "--sources", "b"])
    #expect(arguments.text(of: "sources") == "b")
  }

  @Test(arguments: ["counter", "plugin", "call", "event-loop", "persistence", "swift", "testing", "kit"])
  func `a new plugin has no name with which its package could not be built`(name: String) throws {
    let error = #expect(throws: UsageError.self) { try Arguments(["plugin", "new", name]) }
    #expect(error?.description.contains("cannot be the name of a new plugin") == true)
    #expect(
      try Arguments(["plugin", "new", "center-\(name)"]).command == .plugin(.new(name: "center-\(name)")))
  }
}
