public import ContextModel

/// How a store works.
public struct StoreOptions: Sendable {
  /// What an acknowledged write has survived.
  public enum Durability: String, CaseIterable, Sendable {
    /// It is on disk: a power cut does not lose it.
    case full
    /// It is in the system's hands: a kill does not lose it, a power cut may lose the newest ones.
    case relaxed
  }

  /// What an acknowledgement means.
  public var durability: Durability
  /// The most writes in one commit, 1 or more.
  public var maximumBatch: Int
  /// The number of threads (and connections) that read, 1 or more.
  public var readers: Int
  /// How many of the newest changes stay in the change sequence at least; older ones are removed little by little.
  public var changesKept: Int64
  /// When what was written comes from the journal into the tables: at the latest so many milliseconds after it, as far
  /// as the disk keeps up.
  public var foldAfter: Int
  /// … and when there are so many bytes of it. Twice as many hold writers up.
  public var foldBytes: Int
  /// The largest file of the journal in bytes; a new store begins with a small one.
  public var largestSegment: Int
  /// Bytes of database pages that folding keeps in memory; those who read keep less.
  public var pageCache: Int
  /// The size of the write-ahead log, in pages, from which it is brought into the database file.
  public var checkpointPages: Int

  /// How long services are kept and stay open.
  public var lifetime = LifetimePolicy()

  /// The most bytes of JSON to which an extension may grow; all of a profile together to 16 times as many.
  public var largestExtension = 1 << 20

  /// What tenants are called, for those who read the database: names by the numbers under which their data is kept.
  public var tenantNames: [Int64: String] = [:]

  /// What this server is called among those that share a store: no other one, nor this one after it has ended, has the name.
  public var node = String(UInt64.random(in: 0...UInt64.max), radix: 36)

  /// Options with the defaults that suit a center of some hundred thousand services.
  public init(
    durability: Durability = .full, maximumBatch: Int = 2048, readers: Int = 1,
    changesKept: Int64 = 1_000_000, foldAfter: Int = 30_000, foldBytes: Int = 512 << 20,
    largestSegment: Int = 64 << 20,
    pageCache: Int = 3 << 20, checkpointPages: Int = 2_000
  ) {
    self.durability = durability
    self.maximumBatch = maximumBatch
    self.readers = readers
    self.changesKept = changesKept
    self.foldAfter = foldAfter
    self.foldBytes = foldBytes
    self.largestSegment = largestSegment
    self.pageCache = pageCache
    self.checkpointPages = checkpointPages
  }
}
