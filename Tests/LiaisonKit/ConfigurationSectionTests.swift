@_spi(Server) import LiaisonKit
import Testing

@Suite struct ConfigurationSectionTests {
  private func section(_ values: [String: ConfigurationValue]) -> ConfigurationSection {
    ConfigurationSection(path: "plugins.x", values: values)
  }

  /// The error that reading throws; `nil` if it throws none.
  private func error(
    _ value: ConfigurationValue, _ read: (ConfigurationSection) throws -> Void
  ) -> ConfigurationError? {
    do {
      try read(section(["key": value]))
      return nil
    } catch {
      return error as? ConfigurationError
    }
  }

  @Test func `what is not given, or null, has its default`() throws {
    for section in [section([:]), section(["key": .null])] {
      #expect(try section.string("key") == nil)
      #expect(try section.choice("key", of: ["a", "b"], default: "b") == "b")
      #expect(try section.integer("key", in: 1...5, default: 3) == 3)
      #expect(try section.bool("key", default: true))
      #expect(try section.duration("key", default: .seconds(7)) == .seconds(7))
      #expect(try section.strings("key") == nil)
      #expect(try section.section("key").keys.isEmpty)
      #expect(try section.sections("key").isEmpty)
      #expect(try section.integer("key", in: 1...5) == nil && section.duration("key") == nil)
      #expect(try section.double("key", in: 0...1) == nil)
      #expect(try section.double("key", in: 0...1, default: 0.5) == 0.5)
      #expect(section.value("key") == nil)
    }
  }

  @Test func `what is given is read`() throws {
    let section = section([
      "string": .string("a"), "integer": .integer(5), "bool": .bool(true),
      "strings": .array([.string("a"), .string("b")]),
      "section": .object(["deep": .integer(1)]), "sections": .array([.object(["deep": .integer(2)])]),
    ])
    #expect(try section.string("string") == "a" && section.choice("string", of: ["a"], default: "x") == "a")
    #expect(
      try section.integer("integer", in: 1...5, default: 1) == 5 && section.bool("bool", default: false))
    #expect(try section.strings("strings") == ["a", "b"])
    #expect(try section.section("section").integer("deep", in: 1...5, default: 0) == 1)
    #expect(try section.sections("sections")[0].integer("deep", in: 1...5, default: 0) == 2)
    #expect(section.keys == ["bool", "integer", "section", "sections", "string", "strings"])
    try section.requireAllRead()
  }

  @Test(
    arguments: [
      ("0ms", .zero), ("50ms", .milliseconds(50)), ("10s", .seconds(10)), ("5m", .seconds(300)),
      ("24h", .seconds(86_400)),
      ("7d", .seconds(604_800)), ("007s", .seconds(7)),
    ] as [(String, Duration)])
  func `durations have a number and a unit`(_ text: String, _ duration: Duration) throws {
    #expect(try section(["key": .string(text)]).duration("key", default: .zero) == duration)
  }

  @Test(arguments: [
    "", "5", "ms", "-5s", "+5s", "5 s", "1.5s", "5S", "5sec", "5w", "99999999999s", "99999999999999999999s",
    "٥s",
  ])
  func `anything else is no duration`(_ text: String) {
    #expect(error(.string(text)) { _ = try $0.duration("key", default: .zero) }?.key == "plugins.x.key")
  }

  @Test func `a value of the wrong type is refused, and the whole key named`() {
    let values: [ConfigurationValue] = [
      .bool(true), .integer(9), .double(1.5), .string("x"), .array([.integer(1)]),
      .object(["a": .integer(1)]),
    ]
    let reads: [(accepts: Int?, read: (ConfigurationSection) throws -> Void)] = [
      (0, { _ = try $0.bool("key", default: false) }),
      (1, { _ = try $0.integer("key", in: 0...9, default: 0) }),
      (3, { _ = try $0.string("key") }),
      (5, { _ = try $0.section("key") }),
      (2, { _ = try $0.double("key", in: 0...2) }),
      (nil, { _ = try $0.duration("key", default: .zero) }),
      (nil, { _ = try $0.strings("key") }),
      (nil, { _ = try $0.sections("key") }),
      (nil, { _ = try $0.choice("key", of: ["a"], default: "a") }),
    ]
    for (accepts, read) in reads {
      for (index, value) in values.enumerated() {
        let error = error(value, read)
        #expect((error == nil) == (index == accepts), "\(value)")
        #expect(error?.key.hasPrefix("plugins.x.key") != false && error?.message.isEmpty != true)
      }
    }
  }

  @Test func `integers are held to their range`() {
    for value: Int64 in [0, 6, -1, .min, .max] {
      let error = error(.integer(value)) { _ = try $0.integer("key", in: 1...5, default: 1) }
      #expect(error?.description == "plugins.x.key: must be an integer from 1 to 5, not \(value)")
    }
  }

  @Test func `whole numbers are numbers too, and all are held to their range`() throws {
    #expect(try section(["key": .integer(2)]).double("key", in: 0...2) == 2)
    #expect(try section(["key": .double(0.25)]).double("key", in: 0...2) == 0.25)
    let error = error(.double(2.5)) { _ = try $0.double("key", in: 0...2) }
    #expect(error?.description == "plugins.x.key: must be a number from 0.0 to 2.0, not 2.5")
  }

  @Test func `an unknown key is named with those that are known`() {
    let section = section(["a": .integer(1), "zz": .null])
    _ = section.value("a")
    #expect(throws: ConfigurationError.self) { try section.requireAllRead() }
    let error = #expect(throws: ConfigurationError.self) { try section.requireAllRead() }
    #expect(error?.key == "plugins.x.zz" && error?.message == "is not a known option; known here: a")
    let empty = #expect(throws: ConfigurationError.self) {
      try self.section(["a": .integer(1)]).requireAllRead()
    }
    #expect(empty?.message == "is not a known option; there is none here")
  }

  @Test func `whoever asks for a section to be read to the end hears of what is left in those inside it`()
    throws
  {
    let values: [String: ConfigurationValue] = ["in": .object(["a": .integer(1), "zz": .integer(2)])]
    let error = #expect(throws: ConfigurationError.self) {
      try section(values).readToTheEnd { section throws(ConfigurationError) in
        try section.section("in").integer("a", in: 1...5)
      }
    }
    #expect(error?.description == "plugins.x.in.zz: is not a known option; known here: a")
    let read = try section(values).readToTheEnd { section throws(ConfigurationError) in
      try section.section("in").integer("zz", in: 1...5) == section.section("in").integer("a", in: 1...5)
    }
    #expect(!read)
    let unread = #expect(throws: ConfigurationError.self) { try section(values).readToTheEnd { _ in } }
    #expect(unread?.description == "plugins.x.in: is not a known option; there is none here")
  }

  @Test func `keys of nested sections are named in full`() throws {
    let outer = ConfigurationSection(
      path: "", values: ["a": .array([.object([:]), .object(["b": .integer(1)])])])
    let inner = try outer.sections("a")[1]
    #expect(inner.name(of: "b") == "a[1].b" && outer.name(of: "a") == "a")
    #expect(inner.error("b", "is wrong").description == "a[1].b: is wrong")
    #expect(ConfigurationError("", "no file").description == "no file")
  }
}
