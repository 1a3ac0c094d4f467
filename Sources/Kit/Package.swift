// swift-tools-version: 6.2
// The kit is a package of its own so that the server, built-in plugins and loaded plugins share one copy of it:
// inside one package SwiftPM would link a dynamic product's targets statically into the executable as well.
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "LiaisonKit",
  products: [
    .library(name: "LiaisonKit", type: .dynamic, targets: ["JSON", "ContextModel", "LiaisonKit"]),
    // What a loaded plugin links into itself: the note that says what it was built against.
    .library(name: "LiaisonPluginNote", type: .static, targets: ["CPluginNote"]),
  ],
  targets: [
    .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CKitVersion"),
    .target(name: "CPluginNote", dependencies: ["CKitVersion"]),
    .target(name: "JSON", dependencies: ["CSimdjson"], swiftSettings: settings),
    .target(name: "ContextModel", dependencies: ["JSON"], swiftSettings: settings),
    .target(
      name: "LiaisonKit", dependencies: ["ContextModel", "JSON", "CKitVersion"], swiftSettings: settings,
      // The name by which a loaded plugin finds the server's copy.
      linkerSettings: [.unsafeFlags(["-Xlinker", "-soname=libLiaisonKit.so"])]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
