// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "customer-allow-list",
  products: [.library(name: "CustomerAllowList", type: .dynamic, targets: ["CustomerAllowList"])],
  dependencies: [.package(name: "LiaisonKit", path: "../../../Sources/Kit")],
  targets: [
    .target(
      name: "CustomerAllowList",
      dependencies: [
        .product(name: "LiaisonKit", package: "LiaisonKit"),
        .product(name: "LiaisonPluginNote", package: "LiaisonKit"),
      ],
      swiftSettings: settings)
  ],
  swiftLanguageModes: [.v6]
)
