// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "customer-allow-list",
  products: [.library(name: "CustomerAllowList", type: .dynamic, targets: ["CustomerAllowList"])],
  dependencies: [
    .package(name: "LiaisonKit", path: "../../../Sources/Kit"),
    // For the tests alone.
    .package(name: "liaison", path: "../../.."),
  ],
  targets: [
    .target(
      name: "CustomerAllowList",
      dependencies: [
        .product(name: "LiaisonKit", package: "LiaisonKit"),
        .product(name: "LiaisonPluginNote", package: "LiaisonKit"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CustomerAllowListTests",
      dependencies: ["CustomerAllowList", .product(name: "LiaisonTesting", package: "liaison")],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
