/// Where a running server listens.
struct ServerAddress: Sendable, CustomStringConvertible {
  let host: String
  let port: UInt16

  var description: String { host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)" }

  /// Reads `http://HOST:PORT`.
  init(_ text: String) throws(TestClientError) {
    let scheme = "http://"
    let rest = text.dropFirst(scheme.count).prefix { $0 != "/" }
    guard text.hasPrefix(scheme), let colon = rest.lastIndex(of: ":"),
      let port = UInt16(rest[rest.index(after: colon)...]), colon > rest.startIndex
    else { throw TestClientError("\"\(text)\" is no address such as http://127.0.0.1:8080") }
    host = rest[..<colon].trimmingPrefix("[").split(separator: "]").first.map(String.init) ?? ""
    self.port = port
  }
}
