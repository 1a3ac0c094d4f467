import Glibc
import Testing

@testable import ContextStore

/// How a database is found where a connection string names several hosts.
@Suite(.enabled(if: TestPostgres.isInstalled, "PostgreSQL is not installed (package postgresql)"))
struct PostgresReachingTests {
  /// Takes connections and says nothing, like a machine that hangs.
  private final class SilentHost {
    private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let port: UInt16

    init() throws {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let descriptor = descriptor
      let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
            && getsockname(descriptor, $0, &size) == 0
        }
      }
      try #require(isBound)
      port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
  }

  /// A store whose connection string names a host before the one where it is.
  private func store(behind host: String, port: UInt16) throws -> PostgresOptions {
    var place = try TestPostgres.newStore()
    place.connection.replace("host=", with: "host=\(host),", maxReplacements: 1)
    place.connection += " port=\(port),5432"
    place.connectTimeout = 300
    return place
  }

  @Test func `a host that does not answer is passed over, and not asked first any more`() async throws {
    let silent = try SilentHost()
    let place = try store(behind: "127.0.0.1", port: silent.port)
    let test = try TestStore(place)
    _ = try await test.start(customer: "A")
    #expect(try await test.ids(ofCustomer: "A") == [1])
    let begin = monotonicNanoseconds()
    for _ in 0..<10 { _ = try PostgresConnection(place) }
    #expect(monotonicNanoseconds() - begin < 1_500_000_000)
  }

  @Test func `each host that was tried is told`() throws {
    let silent = try SilentHost()
    let options = PostgresOptions(
      connection: "postgres://127.0.0.1:\(silent.port),127.0.0.1:1/none", connectTimeout: 100)
    let error = #expect(throws: StoreError.self) { _ = try PostgresConnection(options) }
    #expect(error?.kind == .unreachable)
    #expect(
      error?.description.contains("127.0.0.1, port \(silent.port) gave no answer within 100 ms; ") == true)
    #expect(error?.description.contains("port 1 failed") == true)
  }

  @Test(arguments: [
    ("postgres://u@h1:1,h2:2/db", ["h1, port 1", "h2, port 2"]),
    ("postgres://u@h1,h2/db?port=7", ["h1, port 7", "h2, port 7"]),
    ("host=h1,h2 hostaddr=10.0.0.1,::1", ["h1 (10.0.0.1), port 5432", "h2 (::1), port 5432"]),
    ("hostaddr=10.0.0.1,10.0.0.2", ["(10.0.0.1), port 5432", "(10.0.0.2), port 5432"]),
    ("host=/tmp,h2", ["/tmp, port 5432", "h2, port 5432"]),
    // What libpq completes or refuses.
    ("dbname=db", ["the server"]), ("host=h1,,h3", ["the server"]),
    ("host=h1,h2,h3 port=1,2", ["the server"]),
    ("host=h1,h2 hostaddr=,10.0.0.2", ["the server"]),
  ])
  func `hosts are read as libpq reads them`(connection: String, hosts: [String]) {
    #expect(PostgresHost.all(in: connection).map(\.description) == hosts)
  }

  @Test func `a name stands for each of its addresses, and a socket for itself`() throws {
    let local = try PostgresHost(name: "localhost", port: "1").places(within: 5000)
    #expect(local.contains(PostgresHost(name: "localhost", address: "127.0.0.1", port: "1")))
    for name in ["/tmp", "@abstract", "127.0.0.1", "::1"] {
      #expect(try PostgresHost(name: name).places(within: 1) == [PostgresHost(name: name)])
    }
    let known = PostgresHost(name: "no.such.name.invalid", address: "10.0.0.1")
    #expect(try known.places(within: 1) == [known])
  }

  @Test(.timeLimit(.minutes(1)))
  func `nobody waits longer than it wants for a name, and two who ask for one wait for the same answer`()
    throws
  {
    let isAnswered = Box(false)
    let questions = Box(0)
    @Sendable func find(_ name: String) -> Result<[String], StoreError> {
      questions.with { $0 += 1 }
      while !isAnswered.value { sleep(milliseconds: 5) }
      return .success(["10.0.0.1"])
    }
    for _ in 0..<3 {
      let error = #expect(throws: StoreError.self) {
        try PostgresLookup.addresses(of: "slow.invalid", within: 50, by: find)
      }
      #expect(error?.kind == .unreachable && error?.description.contains("slow.invalid") == true)
    }
    isAnswered.with { $0 = true }
    #expect(try PostgresLookup.addresses(of: "slow.invalid", within: 50_000, by: find) == ["10.0.0.1"])
    #expect(questions.value == 1 || questions.value == 2)
  }
}
