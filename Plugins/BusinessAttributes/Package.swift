// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "business-attributes",
  products: [.library(name: "BusinessAttributes", targets: ["BusinessAttributes"])],
  dependencies: [.package(path: "../../Sources/Kit")],
  targets: [
    .target(
      name: "BusinessAttributes", dependencies: [.product(name: "LiaisonKit", package: "Kit")],
      swiftSettings: settings)
  ],
  swiftLanguageModes: [.v6]
)
