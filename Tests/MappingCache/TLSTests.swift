import ContextModel
import Foundation
import Testing

@testable import MappingCache

extension CacheTests {
  /// Connections that are secured.
  @Suite struct TLSTests {
    let certificates: TestCertificates
    let tlsPort = TestPort.free()

    init() throws { certificates = try TestCertificates() }

    /// The lines of a configuration file that make Redis take TLS on ``tlsPort``.
    func configuration(for names: String, clients: String = "no") throws -> String {
      let server = try certificates.make("server", for: names)
      return """
        tls-port \(tlsPort)
        tls-cert-file \(server.certificate)
        tls-key-file \(server.key)
        tls-ca-cert-file \(certificates.authority)
        tls-auth-clients \(clients)

        """
    }

    /// What the node says of a Redis that it does not accept, or that does not accept it; calls go on meanwhile.
    func refusal(_ url: String) async throws -> String {
      let node = try TestNode(RedisLocation(parsing: url))
      await node.cache.start()
      #expect(!node.cache.isBelieved)
      await node.write(1)
      #expect(await node.read(1).revision == -1)
      await eventually("it is told") { node.cache.outage != nil }
      let outage = node.cache.outage ?? ""
      await node.end()
      return outage
    }

    func works(_ url: String) async throws {
      let node = try TestNode(RedisLocation(parsing: url))
      await node.cache.start()
      await node.believed()
      await node.write(1)
      #expect(await node.read(1, on: 1).revision == 1)
      await node.end()
    }

    @Test func `a server whose certificate comes from a trusted authority and is for the host is used`()
      async throws
    {
      let redis = try TestPort(configuration(for: "IP:127.0.0.1"))
      let node = try TestNode(
        RedisLocation(parsing: "rediss://127.0.0.1:\(tlsPort)?ca=\(certificates.authority)"))
      await node.cache.start()
      await node.believed()
      // Many records of TLS in both directions, and more than a socket takes at once.
      let large = [UInt8](unsafeUninitializedCapacity: 5_000_000) { bytes, count in
        for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255) }
        count = bytes.count
      }
      await node.on { [node] in
        let ticket = node.cache.ticket()
        await node.cache.write(node.store.commit(1, document: large), since: ticket)
      }
      guard case .hit(let document, 1) = await node.read(1, on: 1) else {
        Issue.record("the entry is not there")
        return
      }
      #expect(document == large)
      for id in 2...300 { await node.write(ServiceID(Int64(id))!, on: id % 2) }
      for id in 2...300 { #expect(await node.read(ServiceID(Int64(id))!).revision == 1) }
      #expect(redis("HGET", "liaison:service:300", "revision") == "1")
      await node.end()
    }

    @Test func `an authority that is not trusted is told in one line, and calls go on`() async throws {
      let redis = try TestPort(configuration(for: "IP:127.0.0.1"))
      let other = try TestCertificates()
      for authorities in ["?ca=\(other.authority)", ""] {
        let line = try await refusal("rediss://127.0.0.1:\(tlsPort)\(authorities)")
        #expect(line.hasPrefix("the certificate of Redis is not accepted for 127.0.0.1: "), "\(line)")
      }
      #expect(redis("DBSIZE") == "0")
    }

    @Test func `a certificate for another name is refused, unless that name is what was asked for`()
      async throws
    {
      let redis = try TestPort(configuration(for: "DNS:redis.test"))
      let ca = "?ca=\(certificates.authority)"
      #expect(
        try await refusal("rediss://127.0.0.1:\(tlsPort)\(ca)")
          == "the certificate of Redis is not accepted for 127.0.0.1: IP address mismatch")
      #expect(
        try await refusal("rediss://localhost:\(tlsPort)\(ca)")
          == "the certificate of Redis is not accepted for localhost: hostname mismatch")
      #expect(
        try await refusal("rediss://127.0.0.1:\(tlsPort)\(ca)&name=other.test")
          == "the certificate of Redis is not accepted for other.test: hostname mismatch")
      #expect(redis("DBSIZE") == "0")
      try await works("rediss://127.0.0.1:\(tlsPort)\(ca)&name=redis.test")
    }

    @Test func `a server that wants a client's certificate gets it`() async throws {
      let redis = try TestPort(configuration(for: "IP:127.0.0.1", clients: "yes"))
      let client = try certificates.make("client", for: "DNS:client")
      let url = "rediss://127.0.0.1:\(tlsPort)?ca=\(certificates.authority)"
      let line = try await refusal(url)
      #expect(line.hasPrefix("TLS with Redis failed ("), "\(line)")
      #expect(redis("DBSIZE") == "0")
      try await works("\(url)&cert=\(client.certificate)&key=\(client.key)")
    }

    @Test func `a server without TLS is told as such`() async throws {
      let redis = try TestPort("")
      let line = try await refusal("rediss://127.0.0.1:\(redis.port)?ca=\(certificates.authority)")
      #expect(line == "Redis did not answer to TLS within 1.0 seconds")
    }

    @Test func `Sentinels and their masters are spoken to with TLS`() async throws {
      let settings = try configuration(for: "IP:127.0.0.1")
      let master = try TestPort(settings)
      let sentinelPort = TestPort.free()
      let sentinel = try TestPort(
        settings.replacing("tls-port \(tlsPort)", with: "tls-port \(sentinelPort)")
          + "tls-replication yes\nsentinel monitor liaison 127.0.0.1 \(tlsPort) 1\n", sentinel: true)
      try await works("rediss-sentinel://127.0.0.1:\(sentinelPort)/liaison?ca=\(certificates.authority)")
      #expect(master("HGET", "liaison:service:1", "revision") == "1")
      _ = sentinel
    }

    @Test func `the masters of a cluster are spoken to with TLS`() async throws {
      let master = try TestPort(
        configuration(for: "IP:127.0.0.1") + "tls-cluster yes\ncluster-enabled yes\n")
      master("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
      try await works("rediss-cluster://127.0.0.1:\(tlsPort)?ca=\(certificates.authority)")
      #expect(master("HGET", "liaison:service:1", "revision") == "1")
    }

    @Test func `files that cannot be used are named at the start`() throws {
      let (certificate, key) = try certificates.make("client", for: "DNS:client")
      let (_, otherKey) = try certificates.make("other", for: "DNS:other")
      for (options, word) in [
        ("ca=/no/such/file", "ca: no certificates can be read in /no/such/file"),
        ("ca=\(key)", "ca: no certificates"), ("cert=\(certificate)", "cert and key need each other"),
        ("cert=\(key)&key=\(key)", "cert: no certificate can be read in \(key)"),
        ("cert=\(certificate)&key=\(otherKey)", "key: no key of that certificate can be read in \(otherKey)"),
      ] {
        let error = #expect(throws: RedisAddressError.self) {
          try RedisLocation(parsing: "rediss://h?\(options)")
        }
        #expect(error?.description.contains(word) == true, "\(options): \(error?.description ?? "")")
      }
    }
  }
}
