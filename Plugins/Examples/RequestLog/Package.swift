// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "request-log",
  products: [.library(name: "RequestLog", type: .dynamic, targets: ["RequestLog"])],
  dependencies: [
    .package(name: "LiaisonKit", path: "../../../Sources/Kit"),
    // For the tests alone.
    .package(name: "liaison", path: "../../.."),
  ],
  targets: [
    .target(
      name: "RequestLog",
      dependencies: [
        .product(name: "LiaisonKit", package: "LiaisonKit"),
        .product(name: "LiaisonPluginNote", package: "LiaisonKit"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "RequestLogTests",
      dependencies: [
        "RequestLog", .product(name: "LiaisonKit", package: "LiaisonKit"),
        .product(name: "LiaisonTesting", package: "liaison"),
      ],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
