import Testing

@testable import LiaisonServer

@Suite struct ProcessLimitsTests {
  private func connections(openFiles: Int, loops: Int = 2, atMost wanted: Int = 10_000) -> Int {
    ProcessLimits.connections(atMost: wanted, loops: loops, readers: 4, openFiles: openFiles)
  }

  @Test func `as many connections as are configured are taken if the system allows`() {
    #expect(connections(openFiles: 1_048_576) == 10_000)
    #expect(connections(openFiles: .max) == 10_000)
    #expect(connections(openFiles: 1024, atMost: 100) == 100)
  }

  @Test func `what the server needs itself is kept from connections`() {
    #expect(connections(openFiles: 1024) == 784)
    #expect(connections(openFiles: 4096) == 3856)
    #expect(connections(openFiles: 4096, loops: 8) == 3760)
  }

  @Test func `however low the limit is half of it is for connections`() {
    #expect(connections(openFiles: 64) == 32)
    #expect(connections(openFiles: 1024, loops: 256) == 512)
  }
}
