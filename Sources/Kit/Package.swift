// swift-tools-version: 6.2
// The kit is a package of its own so that the server, built-in plugins and loaded plugins share one copy of it:
// inside one package SwiftPM would link a dynamic product's targets statically into the executable as well.
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "LiaisonKit",
  products: [
    .library(name: "LiaisonKit", type: .dynamic, targets: ["JSON", "ContextModel", "LiaisonKit"])
  ],
  targets: [
    .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "JSON", dependencies: ["CSimdjson"], swiftSettings: settings),
    .target(name: "ContextModel", dependencies: ["JSON"], swiftSettings: settings),
    .target(name: "LiaisonKit", dependencies: ["ContextModel", "JSON"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
