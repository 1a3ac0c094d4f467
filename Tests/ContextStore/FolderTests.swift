import ContextModel
import Glibc
import Testing

@testable import ContextStore

@Suite struct FolderTests {
  @Test func `a second store on a folder is refused with a line that names folder and process`() throws {
    let test = try TestStore()
    let error = #expect(throws: StoreError.self) { try TestStore(test.folder) }
    #expect(error?.kind == .folderInUse)
    #expect(error?.description.contains(test.folder.path) == true)
    #expect(error?.description.contains("\(getpid())") == true)
  }

  @Test func `a closed store lets its folder go`() throws {
    let test = try TestStore()
    test.store.close()
    _ = try TestStore(test.folder)
  }

  @Test func `folders above the data folder are made`() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/a/b"
    do {
      try JournaledEngine(folder: path, options: StoreOptions(), metrics: StoreMetrics()) { _ in }.close()
    }
    #expect(access("\(path)/liaison.sqlite", F_OK) == 0)
  }

  @Test func `a folder that cannot be made is refused with a line that names it`() throws {
    let error = #expect(throws: StoreError.self) {
      try JournaledEngine(folder: "/proc/nothing/here", options: StoreOptions(), metrics: StoreMetrics()) {
        _ in
      }
    }
    #expect(error?.kind == .cannotOpen)
    #expect(error?.description.contains("/proc/nothing") == true)
  }

  @Test func `data of a newer server is refused and left as it is`() async throws {
    let folder = TemporaryFolder()
    do { _ = try await TestStore(folder).start(customer: "A") }
    let file = "\(folder.path)/liaison.sqlite"
    _ = try rowsOfFile(file, "PRAGMA user_version = 99")
    let error = #expect(throws: StoreError.self) { try TestStore(folder) }
    #expect(error?.kind == .newerSchema)
    #expect(error?.description.contains("version 99") == true)
    _ = try rowsOfFile(file, "PRAGMA user_version = \(SQLiteSchema.current)")
    #expect(try await TestStore(folder).ids(ofCustomer: "A") == [1])
  }

  @Test func `a file that is no database is refused`() throws {
    let folder = TemporaryFolder()
    let descriptor = open("\(folder.path)/liaison.sqlite", O_WRONLY | O_CREAT, 0o600)
    let text = String(repeating: "no database ", count: 1000)
    write(descriptor, text, text.utf8.count)
    close(descriptor)
    let error = #expect(throws: StoreError.self) { try TestStore(folder) }
    #expect(error?.kind == .damaged)
  }

  @Test func `a backup of a working store is whole, and a store opens on it`() async throws {
    let test = try TestStore()
    let id = try await test.start(customer: "0")
    let target = TemporaryFolder()
    let stop = Box(false)
    let load = Task {
      var round = 0
      while !stop.value {
        round += 1
        _ = await test.writeTogether(
          [.associating(id, with: "\(round)", #"{"Note":\#(round)}"#)]
            + (0..<20).map { _ in .starting(.single, .starting(customer: "\(round)", at: 1)) })
      }
    }
    for copy in 1...3 {
      let before = try #require(try await test.record(id)).revision
      let file = "\(target.path)/copy\(copy)"
      try StoreBackup.copy(folder: test.folder.path, to: file)
      #expect(try rowsOfFile(file, "PRAGMA integrity_check") == ["ok"])
      // One moment: the service, its extension and its changes agree, and all that was acknowledged is there.
      let agreement = try rowsOfFile(
        file,
        """
        SELECT service.revision >= \(before), service.customer = extension.value OR revision = 1,
          (SELECT last FROM counter WHERE name = 'sequence') >= sequence,
          (SELECT count(*) FROM association WHERE service = 1) = revision
        FROM service LEFT JOIN extension ON service = id WHERE id = 1
        """)
      #expect(agreement == ["1|1|1|1"])
    }
    stop.with { $0 = true }
    await load.value
    #expect(!target.names.contains { $0.hasSuffix(".partial") })
    rename("\(target.path)/copy3", "\(target.path)/liaison.sqlite")
    let restored = try TestStore(target)
    #expect(try await restored.record(id) != nil)
  }

  @Test func `a backup replaces no file and leaves none behind when it fails`() async throws {
    let test = try TestStore()
    _ = try await test.start(customer: "A")
    let target = TemporaryFolder()
    let file = "\(target.path)/copy"
    try StoreBackup.copy(folder: test.folder.path, to: file)
    let error = #expect(throws: StoreError.self) { try StoreBackup.copy(folder: test.folder.path, to: file) }
    #expect(error?.kind == .fileExists)
    #expect(throws: StoreError.self) { try StoreBackup.copy(folder: target.path, to: "\(target.path)/other") }
    #expect(throws: StoreError.self) {
      try StoreBackup.copy(folder: test.folder.path, to: "/proc/none/other")
    }
    #expect(target.names == ["copy"])
  }

  @Test func `the interactions that an older server has stored are found`() async throws {
    let folder = TemporaryFolder()
    do {
      let connection = try SQLiteConnection(path: "\(folder.path)/\(SQLiteTarget.fileName)", .create)
      try connection.execute(
        SQLiteSchema.migrations[..<5].joined(separator: ";") + "; PRAGMA user_version = 5")
      try connection.execute(
        """
        INSERT INTO service (id, tenant, revision, sequence, started_at, status, document)
          VALUES (1, 1, 1, 1, 500, 'active', '{"service_id":1,"started":{"interaction_id":"I0"}}'),
            (2, 1, 1, 2, 700, 'active', '{"service_id":2,"started":{}}');
        INSERT INTO state VALUES (2, 1, 1, 1, 3, 'completed', NULL, NULL, 800,
          '{"state_id":1,"started":{"interaction_id":"I1"},"completed":{"interaction_id":"I2"}}');
        INSERT INTO association VALUES (2, 4, 1, 'A', 900, 'I0', NULL);
        INSERT INTO interaction VALUES (1, 'I9', '{"established_date":"1970-01-01T00:00:01.000Z","services":[1,2,77]}');
        UPDATE counter SET last = 2 WHERE name = 'service';
        """)
    }
    let test = try TestStore(folder)
    let rows = try await test.rows("SELECT id, service, at FROM interaction ORDER BY id, service")
    #expect(rows == ["I0|1|500", "I0|2|900", "I1|2|800", "I2|2|800", "I9|1|500", "I9|2|700"])
    let mentions = try await test.run { try await $0.mentions(.interaction("I0"), tenant: .single) }
    #expect(mentions.map(\.service.rawValue) == [1, 2])
  }
}
