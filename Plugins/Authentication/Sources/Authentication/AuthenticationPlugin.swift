public import LiaisonKit
import Synchronization

/// Lets only those in who are known: HTTP Basic against an htpasswd file, and bearer keys.
///
/// Its README says how it is configured. Any thread may use it.
public final class AuthenticationPlugin: Plugin {
  /// `authentication`
  public static let name = "authentication"

  /// The stage.
  public let middleware: any Middleware
  /// Whether users or keys are configured. An htpasswd file without users counts: nobody gets in then.
  public let authenticates: Bool

  private let watch: PasswordFileWatch?

  /// Reads the configuration, and the htpasswd file that it names.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    let options = try AuthenticationOptions(configuration, context)
    authenticates = options.passwordFile != nil || !options.keys.isEmpty
    guard authenticates else {
      middleware = OpenDoor()
      watch = nil
      return
    }
    let refusals = Refusals(realm: options.realm)
    let delay = FailureDelay(
      FailureThrottle(options.failures), refusals, mostWaiting: options.mostWaiting, context)
    if let file = options.passwordFile {
      let content: (users: [(name: [UInt8], hash: PasswordHash)], stamp: PasswordFile.Stamp)
      do throws(PasswordFile.Refusal) {
        content = try file.read()
      } catch {
        throw configuration.error("htpasswd", error.description)
      }
      let users = PasswordUsers(content.users, roles: options.roles, generation: 1)
      let remembered = RememberedCredentials(for: options.remember, limit: options.mostRemembered)
      let passwords = PasswordAuthenticator(users, remembered, delay, context)
      watch = PasswordFileWatch(file, content.stamp, users, roles: options.roles, passwords, context)
      middleware = Authenticator(keys: options.keys, passwords: passwords, delay: delay, refusals: refusals)
    } else {
      watch = nil
      middleware = Authenticator(keys: options.keys, passwords: nil, delay: delay, refusals: refusals)
    }
  }

  /// Begins to watch the htpasswd file.
  public func start() async throws { watch?.start() }

  /// Ends it.
  public func stop() async { watch?.stop() }
}
