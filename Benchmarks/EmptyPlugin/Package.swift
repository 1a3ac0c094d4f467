// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "empty-plugin",
  products: [.library(name: "EmptyPlugin", type: .dynamic, targets: ["EmptyPlugin"])],
  dependencies: [.package(name: "LiaisonKit", path: "../../Sources/Kit")],
  targets: [
    .target(
      name: "EmptyPlugin",
      dependencies: [
        .product(name: "LiaisonKit", package: "LiaisonKit"),
        .product(name: "LiaisonPluginNote", package: "LiaisonKit"),
      ],
      swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")])
  ],
  swiftLanguageModes: [.v6]
)
