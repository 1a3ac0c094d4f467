import FoundationEssentials
import LiaisonKit

/// Where associations are posted, and how.
struct WebhookOptions {
  /// `http://…` or `https://…`.
  let url: String
  /// The same for the log: a path or a query may hold what is secret, as may a user in front of the host.
  let receiver: String
  /// The key of the signatures, at least 16 bytes.
  let secret: [UInt8]
  /// How long one request may take.
  let timeout: Duration
  /// The most associations in one request.
  let batch: Int
  /// The longest pause between two attempts.
  let longestPause: Duration

  /// - Parameter path: makes a path of the configuration absolute.
  init(_ section: ConfigurationSection, path: (String) -> String) throws(ConfigurationError) {
    guard let url = try section.string("url"), url.hasPrefix("http://") || url.hasPrefix("https://"),
      let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.host, !host.isEmpty
    else { throw section.error("url", "must be the receiver's URL, as \"https://crm.example/associations\"") }
    self.url = url
    receiver = "\(scheme)://\(host)"
    guard let file = try section.string("secret-file"), !file.isEmpty else {
      throw section.error("secret-file", "must be the path of the file with the key of the signatures")
    }
    guard let content = FileManager.default.contents(atPath: path(file)) else {
      throw section.error("secret-file", "\(path(file)) cannot be read")
    }
    // Any bytes make a key; an editor leaves white space behind them.
    let start = content.drop(while: Self.isSpace)
    secret = Array(start.reversed().drop(while: Self.isSpace).reversed())
    guard secret.count >= 16 else {
      throw section.error("secret-file", "\(path(file)) must hold at least 16 bytes")
    }
    timeout = try section.duration("timeout", default: .seconds(10))
    guard timeout >= .milliseconds(1), timeout <= .seconds(300) else {
      throw section.error("timeout", "must be from \"1ms\" to \"5m\"")
    }
    batch = try section.integer("batch", in: 1...1000, default: 100)
    longestPause = try section.duration("longest-pause", default: .seconds(60))
    guard longestPause >= .milliseconds(1) else {
      throw section.error("longest-pause", "must be at least \"1ms\"")
    }
  }

  /// White space of ASCII.
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
