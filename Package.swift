// swift-tools-version: 6.2
import Glibc
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

/// JSON, ContextModel and LiaisonKit, reached only through the kit's one dynamic product (see Sources/Kit).
let kit: Target.Dependency = .product(name: "LiaisonKit", package: "Kit")

/// A library of the distribution: a module map and a header, no logic.
func system(_ name: String, package: String) -> Target {
  .systemLibrary(name: name, path: "Sources/C/\(name)", providers: [.apt([package])])
}

/// The stages before the pipeline's end: packages of their own, which know nothing but the kit.
let stages = ["Authentication", "BusinessAttributes", "ExtensionSchemas"]
let stageProducts = stages.map { Target.Dependency.product(name: $0, package: $0) }

/// A layer of the server.
func layer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

/// Installed sources have neither tests nor benchmarks: they serve packages of plugins.
let isInstalled = access(Context.packageDirectory + "/Tests", F_OK) != 0

let package = Package(
  name: "liaison",
  products: [
    .executable(name: "liaison", targets: ["liaison"]),
    .library(name: "LiaisonServer", targets: ["LiaisonServer"]),
    .library(name: "LiaisonTesting", targets: ["LiaisonTesting"]),
  ],
  dependencies: [.package(path: "Sources/Kit")] + stages.map { .package(path: "Plugins/\($0)") },
  targets: [
    .target(name: "CEpoll", path: "Sources/C/CEpoll"),
    .target(name: "CFileIO", path: "Sources/C/CFileIO"),
    .target(name: "CLLHTTP", path: "Sources/C/CLLHTTP"),
    system("CHiredis", package: "libhiredis-dev"),
    system("CTLS", package: "libssl-dev"),
    system("CSQLite", package: "libsqlite3-dev"),
    system("CPostgres", package: "libpq-dev"),
    system("CXXHash", package: "libxxhash-dev"),

    layer("EventLoop", ["CEpoll"]),
    layer("HTTP", ["EventLoop", "CLLHTTP", "CEpoll"]),
    layer("ContextAPI", ["HTTP", "EventLoop", kit]),
    layer("ContextStore", ["EventLoop", "CFileIO", "CSQLite", "CPostgres", "CXXHash", kit]),
    layer("MappingCache", ["EventLoop", "CEpoll", "CHiredis", "CTLS", kit]),

    // The pipeline's end is the server's own.
    .target(
      name: "Persistence", dependencies: ["ContextStore", "EventLoop", "MappingCache", kit],
      path: "Plugins/Persistence", exclude: ["README.md"], swiftSettings: settings),

    .target(
      name: "LiaisonServer",
      dependencies: [
        "EventLoop", "HTTP", "ContextAPI", "ContextStore", "MappingCache", "CEpoll", "Persistence", kit,
      ] + stageProducts,
      swiftSettings: settings,
      // What one thread allocates another one frees: glibc's allocator spends a quarter of a call's time on that.
      // Debug builds keep to it, for sanitizers bring allocators of their own.
      linkerSettings: [.linkedLibrary("mimalloc", .when(configuration: .release))]),
    // For the tests of plugins, here and elsewhere.
    layer("LiaisonTesting", ["LiaisonServer", "CEpoll", kit]),
    .executableTarget(name: "liaison", dependencies: ["LiaisonServer"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

if !isInstalled {
  package.targets += [
    .executableTarget(
      name: "AssociationBenchmark", dependencies: ["CEpoll", "CHiredis", "CSQLite"],
      path: "Benchmarks/AssociationBenchmark", swiftSettings: settings),

    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: settings),
    tests("EventLoop", ["EventLoop"]),
    tests("HTTP", ["HTTP", "EventLoop", "CEpoll"]),
    tests("JSON", ["TestSupport", kit]),
    tests("ContextModel", ["TestSupport", kit]),
    tests("LiaisonKit", [kit]),
    tests("ContextAPI", ["ContextAPI", kit]),
    tests("ContextStore", ["ContextStore", "EventLoop", "CSQLite", kit]),
    tests("MappingCache", ["MappingCache", "EventLoop", kit]),
    tests("Plugins", stageProducts + [kit]),
    tests("LiaisonTesting", ["LiaisonTesting", kit]),
    tests("LiaisonServer", ["LiaisonServer", "ContextStore", "EventLoop", kit]),
  ]
}
