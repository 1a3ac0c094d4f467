import Glibc
import Synchronization

/// Looks a host's name up on a thread of its own: the system's function waits as long as it likes, who asks does not.
/// Any thread.
final class PostgresLookup: @unchecked Sendable {
  /// Whoever asks for a name that is being looked up waits for the same answer: there are not more threads than names.
  private static let underWay = Mutex<[String: PostgresLookup]>([:])

  private let monitor = Monitor()
  /// Guarded by the monitor.
  private var answer: Result<[String], StoreError>?

  /// The numeric addresses of a name, in the order in which they are to be tried.
  ///
  /// - Throws: why there are none, or that nobody has told in time.
  static func addresses(
    of name: String, within milliseconds: Int,
    by find: @escaping @Sendable (String) -> Result<[String], StoreError> = find
  ) throws(StoreError) -> [String] {
    let lookup = underWay.withLock { underWay in
      if let lookup = underWay[name] { return lookup }
      let lookup = PostgresLookup()
      underWay[name] = lookup
      StoreThread(named: "store lookup") {
        let answer = find(name)
        Self.underWay.withLock { $0[name] = nil }
        lookup.end(answer)
      }.detach()
      return lookup
    }
    guard let answer = lookup.wait(milliseconds) else {
      throw StoreError(.unreachable, "\(name) could not be looked up within \(milliseconds) ms")
    }
    return try answer.get()
  }

  private func end(_ answer: Result<[String], StoreError>) {
    monitor.locked { self.answer = answer }
    monitor.notifyAll()
  }

  private func wait(_ milliseconds: Int) -> Result<[String], StoreError>? {
    let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    return monitor.locked {
      while answer == nil, !monitor.wait(untilNanoseconds: deadline) {}
      return answer
    }
  }

  /// Asks the system.
  static func find(_ name: String) -> Result<[String], StoreError> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(name, nil, &hints, &found)
    guard failure == 0 else {
      return .failure(StoreError(.unreachable, "\(name): \(String(cString: gai_strerror(failure)))"))
    }
    defer { freeaddrinfo(found) }
    var addresses: [String] = []
    var next = found
    while let entry = next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let size = socklen_t(text.count)
      if getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, size, nil, 0, NI_NUMERICHOST)
        == 0
      {
        addresses.append(
          String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
      }
      next = entry.pointee.ai_next
    }
    return .success(addresses)
  }
}
