import ContextModel
import Glibc
import Testing

@testable import ContextStore

@Suite struct JournalTests {
  /// Nothing is folded by itself: everything stands in the journal alone.
  private let unfolded = StoreOptions(foldAfter: 3_600_000)

  /// What is left of a store's folder after `rounds` associations, one a frame, of service 1 with customers 1, 2 …
  private func associated(_ rounds: Int) async throws -> TestStore {
    let test = try TestStore(options: unfolded)
    let id = try await test.start(customer: "0", #"{"Note":0}"#)
    for round in 1...rounds { _ = try await test.associate(id, with: "\(round)", #"{"Note":\#(round)}"#) }
    return test
  }

  private func customer(_ folder: TemporaryFolder) async throws -> (String?, notices: [StoreNotice]) {
    let test = try TestStore(folder, options: unfolded)
    let record = try await test.record(ServiceID(1)!, .all)
    let customer = try record?.service.customerID
    #expect(record?.extensionTexts == (customer.map { ["Note=\($0)"] }))
    if let customer, let count = Int64(customer) {
      #expect(try await test.changes().map(\.sequence) == Array(1...count + 1))
      #expect(try await test.ids(ofCustomer: customer) == [1])
      #expect(
        try await test.rows("SELECT customer FROM association ORDER BY sequence")
          == (0...count).map { "\($0)" })
    }
    return (customer, test.notices.all)
  }

  /// The newest segment that is in use: the next one's file may be there already.
  private func newestSegment(_ folder: TemporaryFolder) throws -> String {
    try #require(folder.segments.last { !JournalSegment.isUnused($0) })
  }

  /// Where the frames of the newest segment begin, and where the last one ends.
  private func frames(_ folder: TemporaryFolder) throws -> [Int] {
    let segment = try #require(try JournalSegment.open(newestSegment(folder)))
    let scanner = FrameScanner(segment)
    var places = [scanner.offset]
    while case .frame = try scanner.next() { places.append(scanner.offset) }
    return places
  }

  private func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) {
    let descriptor = open(path, O_WRONLY)
    #expect(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
    close(descriptor)
  }

  private func bytes(_ path: String, at offset: Int, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let descriptor = open(path, O_RDONLY)
    #expect(pread(descriptor, &bytes, count, off_t(offset)) == count)
    close(descriptor)
    return bytes
  }

  @Test func `wherever a power cut tears the last frame, exactly the frames before it count`() async throws {
    let test = try await associated(12)
    let places = try frames(test.folder)
    // One frame for the start, then one for each association.
    #expect(places.count == 14)
    for cut in stride(from: places[11] + 1, to: places[13], by: 61) {
      let folder = test.folder.copy()
      let path = folder.segments[0]
      // What was not written yet: zeros, or what a former use of the blocks left there.
      let rest = (cut..<places[13] + 4096).map { _ in cut % 2 == 0 ? 0 : UInt8.random(in: 0...255) }
      overwrite(path, at: cut, rest)
      let whole = places.lastIndex { $0 <= cut }! - 1
      let (customer, notices) = try await customer(folder)
      #expect(customer == "\(whole)")
      guard case .endDropped(_, let offset) = notices.first else {
        #expect(cut < places[whole + 1] + 4, "an incomplete frame was not told of")
        continue
      }
      #expect(offset == places[whole + 1])
    }
  }

  @Test func `a flipped bit in the last frame leaves the frames before it`() async throws {
    let test = try await associated(5)
    let places = try frames(test.folder)
    for _ in 0..<20 {
      let folder = test.folder.copy()
      // Beyond the magic word, without which there is no frame at all; not in the padding, which means nothing.
      let place = Int.random(in: places[5] + 4..<places[6] - 8)
      let byte = bytes(folder.segments[0], at: place, 1)[0]
      overwrite(folder.segments[0], at: place, [byte ^ (1 << UInt8.random(in: 0..<8))])
      #expect(try await customer(folder).0 == "4")
    }
  }

  @Test func `a flipped bit in an earlier frame is no torn end: the store does not start, and says where`()
    async throws
  {
    let test = try await associated(8)
    let places = try frames(test.folder)
    for frame in 0..<7 {
      let folder = test.folder.copy()
      let place = Int.random(in: places[frame] + 4..<places[frame + 1] - 8)
      let byte = bytes(folder.segments[0], at: place, 1)[0]
      overwrite(folder.segments[0], at: place, [byte ^ (1 << UInt8.random(in: 0..<8))])
      let error = #expect(throws: StoreError.self) { try TestStore(folder) }
      #expect(error?.kind == .damaged)
      #expect(error?.description.contains(folder.segments[0]) == true)
      #expect(error?.description.contains("byte \(places[frame])") == true)
    }
  }

  @Test
  func
    `where the disk is not waited for, what stands behind a gap is dropped and told of, and never comes back`()
    async throws
  {
    let relaxed = StoreOptions(durability: .relaxed, foldAfter: 3_600_000)
    let test = try await associated(8)
    let places = try frames(test.folder)
    for frame in [2, 5, 7] {
      let folder = test.folder.copy()
      // Frame by frame of one size: those behind the gap would fit behind what is written into it.
      overwrite(
        folder.segments[0], at: places[frame], [UInt8](repeating: 0, count: places[frame + 1] - places[frame])
      )
      var store = try TestStore(folder, options: relaxed)
      #expect(store.notices.all == [.endDropped(path: folder.segments[0], offset: places[frame])])
      for round in [frame, frame + 1] {
        #expect(try await store.record(ServiceID(1)!)?.service.customerID == "\(round - 1)")
        _ = try await store.associate(ServiceID(1)!, with: "\(round)", #"{"Note":\#(round)}"#)
        store = try TestStore(store.folder.copy(), options: relaxed)
      }
      #expect(try await store.record(ServiceID(1)!)?.service.customerID == "\(frame + 1)")
      #expect(store.notices.all.isEmpty)
    }
  }

  @Test(arguments: StoreOptions.Durability.allCases)
  func `a journal that ends before the tables do begins anew: the store opens, now and later`(
    _ durability: StoreOptions.Durability
  ) async throws {
    let options = StoreOptions(durability: durability, foldAfter: 3_600_000)
    let test = try await associated(8)
    let places = try frames(test.folder)
    try await test.run { try await $0.settle() }
    for frame in [0, 4, 8] {
      let folder = test.folder.copy()
      overwrite(
        folder.segments[0], at: places[frame], [UInt8](repeating: 0, count: places[9] - places[frame]))
      var store = try TestStore(folder, options: options)
      for round in 9...11 {
        #expect(try await store.record(ServiceID(1)!)?.service.customerID == "\(round - 1)")
        _ = try await store.associate(ServiceID(1)!, with: "\(round)", #"{"Note":\#(round)}"#)
        store = round == 9 ? try store.afterKill(options: options) : try store.afterClose(options: options)
      }
      #expect(try await store.record(ServiceID(1)!, .all)?.extensionTexts == ["Note=11"])
      #expect(try await store.changes(after: 9).map(\.sequence) == [10, 11, 12])
      let error = await #expect(throws: ContextError.self) { try await store.changes(after: 0) }
      #expect(error?.code == "changes_gone", "nobody misses changes unawares")
    }
  }

  @Test func `a backup of a store whose journal is damaged fails, and that of one that is at work does not`()
    async throws
  {
    let test = try await associated(8)
    let places = try frames(test.folder)
    let folder = test.folder.copy()
    try StoreBackup.copy(folder: test.folder.path, to: "\(folder.path)/whole")
    let place = places[4] + 20
    overwrite(folder.segments[0], at: place, [bytes(folder.segments[0], at: place, 1)[0] ^ 1])
    let error = #expect(throws: StoreError.self) {
      try StoreBackup.copy(folder: folder.path, to: "\(folder.path)/backup")
    }
    #expect(error?.kind == .damaged)
    #expect(folder.names.filter { $0.hasPrefix("backup") }.isEmpty)
  }

  @Test func `what a torn end leaves behind is never taken for a frame of later writes`() async throws {
    let test = try await associated(6)
    let places = try frames(test.folder)
    let folder = test.folder.copy()
    overwrite(folder.segments[0], at: places[7] - 9, [0xFF])
    let after = try TestStore(folder, options: unfolded)
    #expect(try await after.record(ServiceID(1)!)?.service.customerID == "5")
    // Shorter than what was torn.
    _ = try await after.associate(ServiceID(1)!, with: "6", #"{"Note":6}"#)
    #expect(try await customer(folder.copy()).0 == "6")
  }

  @Test func `segments follow each other; the changes of old ones go, those that are wanted stay`()
    async throws
  {
    let folder = TemporaryFolder()
    let options = StoreOptions(changesKept: 300, foldAfter: 3_600_000, largestSegment: 1 << 20)
    do {
      let test = try TestStore(folder, options: options)
      let text = String(repeating: "x", count: 4000)
      for _ in 0..<40 {
        _ = await test.writeTogether(
          (0..<25).map { _ in .starting(.single, .starting(customer: "A", at: 1, #"{"Text":"\#(text)"}"#)) })
      }
      #expect(folder.segments.count >= 8)
      #expect(try await test.changes(after: 500, limit: 3).map(\.sequence) == [501, 502, 503])
      try await test.run { try await $0.settle() }
      // The next fold removes what the one before has made superfluous.
      _ = try await test.start(customer: "B")
      try await test.run { try await $0.settle() }
      #expect(folder.segments.count <= 5)
      #expect(try await test.changes(after: 701).map(\.sequence) == Array(702...1001))
      let error = await #expect(throws: ContextError.self) { try await test.changes(after: 0) }
      #expect(error?.status == 410)
      #expect(error?.code == "changes_gone")
    }
    let after = try TestStore(folder, options: options)
    #expect(try await after.start(customer: "B").rawValue == 1002)
    #expect(try await after.changes(after: 1000).map(\.sequence) == [1001, 1002])
  }

  @Test func `a file that is used again is a new segment: what it held before is never taken for frames`()
    async throws
  {
    let options = StoreOptions(changesKept: 1, foldAfter: 3_600_000, largestSegment: 1 << 20)
    let test = try TestStore(options: options)
    let id = try await test.start(customer: "0")
    var newest = 0
    func associate(_ count: Int) async throws {
      for _ in 0..<count {
        newest += 1
        // Not the same in two frames: half of one and half of another that stood there before would be a whole one.
        let text = String(repeating: "\(newest) ", count: 5000)
        _ = try await test.associate(id, with: "\(newest)", #"{"Text":"\#(text)"}"#)
      }
    }
    func fold() async throws {
      for _ in 0..<2 {
        try await associate(1)
        try await test.run { try await $0.settle() }
      }
    }
    func files() -> Set<ino_t> {
      Set(
        test.folder.journalFiles.map { path in
          var status = stat()
          return stat(path, &status) == 0 ? status.st_ino : 0
        })
    }
    try await associate(150)
    let first = files()
    #expect(test.folder.segments.count >= 4)
    try await fold()
    #expect(test.folder.segments.count <= 2)
    #expect(test.folder.journalFiles.contains { $0.hasSuffix(".spare") })
    var used: Set<ino_t> = []
    for _ in 0..<8 {
      try await associate(40)
      try await fold()
      used.formUnion(files())
      #expect(try await test.afterKill(options: options).record(id)?.service.customerID == "\(newest)")
    }
    // One a round without; a busy machine may make one before another is free.
    #expect(used.subtracting(first).count <= 4, "files are used again")

    // A power cut leaves of the last frames what was written, and behind it what the file held before.
    try await associate(20)
    let before = test.folder.copy()
    try await associate(3)
    let path = try newestSegment(before)
    let places = try frames(test.folder)
    #expect(try frames(before) == places.dropLast(3), "all in one segment")
    for cut in stride(from: places[places.count - 4] + 1, to: places.last!, by: 997) {
      let folder = test.folder.copy()
      // The next segment's file may be there already.
      let torn = folder.path + path.dropFirst(before.path.count)
      overwrite(torn, at: cut, bytes(path, at: cut, places.last! - cut))
      let whole = places.lastIndex { $0 <= cut }! - (places.count - 1)
      let after = try TestStore(folder, options: options)
      #expect(try await after.record(id)?.service.customerID == "\(newest + whole)")
      guard case .endDropped(_, let offset) = after.notices.all.first else {
        #expect(cut < places[places.count - 1 + whole] + JournalFrame.headSize)
        continue
      }
      #expect(offset == places[places.count - 1 + whole])
    }
    // Nothing was torn: what stands behind the last frame is told to nobody.
    let whole = try TestStore(test.folder.copy(), options: options)
    #expect(whole.notices.all.isEmpty)

    test.store.close()
    #expect(!test.folder.journalFiles.contains { $0.hasSuffix(".spare") })
    for path in test.folder.segments {
      guard let segment = try JournalSegment.open(path) else { continue }
      #expect(path.hasSuffix("\(segment.head.index).journal"), "no file waits under another one's name")
    }
  }

  @Test func `a journal with a gap, of another store, or of a newer server is refused`() async throws {
    let options = StoreOptions(foldAfter: 3_600_000, largestSegment: 1 << 20)
    let test = try TestStore(options: options)
    let text = String(repeating: "x", count: 4000)
    for _ in 0..<30 {
      _ = await test.writeTogether(
        (0..<25).map { _ in .starting(.single, .starting(customer: "A", at: 1, #"{"Text":"\#(text)"}"#)) })
    }
    let gap = test.folder.copy()
    unlink(gap.segments[1])
    #expect(#expect(throws: StoreError.self) { try TestStore(gap) }?.kind == .damaged)
    let headless = test.folder.copy()
    unlink(headless.segments[0])
    #expect(#expect(throws: StoreError.self) { try TestStore(headless) }?.kind == .damaged)
    let other = try await associated(1)
    let foreign = test.folder.copy()
    for path in foreign.segments { unlink(path) }
    #expect(rename(other.folder.segments[0], "\(foreign.path)/journal/0000000001.journal") == 0)
    let error = #expect(throws: StoreError.self) { try TestStore(foreign) }
    #expect(error?.description.contains("another store") == true)
  }

  @Test func `frames survive the way through bytes, and damaged ones are never read`() throws {
    for seed in 1...200 {
      let batch = Batch.random(seed)
      let buffer = JournalBuffer()
      var places: [Location] = []
      JournalFrame.append(batch, number: 7, salt: 99, to: buffer, &places)
      let bytes = Array(buffer.bytes)
      try bytes.withUnsafeBytes { bytes in
        let head = try #require(JournalFrame.Head(bytes))
        #expect(head.number == 7 && head.counters == batch.counters && head.frameSize == bytes.count)
        #expect(JournalFrame.isWhole(head, bytes, salt: 99))
        #expect(!JournalFrame.isWhole(head, bytes, salt: 98))
        #expect(JournalFrame.changes(head, bytes) == batch.changes)
        var puts: [Record] = []
        var deletions: [RecordKey] = []
        JournalFrame.forEachPut(head, bytes) { key, owner, flags, offset, size in
          #expect(Int(places[puts.count].offset) == offset && Int(places[puts.count].size) == size)
          var cursor = JournalCursor(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
          guard let record = JournalFrame.PutParts(&cursor).record, !cursor.isDamaged, cursor.offset == size
          else {
            Issue.record("no record at \(offset)")
            return
          }
          #expect(record.key == key && record.owner == owner && JournalFrame.Flags(of: record) == flags)
          puts.append(record)
        } deletion: {
          deletions.append($0)
        }
        #expect(puts == batch.puts)
        #expect(deletions == batch.deletions)
      }
      for _ in 0..<20 {
        var damaged = bytes
        damaged[Int.random(in: 0..<bytes.count - 8)] ^= UInt8.random(in: 1...255)
        damaged.withUnsafeBytes { bytes in
          guard let head = JournalFrame.Head(bytes), head.frameSize <= bytes.count else { return }
          #expect(!JournalFrame.isWhole(head, bytes, salt: 99))
        }
      }
    }
  }
}

extension Batch {
  fileprivate static func random(_ seed: Int) -> Batch {
    var batch = Batch(
      counters: StoreCounters(nextServiceID: .random(in: 1...1 << 52), lastSequence: .random(in: 0...1 << 60))
    )
    func text() -> String {
      String((0..<Int.random(in: 0...40)).map { _ in "aZ0\"\\ü€😀\u{0}".randomElement()! })
    }
    func bytes() -> [UInt8] { (0..<Int.random(in: 0...600)).map { _ in .random(in: 0...255) } }
    func key() -> RecordKey {
      RecordKey(
        RecordKey.Kind.allCases.randomElement()!, Tenant(rawValue: .random(in: 1...9)),
        service: .random(in: 0...99), number: .random(in: -5...1 << 40), name: text())
    }
    for _ in 0..<seed % 7 {
      var change = Change(
        Change.Kind.allCases.randomElement()!, tenant: Tenant(rawValue: 3),
        service: ServiceID(.random(in: 0...5)),
        revision: Bool.random() ? .random(in: 1...9) : nil,
        at: Timestamp(milliseconds: .random(in: -9...1 << 45)),
        customerBefore: Bool.random() ? text() : nil, customer: Bool.random() ? text() : nil,
        interaction: Bool.random() ? text() : nil, principal: Bool.random() ? text() : nil, event: bytes())
      change.sequence = .random(in: 1...1 << 60)
      batch.changes.append(change)
    }
    for _ in 0..<seed % 5 {
      var record = Record(
        key(), name: text(), revision: .random(in: 0...1 << 50), document: bytes(), hidden: bytes())
      record.sequence = .random(in: 0...1 << 60)
      record.owner = .random(in: 0...UInt64.max)
      record.isNew = .random()
      record.movesInIndexes = .random()
      batch.puts.append(record)
    }
    for _ in 0..<seed % 3 { batch.deletions.append(key()) }
    return batch
  }
}
