extension PluginScaffold {
  /// The files by their paths.
  var contents: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("README.md", readme), (".gitignore", ".build/\n"),
      ("Sources/\(module)/\(module).swift", plugin), ("Sources/\(module)/Entry.swift", entry),
      ("Tests/\(module)Tests/\(module)Tests.swift", tests),
    ]
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]
    let kit = "\(kit)"

    let package = Package(
      name: "\(name)",
      products: [.library(name: "\(module)", type: .dynamic, targets: ["\(module)"])],
      dependencies: [.package(name: "LiaisonKit", path: kit)],
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
          dependencies: ["\(module)", .product(name: "LiaisonKit", package: "LiaisonKit")],
          swiftSettings: settings),
      ],
      swiftLanguageModes: [.v6]
    )

    """
  }

  private var plugin: String {
    """
    public import LiaisonKit
    import ContextModel

    /// Puts a header into every answer. Its README says how it is configured.
    public struct \(module): Plugin, Middleware {
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
          "liaison_\(name.replacing("-", with: "_"))_calls_total", help: "Calls that \(name) saw.")
      }

      /// Passes the call on and marks the answer.
      public func handle(_ call: Call, next: Next) async throws -> Reply {
        calls.add()
        var reply = try await next(call)
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
    import ContextModel
    import LiaisonKit
    import Testing
    import \(module)

    @Suite struct \(module)Tests {
      struct LastStage: Middleware {
        func handle(_ call: Call, next: Next) async throws -> Reply { Reply(status: 200) }
      }

      @Test func everyAnswerIsMarked() async throws {
        let section = ConfigurationSection(path: "plugins.\(name)", values: ["text": .string("here")])
        let context = PluginContext(
          log: Log(level: .error), metrics: MetricsRegistry(), schemas: SchemaRegistry(),
          blocking: BlockingPool(), directory: ".")
        let plugin = try \(module)(section, context)
        let call = Call(
          operation: .queryService, requiredRole: nil, requestNumber: 1, peer: "192.0.2.1",
          receivedAt: Timestamp(milliseconds: 0), headers: CallHeaders())
        let reply = try await Next(stages: [plugin.middleware, LastStage()])(call)
        #expect(reply.headers == [ReplyHeader("X-\(module)", "here")])
      }
    }

    """
  }

  private var readme: String {
    """
    # \(name)
    ## Name
    *\(name)* – puts a header into every answer.

    ## Description
    Every answer to a call that gets this far carries `X-\(module)`.

    ## Configuration
    In the section `plugins.\(name)`:

    | option | default | meaning |
    |---|---|---|
    | `text` | `"hello"` | the header's value |

    ## Examples
    ```sh
    swift test
    swift build -c release                     # .build/release/lib\(module).so
    liaison plugin check .build/release/lib\(module).so
    liaison serve --config liaison.json5
    ```
    ```json5
    { libraries: ["./.build/release/lib\(module).so"],
      pipeline: ["authentication", "\(name)", "business-attributes", "extension-schemas", "persistence"],
      plugins: { "\(name)": { text: "hello" } } }
    ```
    A server of your own with the plugin built in needs no library: its `main` is
    `await LiaisonCommand.run(plugins: [\(module).self])`.

    ## Metrics
    | name | meaning |
    |---|---|
    | `liaison_\(name.replacing("-", with: "_"))_calls_total` | calls that came through |

    """
  }
}
