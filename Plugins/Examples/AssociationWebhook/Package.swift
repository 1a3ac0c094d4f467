// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "association-webhook",
  products: [.library(name: "AssociationWebhook", type: .dynamic, targets: ["AssociationWebhook"])],
  dependencies: [.package(name: "LiaisonKit", path: "../../../Sources/Kit")],
  targets: [
    // libcurl and OpenSSL: `apt install libcurl4-openssl-dev libssl-dev`.
    .target(name: "CWebhook", linkerSettings: [.linkedLibrary("curl"), .linkedLibrary("crypto")]),
    .target(
      name: "AssociationWebhook",
      dependencies: [
        "CWebhook",
        .product(name: "LiaisonKit", package: "LiaisonKit"),
        .product(name: "LiaisonPluginNote", package: "LiaisonKit"),
      ],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
