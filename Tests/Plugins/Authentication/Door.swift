import ContextModel
import Foundation
import LiaisonKit

@testable import Authentication

/// An authentication plugin with a folder, users and keys.
struct Door {
  static let desktopHash = "$2y$04$pOG1P0Q6LjhAnKBB5C8hZOjfMp01ES/BzOK0K8HD86S1HnqJB6cW6"
  static let users = """
    # made with htpasswd -nbBC 4
    desktop:\(desktopHash)

    björn:$2y$04$WwpAg9cVyhGjuS/gyogHnu1V2rwqnId9X0ZCdEj4rck1yulIFI2YO
    idle:$2y$04$vyZ.jGdwjhqGv/Gnm5s4Te4XcfermK1yaJGwDXvc3ykoO/rod./qS

    """
  static let keys = """
    [ { "name": "ivr", "sha256": "3d2df222e95af377c448d3ab78844f8ab8711f2022e0a4ba3b84477ae7bd5f65",
        "roles": ["read", "write"] },
      { "name": "ops", "sha256": "A810471F583192C60558804F905766FCDF66892DF5D7831E79CEFB8FFE97BD68",
        "roles": ["administrator"] } ]
    """

  let stage: Stage
  let folder: TemporaryFolder

  init(_ options: String = "", users: String = users, threads: Int = 2) throws {
    folder = try TemporaryFolder()
    try folder.write(users, to: "users.htpasswd")
    stage = try Stage(
      AuthenticationPlugin.self,
      """
      { "htpasswd": "users.htpasswd", "roles": { "desktop": ["read", "write"], "björn": ["schema"] },
        "keys": \(Self.keys) \(options.isEmpty ? "" : ", " + options) }
      """,
      context: .forTests(directory: folder.path, threads: threads))
  }

  /// The header of a user.
  static func basic(_ user: String, _ password: String) -> String {
    "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
  }

  static let desktop = basic("desktop", "correct-horse")

  /// How many hashes were computed.
  var checks: Int { stage.context.metrics.value("liaison_authentication_password_checks_total") ?? -1 }

  /// The status with which a call is answered.
  func status(_ authorization: String?, role: Roles? = .read, peer: String = "192.0.2.1") async -> Int {
    let call = Call.make(role: role, authorization: authorization, peer: peer)
    do { return try await stage.handle(call).status } catch { return (error as? ContextError)?.status ?? -1 }
  }
}
