import CPostgres
import Glibc

/// A place where a connection string says that PostgreSQL may be found. libpq goes from one to the next when a socket fails,
/// but waits for a machine that is off as long as it is let; so each is tried for itself.
struct PostgresHost: Equatable, CustomStringConvertible {
  /// A name, a numeric address, or the folder of a unix socket.
  var name: String?
  /// The numeric address that the name stands for; `nil` where it is not known or not needed.
  var address: String?
  var port: String?

  var description: String {
    let place = [name, address.flatMap { $0 == name ? nil : "(\($0))" }].compactMap { $0 }
    return (place.isEmpty ? "the server" : place.joined(separator: " ")) + (port.map { ", port \($0)" } ?? "")
  }

  /// The hosts that a connection string, the service file and the `PG…` variables name together, in their order.
  ///
  /// - Returns: one without a name where they say nothing, or lists that libpq alone can complete or refuse.
  static func all(in connection: String) -> [PostgresHost] {
    let settings = settings(of: connection)
    func list(_ keyword: String) -> [String] {
      settings[keyword]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    }
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
    let count = max(names.count, addresses.count)
    let isWhole =
      !(names + addresses + ports).contains("") && [0, count].contains(names.count)
      && [0, count].contains(addresses.count) && [0, 1, count].contains(ports.count)
    guard count > 0, isWhole else { return [PostgresHost()] }
    return (0..<count).map { place in
      PostgresHost(
        name: names.isEmpty ? nil : names[place], address: addresses.isEmpty ? nil : addresses[place],
        port: ports.count > 1 ? ports[place] : ports.first)
    }
  }

  /// What libpq would connect with. It puts that together only when it connects; told something that is impossible it ends there.
  private static func settings(of connection: String) -> [String: String] {
    let handle = PostgresConnection.start([("dbname", connection), ("channel_binding", "impossible")])
    defer { PQfinish(handle) }
    guard let handle, let first = PQconninfo(handle) else { return [:] }
    defer { PQconninfoFree(first) }
    var settings: [String: String] = [:]
    var option = first
    while let keyword = option.pointee.keyword {
      settings[String(cString: keyword)] = option.pointee.val.map { String(cString: $0) }
      option += 1
    }
    return settings
  }

  /// What is to be tried, one by one: each address of the name. libpq would look the name up, too, but without an end.
  ///
  /// - Throws: if nobody knows the name, or nobody tells in time.
  func places(within milliseconds: Int) throws(StoreError) -> [PostgresHost] {
    guard address == nil, let name, !Self.isAddress(name) else { return [self] }
    return try PostgresLookup.addresses(of: name, within: milliseconds).map {
      PostgresHost(name: name, address: $0, port: port)
    }
  }

  /// Whether a host is no name: a numeric address, or a unix socket in a folder or without one.
  private static func isAddress(_ host: String) -> Bool {
    var address = in6_addr()
    return host.hasPrefix("/") || host.hasPrefix("@") || inet_pton(AF_INET, host, &address) == 1
      || inet_pton(AF_INET6, host, &address) == 1
  }
}

extension [PostgresHost] {
  /// The same, but for one that is to be tried before the others if it is among them.
  func beginning(with first: PostgresHost?) -> [PostgresHost] {
    filter { $0 == first } + filter { $0 != first }
  }
}
