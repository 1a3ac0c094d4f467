import ContextModel
import Glibc
import Testing

@testable import ContextStore

/// What becomes of the journal when a person is erased.
@Suite struct ErasingTests {
  private let unfolded = StoreOptions(foldAfter: 3_600_000, largestSegment: 1 << 20)

  private func erase(_ customer: String, in test: TestStore) async throws -> Int {
    let outcome = try await test.run { store in
      let former = try await store.formerServices(of: customer, after: 0, tenant: .single)
      return try await store.write(
        EraseCustomer(
          tenant: .single, customer: customer, formerServices: former.ids, at: Timestamp(milliseconds: 0)))
    }
    return try test.store.removeTraces(of: outcome.erasure).entries
  }

  private func bytes(of folder: TemporaryFolder) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for path in folder.journalFiles + ["\(folder.path)/liaison.sqlite", "\(folder.path)/liaison.sqlite-wal"] {
      let descriptor = open(path, O_RDONLY)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      var part = [UInt8](repeating: 0, count: Files.size(path) ?? 0)
      #expect(read(descriptor, &part, part.count) == part.count)
      bytes += part
    }
    return bytes
  }

  private func holds(_ folder: TemporaryFolder, _ text: String) throws -> Bool {
    let bytes = try bytes(of: folder)
    let text = Array(text.utf8)
    return bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> Bool in
      guard let start = bytes.baseAddress else { return false }
      var offset = 0
      // The system's search: a loop of its own is slow over so much in a build for tests.
      while let found = memchr(start + offset, Int32(text[0]), bytes.count - offset) {
        offset = UnsafeRawPointer(found) - start
        if bytes.count - offset >= text.count, memcmp(found, text, text.count) == 0 { return true }
        offset += 1
      }
      return false
    }
  }

  @Test func `who follows the change sequence misses no number, and nothing of others changes`() async throws
  {
    let test = try TestStore(options: unfolded)
    let ada = try await test.start(customer: "ada-lovelace", #"{"Note":"ada-note"}"#)
    var others: [ServiceID] = []
    for round in 0..<300 {
      let id = try await test.start(customer: "someone\(round)", #"{"Note":\#(round)}"#)
      if round % 3 == 0 { _ = try await test.associate(id, with: "ada-lovelace", "{}") }
      if round % 3 == 0 { _ = try await test.associate(id, with: "other\(round)", "{}") }
      others.append(id)
    }
    _ = try await test.associate(ada, with: "ada-lovelace", #"{"Note":"ada-note2"}"#)
    let before = try await test.changes()
    let newest = test.store.newestChange
    #expect(try await erase("ada-lovelace", in: test) >= 2 + 2 * 100)
    let after = try await test.changes()
    #expect(after.map(\.sequence) == Array(1...newest + 2), "the deletion and the erasure have come")
    for (old, new) in zip(before, after) {
      #expect((old.kind, old.service, old.revision, old.at) == (new.kind, new.service, new.revision, new.at))
      let concerned = [old.customer, old.customerBefore].contains("ada-lovelace") || old.service == ada
      #expect(concerned || old == new)
    }
    #expect(try !holds(test.folder, "ada-"))
    // From any number on, as a follower that stands there would go on.
    for sequence in stride(from: Int64(0), to: newest, by: 97) {
      let rest = try await test.run { try await $0.changes(after: sequence, limit: 10_000) }
      #expect(rest.first?.sequence == sequence + 1 && rest.last?.sequence == newest + 2)
    }
    for id in others {
      let record = try #require(try await test.record(id, .all))
      #expect(record.extensionTexts == ["Note=\(id.rawValue - 2)"])
    }
    #expect(try await erase("ada-lovelace", in: test) == 0, "nothing is left to be taken out")
  }

  /// A file that is used again holds what it held before until it is written over.
  @Test func `nothing is left in files of the journal that were used before`() async throws {
    let test = try TestStore(
      options: StoreOptions(changesKept: 1, foldAfter: 3_600_000, largestSegment: 1 << 20))
    let large = String(repeating: "x", count: 30_000)
    func fill(_ segments: Int) async throws {
      for _ in 0..<segments * 32 { _ = try await test.start(customer: "someone", #"{"Large":"\#(large)"}"#) }
    }
    func fold() async throws {
      // A segment goes with the fold after the one that has brought it into the tables.
      for _ in 0..<2 {
        _ = try await test.start(customer: "someone")
        try await test.run { try await $0.settle() }
      }
    }
    for place in 0..<6 {
      _ = try await test.start(customer: "ada-lovelace", #"{"Note":"ada-\#(place)\#(large)"}"#)
      try await fill(1)
    }
    try await fold()
    let spares = test.folder.journalFiles.filter { $0.hasSuffix(".spare") }
    #expect(spares.count >= 2)
    // Some are used again already, one is not full, and some still wait.
    try await fill(2)
    #expect(try holds(test.folder, "ada-"))
    #expect(test.folder.journalFiles.contains { $0.hasSuffix(".spare") })
    _ = try await erase("ada-lovelace", in: test)
    #expect(try !holds(test.folder, "ada-"))
    // Nor later, when files change their use.
    for _ in 0..<3 {
      try await fill(2)
      try await fold()
      #expect(try !holds(test.folder, "ada-"))
    }
    #expect(test.folder.journalFiles.contains { $0.hasSuffix(".spare") }, "files are used again after it")
  }

  @Test func `after a crash at any moment the store opens, and the repeated call takes out the rest`()
    async throws
  {
    let test = try TestStore(options: unfolded)
    var services: [ServiceID] = []
    // Several segments: the large extensions are others'.
    for round in 0..<40 {
      services.append(try await test.start(customer: "ada-lovelace", #"{"Note":"ada-\#(round)"}"#))
      _ = try await test.start(
        customer: "someone", #"{"Large":"\#(String(repeating: "x", count: 100_000))"}"#)
    }
    #expect(test.folder.segments.count >= 3)
    let outcome = try await test.run { store in
      try await store.write(
        EraseCustomer(
          tenant: .single, customer: "ada-lovelace", formerServices: [], at: Timestamp(milliseconds: 0)))
    }
    let acknowledged = test.folder.copy()
    _ = try test.store.removeTraces(of: outcome.erasure)
    #expect(try !holds(test.folder, "ada-"))
    let done = test.folder.copy()
    // As many of the oldest segments are written anew as a crash may leave.
    for count in 0...done.segments.count {
      let crashed = acknowledged.copy()
      if count > 0 {
        // No segment is written anew before the tables have the erasure.
        for name in ["liaison.sqlite", "liaison.sqlite-wal"] {
          unlink("\(crashed.path)/\(name)")
          link("\(done.path)/\(name)", "\(crashed.path)/\(name)")
        }
      }
      for (new, old) in zip(done.segments, crashed.segments).prefix(count) {
        unlink(old)
        link(new, old)
      }
      let again = try TestStore(crashed.copy(), options: unfolded)
      #expect(try await again.ids(ofCustomer: "someone").count == 40)
      #expect(try await again.ids(ofCustomer: "ada-lovelace").isEmpty)
      _ = try await erase("ada-lovelace", in: again)
      #expect(try !holds(again.folder, "ada-"), "\(count) segments were done")
    }
  }

  @Test(arguments: Backend.allCases)
  func `after an erasure that came to no end the repeated one learns which services were the person's`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend, options: unfolded)
    var services: [ServiceID] = []
    for _ in 0..<4 { services.append(try await test.start(customer: "ada-lovelace")) }
    let given = try await test.start(customer: "ada-lovelace")
    _ = try await test.associate(given, with: "someone")
    let all = services
    let erasure = EraseCustomer(
      tenant: .single, customer: "ada-lovelace", formerServices: [given], at: Timestamp(milliseconds: 0))
    // A first step, then the last one; nobody gets to hear of either.
    let first = try await test.run { store in
      let step = DeleteServices(
        tenant: .single, services: Array(all.prefix(2)) + [given], namesCustomer: false,
        at: Timestamp(milliseconds: 0), where: ServiceQuery.Owner.customer("ada-lovelace").has)
      let gone = try await store.write(step)
      return gone + (try await store.write(erasure)).services
    }
    #expect(first == services)
    let again = try test.afterKill(options: unfolded)
    let outcome = try await again.run { try await $0.write(erasure) }
    #expect(outcome.services.isEmpty)
    #expect(try again.store.removeTraces(of: outcome.erasure).services == services)
    #expect(try again.store.removeTraces(of: outcome.erasure).services.isEmpty)
    #expect(
      try await again.changes().allSatisfy { $0.customer != "ada-lovelace" && $0.customerBefore == nil })
    #expect(try await again.ids(ofCustomer: "someone") == [given.rawValue])
  }

  @Test func `a database that is older than what was erased is refused, and a backup is right`() async throws
  {
    let test = try TestStore(options: unfolded)
    _ = try await test.start(customer: "ada-lovelace", "{}")
    let kept = try await test.start(customer: "someone", #"{"Note":1}"#)
    let old = test.folder.copy()
    _ = try await erase("ada-lovelace", in: test)
    let backup = TemporaryFolder()
    try StoreBackup.copy(folder: test.folder.path, to: "\(backup.path)/liaison.sqlite")
    let restored = try TestStore(backup)
    #expect(try await restored.ids(ofCustomer: "someone") == [kept.rawValue])
    #expect(try !holds(backup, "ada-"))
    let mixed = old.copy()
    for path in mixed.segments { unlink(path) }
    for (index, path) in test.folder.segments.enumerated() {
      link(path, JournalSegment.path(UInt32(index + 1), in: "\(mixed.path)/journal"))
    }
    #expect(throws: StoreError.self) { _ = try TestStore(mixed) }
  }
}
