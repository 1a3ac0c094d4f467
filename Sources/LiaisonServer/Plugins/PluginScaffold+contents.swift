extension PluginScaffold {
  /// The files by their paths.
  var contents: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("README.md", readme), (".gitignore", ".build/\nliaison-data/\n"),
      ("Sources/\(module)/\(module).swift", plugin), ("Sources/\(module)/Entry.swift", entry),
      ("Tests/\(module)Tests/\(module)Tests.swift", tests),
    ]
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]
    // Liaison's sources on this machine.
    let liaison = "\(sources)"

    let package = Package(
      name: "\(name)",
      products: [.library(name: "\(module)", type: .dynamic, targets: ["\(module)"])],
      dependencies: [
        .package(name: "LiaisonKit", path: liaison + "/Sources/Kit"),
        .package(name: "liaison", path: liaison),
      ],
      targets: [
        .target(
          name: "\(module)",
          dependencies: [
            .product(name: "LiaisonKit", package: "LiaisonKit"),
            .product(name: "LiaisonPluginNote", package: "LiaisonKit"),
          ],
          swiftSettings: settings),
        .testTarget(
          name: "\(module)Tests",
          dependencies: ["\(module)", .product(name: "LiaisonTesting", package: "liaison")],
          swiftSettings: settings),
      ],
      swiftLanguageModes: [.v6]
    )

    """
  }

  private var plugin: String {
    """
    import ContextModel
    public import LiaisonKit

    /// Puts a header into every answer. Its README says how it is configured.
    public struct \(module): Plugin, TwoWayMiddleware {
      /// `\(name)`
      public static let name = "\(name)"
      /// Semantic version.
      public static let version = "1.0.0"

      private let text: String
      private let calls: Counter

      /// Reads the configuration.
      public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
        text = try configuration.string("text") ?? "hello"
        calls = context.metrics.counter(
          "liaison_\(word)_calls_total", help: "Calls that \(name) saw.")
      }

      /// Lets every call pass. A stage that has to wait for something is a `Middleware` with a `handle`.
      public func admit(_ call: Call) throws -> Bool {
        calls.add()
        return true
      }

      /// Marks the answer. An error goes on to the client as it is.
      public func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply {
        var reply = try outcome.get()
        reply.headers.append(ReplyHeader("X-\(module)", text))
        return reply
      }
    }

    """
  }

  private var entry: String {
    """
    import LiaisonKit

    /// What the server asks the library for.
    @_cdecl("liaison_plugin")
    public func liaisonPlugin() -> UnsafeMutableRawPointer { PluginExport.pointer(to: \(module).self) }

    """
  }

  private var tests: String {
    """
    import \(module)
    import LiaisonTesting
    import Testing

    @Suite struct \(module)Tests {
      let server = TestedServer(
        plugins: [\(module).self],
        configuration: \"""
          { plugins: { "\(name)": { text: "here" } } }
          \""")

      // `.live` in place of `.pipeline` makes the same calls over a port, `.at("http://…")` to a server that runs already.
      @Test func everyAnswerIsMarked() async throws {
        try await server.test(.pipeline) { client in
          let started = try await client.post("/services/start", #"{ "contact_key": "+15550100" }"#)
          #expect(started.status == 201)
          #expect(started.headers["X-\(module)"] == "here")
          #expect(try await client.metric("liaison_\(word)_calls_total") == 1)
        }
      }
    }

    """
  }

  /// As in the names of metrics: `center_stamp`.
  private var word: String { name.withUnderscores }

  private var readme: String {
    """
    # \(name)
    ## Name
    *\(name)* – puts a header into every answer.

    ## Description
    Every answer to a call that reaches this stage carries the header `X-\(module)`. An error of a later stage does
    not: it is thrown past this one.

    ## Configuration
    In the section `plugins.\(name)`:

    | option | default | meaning |
    |---|---|---|
    | `text` | `"hello"` | the header's value |

    ## Examples
    Build it, and let the server say whether it can load it:
    ```sh
    swift test
    swift build -c release                     # .build/release/lib\(module).so
    liaison plugin check .build/release/lib\(module).so
    ```
    Write `liaison.json5` into this folder:
    ```json5
    { libraries: ["./.build/release/lib\(module).so"],
      pipeline: ["authentication", "\(name)", "business-attributes", "extension-schemas", "persistence"],
      plugins: { "\(name)": { text: "hello" } } }
    ```
    Check it, and start the server:
    ```sh
    liaison check --config liaison.json5
    liaison serve --config liaison.json5
    curl -i http://127.0.0.1:8080/server/status    # in another terminal: X-\(module): hello
    ```
    A server of your own with the plugin built in needs no library: its `main.swift` imports `LiaisonServer` and `\(module)`, and is
    `await LiaisonCommand.run(plugins: [\(module).self])`.

    ## Metrics
    | name | meaning |
    |---|---|
    | `liaison_\(word)_calls_total` | calls that reached the stage |

    """
  }
}
