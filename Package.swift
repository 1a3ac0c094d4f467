// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

/// JSON, ContextModel and LiaisonKit, reached only through the kit's one dynamic product (see Sources/Kit).
let kit: Target.Dependency = .product(name: "LiaisonKit", package: "Kit")

/// A library of the distribution: a module map and a header, no logic.
func system(_ name: String, package: String) -> Target {
  .systemLibrary(name: name, path: "Sources/C/\(name)", providers: [.apt([package])])
}

/// A pipeline stage: a folder with its README in Plugins/.
func plugin(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: [kit] + dependencies, path: "Plugins/\(name)", exclude: ["README.md"],
    swiftSettings: settings)
}

/// A layer of the server.
func layer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let package = Package(
  name: "liaison",
  products: [
    .executable(name: "liaison", targets: ["liaison"]),
    .library(name: "LiaisonServer", targets: ["LiaisonServer"]),
  ],
  dependencies: [.package(path: "Sources/Kit")],
  targets: [
    .target(name: "CEpoll", path: "Sources/C/CEpoll"),
    .target(name: "CFileIO", path: "Sources/C/CFileIO"),
    .target(name: "CLLHTTP", path: "Sources/C/CLLHTTP"),
    system("CHiredis", package: "libhiredis-dev"),
    system("CSQLite", package: "libsqlite3-dev"),
    system("CXXHash", package: "libxxhash-dev"),
    system("COpenSSL", package: "libssl-dev"),
    system("CCrypt", package: "libcrypt-dev"),

    layer("EventLoop", ["CEpoll"]),
    layer("HTTP", ["EventLoop", "CLLHTTP", "CEpoll"]),
    layer("ContextAPI", ["HTTP", "EventLoop", kit]),
    layer("ContextStore", ["EventLoop", "CFileIO", "CSQLite", "CXXHash", kit]),
    layer("MappingCache", ["EventLoop", "CHiredis", kit]),

    plugin("Authentication", ["CCrypt", "COpenSSL"]),
    plugin("BusinessAttributes"),
    plugin("ExtensionSchemas"),
    plugin("Persistence", ["ContextStore", "EventLoop", "MappingCache"]),

    .target(
      name: "LiaisonServer",
      dependencies: [
        "EventLoop", "HTTP", "ContextAPI", "ContextStore", "MappingCache", "CEpoll",
        "Authentication", "BusinessAttributes", "ExtensionSchemas", "Persistence", kit,
      ],
      swiftSettings: settings,
      // What one thread allocates another one frees: glibc's allocator spends a quarter of a call's time on that.
      // Debug builds keep to it, for sanitizers bring allocators of their own.
      linkerSettings: [.linkedLibrary("mimalloc", .when(configuration: .release))]),
    .executableTarget(name: "liaison", dependencies: ["LiaisonServer"], swiftSettings: settings),

    .executableTarget(
      name: "AssociationBenchmark", dependencies: ["CEpoll", "CHiredis", "CSQLite"],
      path: "Benchmarks/AssociationBenchmark", swiftSettings: settings),

    tests("EventLoop", ["EventLoop"]),
    tests("HTTP", ["HTTP", "EventLoop", "CEpoll"]),
    tests("JSON", [kit]),
    tests("ContextModel", [kit]),
    tests("LiaisonKit", [kit]),
    tests("ContextAPI", ["ContextAPI", kit]),
    tests("ContextStore", ["ContextStore", "EventLoop", "CSQLite", kit]),
    tests("MappingCache", ["MappingCache", "EventLoop", kit]),
    tests("Plugins", ["Authentication", "BusinessAttributes", "ExtensionSchemas", kit]),
    tests("LiaisonServer", ["LiaisonServer", "ContextStore", "EventLoop", kit]),
  ],
  swiftLanguageModes: [.v6]
)
