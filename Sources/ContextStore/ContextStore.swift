public import ContextModel
public import EventLoop
import Synchronization

/// The durable store as the pipeline's end sees it: writes gather into batches that become durable together, reads
/// see everything that was acknowledged.
///
/// The asynchronous methods are called by tasks that prefer an event loop of the store, on its thread, and resume
/// there. The others may be called on any thread.
public final class ContextStore: Sendable {
  let engine: any StoreEngine
  private let loops: [EventLoop]
  private let committer: Committer
  /// Tells this store from others. A backup of it, and a database copied with PostgreSQL's own tools, has the same.
  public let identity: Int64
  /// What this server is called among those that work on the store, anew at each start; `nil` if no other one can.
  public let node: String?
  /// Tells when the change sequence grows.
  let signal: ChangeSignal
  private let reads: Mailbox<PendingQuestion>
  /// Reads that wait for a fold first: they have a thread of their own, so that no other read waits with them.
  private let queries: Mailbox<PendingQuestion>
  private let writeGatherers: [Gatherer<PendingDecision>]
  private let readGatherers: [Gatherer<PendingQuestion>]
  private let queryGatherers: [Gatherer<PendingQuestion>]
  private let readThreads: [StoreThread]
  private let isClosed = Mutex(false)
  /// How often each server has committed, and when that was told.
  private let commits = Mutex<(nodes: [String: Int64], at: UInt64)?>(nil)

  /// Opens a store and starts its threads.
  ///
  /// - Parameters:
  ///   - location: where the data lies; made if it is not there.
  ///   - loops: those whose tasks call the store; the index of each is its place in the array.
  ///   - notice: called on a thread of the store when it begins to fail and when it works again.
  ///   - shared: called on a thread of the store when another server may have changed extension schemas or settings; and again
  ///     if it answers that it could not take that in.
  /// - Throws: a line for people, also if another process has the store open.
  public convenience init(
    opening location: StoreLocation, options: StoreOptions = StoreOptions(), loops: [EventLoop],
    notice: @escaping @Sendable (StoreNotice) -> Void = { _ in },
    shared: @escaping @Sendable (ContextStore) -> Bool = { _ in true }
  ) throws(StoreError) {
    let metrics = StoreMetrics()
    let engine: any StoreEngine
    switch location {
    case .folder(let folder):
      engine = try JournaledEngine(folder: folder, options: options, metrics: metrics, notice: notice)
    case .postgres(let postgres):
      engine = try PostgresEngine(postgres, options: options)
    }
    try self.init(
      engine: engine, options: options, metrics: metrics, loops: loops, notice: notice, shared: shared)
  }

  init(
    engine: any StoreEngine, options: StoreOptions, metrics: StoreMetrics, loops: [EventLoop],
    notice: @escaping @Sendable (StoreNotice) -> Void,
    shared: @escaping @Sendable (ContextStore) -> Bool = { _ in true }
  ) throws(StoreError) {
    precondition(!loops.isEmpty, "a store needs a loop to answer to")
    for (place, loop) in loops.enumerated() {
      precondition(loop.index == place, "loop \(loop.index) stands at place \(place)")
    }
    var readers: [any StoreReader] = []
    for _ in 0..<max(1, options.readers) { readers.append(try engine.makeReader()) }
    let queryReader = try engine.makeReader()
    self.engine = engine
    identity = engine.identity
    node = engine.node
    self.loops = loops
    self.metrics = metrics
    let committer = Committer(
      engine: engine, loops: loops, options: options,
      metrics: metrics, notice: notice)
    signal = committer.signal
    let reads = Mailbox<PendingQuestion>()
    self.committer = committer
    self.reads = reads
    let queries = Mailbox<PendingQuestion>()
    self.queries = queries
    writeGatherers = loops.map { Gatherer(loop: $0, mailbox: committer.mailbox) }
    readGatherers = loops.map { Gatherer(loop: $0, mailbox: reads) }
    queryGatherers = loops.map { Gatherer(loop: $0, mailbox: queries) }
    let queryWorker = ReadWorker(reader: queryReader, mailbox: queries, loops: loops)
    readThreads =
      readers.map { reader in
        let worker = ReadWorker(reader: reader, mailbox: reads, loops: loops)
        return StoreThread(named: "store read") { worker.run() }
      } + [StoreThread(named: "store query") { queryWorker.run() }]
    let signal = signal
    engine.watch { [weak self] news in
      switch news {
      case .changes(let newest): signal.grow(to: newest)
      case .shared: if let self { return shared(self) }
      case .commits(let nodes): self?.commits.withLock { $0 = (nodes, monotonicNanoseconds()) }
      case .lost(let newest):
        signal.shrink(to: newest)
        notice(.commitsLost(newest: newest))
      }
      return true
    }
  }

