/// A connection that is made when it is needed, and made anew after it broke. One thread at a time.
final class PostgresSession {
  private let options: PostgresOptions
  private let durability: StoreOptions.Durability
  private var connection: PostgresConnection?
  /// Looks at each new connection before anything is done on it.
  var inspection: ((PostgresConnection) throws(StoreError) -> Void)?
  /// Why the last attempt to connect failed, and until when that counts.
  private var refusal: (error: StoreError, until: UInt64)?

  /// Who asks again sooner than this after a failed attempt gets the same answer at once, in milliseconds: calls that wait
  /// must not wait for one attempt each.
  private static let pause: UInt64 = 200

  init(_ options: PostgresOptions, durability: StoreOptions.Durability = .full) {
    self.options = options
    self.durability = durability
  }

  /// Whether there is a connection that works, as far as is known.
  var isOpen: Bool { connection.map { $0.failure == nil } ?? false }

  /// The connection.
  ///
  /// - Throws: if there is none and none can be made.
  func open() throws(StoreError) -> PostgresConnection {
    if let connection, connection.failure == nil { return connection }
    connection = nil
    if let refusal, monotonicNanoseconds() < refusal.until { throw refusal.error }
    do throws(StoreError) {
      let made = try PostgresConnection(options, durability: durability)
      try inspection?(made)
      connection = made
      refusal = nil
      return made
    } catch {
      refusal = (error, monotonicNanoseconds() + Self.pause * 1_000_000)
      throw error
    }
  }

  /// Gives the connection up.
  func close() { connection = nil }
}
