// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "extension-schemas",
  products: [.library(name: "ExtensionSchemas", targets: ["ExtensionSchemas"])],
  dependencies: [.package(path: "../../Sources/Kit")],
  targets: [
    .target(
      name: "ExtensionSchemas", dependencies: [.product(name: "LiaisonKit", package: "Kit")],
      swiftSettings: settings)
  ],
  swiftLanguageModes: [.v6]
)