  deinit { close() }

  /// Makes a change, together with all others of the same moment. Returns when it is durable, and `audience`, if
  /// there is one, has let the call go on. One store has one audience.
  ///
  /// - Throws: 404, 409 and 412 for reasons of this change alone, decided in the order of arrival; 503
  ///   `store_unavailable` if it could not be kept.
  public func write<Change: StoreChange>(
    _ change: Change, before audience: (any CommitAudience)? = nil
  ) async throws(ContextError) -> Change.Outcome {
    try await withUnsafeContinuation { continuation in
      write(change, before: audience) { continuation.resume(returning: $0) }
    }.get()
  }

  /// Makes a change without a task. Loop thread only.
  ///
  /// - Parameter completion: called on the same loop when the asynchronous form would return, never before this returns.
  @specialized(where Change == AssociateService)
  public func write<Change: StoreChange>(
    _ change: Change, before audience: (any CommitAudience)? = nil,
    _ completion: @escaping (Result<Change.Outcome, ContextError>) -> Void
  ) {
    let place = placeOfCurrentLoop
    writeGatherers[place].gather(PendingWrite(change, loop: place, audience, completion))
  }

  /// A service as it is now, all acknowledged changes included; `nil` if the tenant has none of that id.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func service(
    _ id: ServiceID, tenant: Tenant, extensions: ExtensionSelection = .none, parts: PartSelection? = nil
  ) async throws(ContextError) -> ServiceRecord? {
    try await read([id.rawValue]) { view throws(StoreError) in
      try view.service(id, tenant, extensions, parts)
    }
  }

  /// The services of a customer or a contact key, ordered by start, then by id.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func services(_ query: ServiceQuery) async throws(ContextError) -> [ServiceRecord] {
    try await read { view throws(StoreError) in try view.services(query) }
  }

  /// States or tasks of a service, ordered by their ids; `nil` if there is no such service.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func parts(_ query: PartQuery) async throws(ContextError) -> [PartRecord]? {
    try await read { view throws(StoreError) in try view.parts(query) }
  }

  /// To whom a service has belonged, the newest association first; `nil` if there is no such service.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func associations(of id: ServiceID, tenant: Tenant) async throws(ContextError) -> [Association]? {
    try await read(settled: true) { view throws(StoreError) in try view.associations(of: id, tenant) }
  }

  /// In which services events have named interactions.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func mentions(
    _ query: InteractionMention.Query, tenant: Tenant
  ) async throws(ContextError) -> [InteractionMention] {
    try await read(settled: true) { view throws(StoreError) in
      try view.reader.mentions(query, tenant: tenant)
    }
  }

  /// The mappings of services as they are now, in the order asked for; services that do not exist are left out.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func mappings(of services: [(Tenant, ServiceID)]) async throws(ContextError) -> [Mapping] {
    try await withUnsafeContinuation { continuation in
      mappings(of: services) { continuation.resume(returning: $0) }
    }.get()
  }

  /// The mappings of services as they are now, without a task. Loop thread only.
  ///
  /// - Parameter completion: called on the same loop, never before this returns.
  public func mappings(
    of services: [(Tenant, ServiceID)], _ completion: @escaping (Result<[Mapping], ContextError>) -> Void
  ) {
    read(
      services.map(\.1.rawValue),
      { view throws(StoreError) in try view.mappings(of: services) }, completion)
  }

  /// The mappings of services of any tenant as they are now, in the order asked for; services that do not exist are left out.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func mappings(ofAnyTenant services: [ServiceID]) async throws(ContextError) -> [Mapping] {
    try await read(services.map(\.rawValue)) { view throws(StoreError) in
      try view.mappings(ofAnyTenant: services)
    }
  }

  /// A record as it is now, all acknowledged changes included; `nil` if there is none.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func record(_ key: RecordKey) async throws(ContextError) -> Record? {
    try await read { view throws(StoreError) in try view.record(key) }
  }

  /// The records of one kind that belong to a service, in the order of their keys.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) async throws(ContextError) -> [Record] {
    try await read { view throws(StoreError) in
      try view.reader.records(kind, of: service, tenant: tenant)
    }
  }

  /// Waits until everything that was acknowledged before is in the database's tables, for those who read the file.
  ///
  /// - Throws: 503 if it cannot be brought there.
  public func settle() async throws(ContextError) {
    // That it is read settled is all.
    try await read(settled: true) { _ in }
  }

  /// All extension schemas, for the start of a server. Blocks; any thread.
  public func schemas() throws(StoreError) -> [StoredSchema] {
    let reader = try engine.makeReader()
    try reader.begin()
    defer { reader.end() }
    return try reader.schemas()
  }

  /// What the server remembers under a name; `nil` for nothing. For the start of a server. Blocks; any thread.
  public func setting(_ name: String) throws(StoreError) -> [UInt8]? {
    let reader = try engine.makeReader()
    try reader.begin()
    defer { reader.end() }
    return try reader.record(.setting(name))?.document
  }

  func removeTracesInEngine(of erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    try engine.removeTraces(of: erasure)
  }

  /// Whether writes are being kept.
  public var health: StoreHealth { committer.condition.health }

  /// The bytes of the journal that are not in the database's tables yet.
  public var backlog: Int { engine.backlog }

  /// How often each server of a shared store has committed something, by `StoreOptions.node`, as of some seconds ago at most;
  /// `nil` if that is not known: the store has no other server, or does not answer. Any thread.
  public var commitsOfNodes: [String: Int64]? {
    commits.withLock { told in
      told.flatMap { monotonicNanoseconds() - $0.at < 3_000_000_000 ? $0.nodes : nil }
    }
  }

  /// What the store counts.
  public let metrics: StoreMetrics

  /// Commits what was handed over, then closes. Blocks; called on a thread that is no loop, before the loops stop.
  /// Calls that come later get 503. Without effect the second time.
  public func close() {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    guard isFirst else { return }
    committer.close()
    signal.close()
    reads.close()
    queries.close()
    for thread in readThreads { thread.join() }
    engine.close()
  }

  /// Reads in the next batch.
  ///
  /// - Parameters:
  ///   - services: those that are asked for by their ids.
  ///   - settled: whether only tables know the answer, see `StoreReader.settle`.
  func read<Answer: Sendable>(
    _ services: [Int64] = [], settled: Bool = false,
    _ question: @escaping @Sendable (StoreView) throws(StoreError) -> Answer
  ) async throws(ContextError) -> Answer {
    try await withUnsafeContinuation { continuation in
      read(services, settled: settled, question) { continuation.resume(returning: $0) }
    }.get()
  }

  private func read<Answer: Sendable>(
    _ services: [Int64], settled: Bool = false,
    _ question: @escaping @Sendable (StoreView) throws(StoreError) -> Answer,
    _ completion: @escaping (Result<Answer, ContextError>) -> Void
  ) {
    let place = placeOfCurrentLoop
    (settled ? queryGatherers : readGatherers)[place].gather(
      PendingRead(loop: place, services: services, settlesFirst: settled, question, completion))
  }

  /// The loop on whose thread the call is made.
  var loopOfCaller: EventLoop { loops[placeOfCurrentLoop] }

  private var placeOfCurrentLoop: Int {
    guard let loop = EventLoop.current, loop.index < loops.count, loops[loop.index] === loop else {
      preconditionFailure("the store is called on the thread of one of its event loops")
    }
    return loop.index
  }
}
