// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let package = Package(
  name: "authentication",
  products: [.library(name: "Authentication", targets: ["Authentication"])],
  dependencies: [.package(path: "../../Sources/Kit")],
  targets: [
    .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .target(
      name: "Authentication",
      dependencies: ["CCrypt", "COpenSSL", .product(name: "LiaisonKit", package: "Kit")],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
