import ContextModel

/// Writes commands in Redis's protocol into one buffer that is used again and again. One loop's.
struct CommandWriter {
  private var buffer = [UInt8](repeating: 0, count: 4096)
  /// How many bytes the last command has.
  private(set) var count = 0

  private static let epochKey: StaticString = "liaison:epoch"
  private static let nodesKey: StaticString = "{liaison:epoch}:nodes"
  private static let storeKey: StaticString = "{liaison:epoch}:store"
  private static let keyPrefix: StaticString = "liaison:service:"
  /// More than the headers, keys, numbers and fixed words of any command take together.
  private static let overhead = 4096
  /// More than the headers, keys, numbers and fixed words of an entry take.
  private static let overheadOfEntry = 192

  /// The last command; valid during the call.
  func withCommand<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// The write script by its digest, or by its text, which makes Redis know the digest again.
  mutating func write(_ writes: [GatheredWrite], epoch: Int64, timeToLive: Int64, digest: [UInt8]?) {
    let sizes = writes.reduce(0) { sizes, write in
      sizes + Self.overheadOfEntry + write.service.document.count
        + (write.service.customer?.utf8.count ?? 0)
    }
    let runs = Self.runs(writes)
    compose(arguments: 6 + 3 * runs.count + 4 * writes.count, sizes) { command in
      command.script(CacheScripts.write, digest: digest)
      command.argument(Int64(writes.count + 1))
      command.argument(Self.epochKey)
      for write in writes { command.key(Self.keyPrefix, write.service.service) }
      command.argument(epoch)
      command.argument(timeToLive)
      for run in runs {
        command.argument(Int64(run.count))
        command.argument(writes[run.lowerBound].service.tenant.rawValue)
        command.argument(writes[run.lowerBound].service.status)
        for write in writes[run] {
          let service = write.service
          command.argument(service.revision)
          command.argument(service.document)
          var customer = service.customer ?? ""
          customer.withUTF8 { command.argument(UnsafeRawBufferPointer($0)) }
        }
      }
    }
  }

  /// The script for one entry of a cluster, by its digest or its text.
  mutating func write(_ service: CachedService, epoch: Int64, timeToLive: Int64, digest: [UInt8]?) {
    let sizes = service.document.count + (service.customer?.utf8.count ?? 0)
    compose(arguments: 11, sizes) { command in
      command.script(CacheScripts.writeInCluster, digest: digest)
      command.argument("1")
      command.key(Self.keyPrefix, service.service)
      command.argument(epoch)
      command.argument(timeToLive)
      command.argument(service.tenant.rawValue)
      command.argument(service.status)
      command.argument(service.revision)
      command.argument(service.document)
      var customer = service.customer ?? ""
      customer.withUTF8 { command.argument(UnsafeRawBufferPointer($0)) }
    }
  }

  /// Where neighbours share tenant and status: almost always one run, and each word that Redis need not read counts.
  private static func runs(_ writes: [GatheredWrite]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for place in writes.indices {
      if let last = runs.last, writes[last.lowerBound].service.sharesHead(with: writes[place].service) {
        runs[runs.count - 1] = last.lowerBound..<place + 1
      } else {
        runs.append(place..<place + 1)
      }
    }
    return runs
  }

  /// The fields that ``CacheClient`` reads of an entry.
  mutating func read(_ id: ServiceID) {
    compose(arguments: 6) { command in
      command.argument("HMGET")
      command.key(Self.keyPrefix, id)
      command.argument("epoch")
      command.argument("tenant")
      command.argument("revision")
      command.argument("document")
    }
  }

  /// Removes an entry.
  mutating func remove(_ id: ServiceID) {
    compose(arguments: 2) { command in
      command.argument("DEL")
      command.key(Self.keyPrefix, id)
    }
  }

  /// The epoch in Redis.
  mutating func readEpoch() {
    compose(arguments: 2) { command in
      command.argument("GET")
      command.argument(Self.epochKey)
    }
  }

  /// The script that takes over another node's epoch, or raises it.
  mutating func renewEpoch(known: Int64, now: Int64, raising: Bool, _ options: CacheOptions) {
    compose(arguments: 11) { command in
      command.argument("EVAL")
      command.argument(CacheScripts.renewEpoch)
      command.argument("3")
      command.argument(Self.epochKey)
      command.argument(Self.storeKey)
      command.argument(Self.nodesKey)
      command.argument(known)
      command.argument(now)
      command.argument(raising ? "raise" : "adopt")
      command.argument(options.store)
      command.argument(options.storeMemory.milliseconds)
    }
  }

  /// Holds, watches or ends a lease, see `CacheScripts.lease`.
  mutating func lease(_ lease: CacheLease, for node: String, _ options: CacheOptions) {
    let commits = options.commits()
    let sizes = (commits ?? [:]).reduce(node.utf8.count) { $0 + $1.key.utf8.count + 64 }
    compose(arguments: 13 + (commits.map { 2 * $0.count } ?? 1), sizes) { command in
      command.argument("EVAL")
      command.argument(CacheScripts.lease)
      command.argument("5")
      command.argument(Self.epochKey)
      command.argument(Self.nodesKey)
      command.argument("{liaison:epoch}:raised")
      command.argument(Self.storeKey)
      command.argument("{liaison:epoch}:raised-for")
      command.argument(Array(node.utf8))
      command.argument(lease.word)
      command.argument(options.leaseTime.milliseconds)
      command.argument(options.leaseMemory.milliseconds)
      command.argument(options.store)
      guard let commits else { return command.argument("*") }
      for (node, count) in commits {
        command.argument(Array(node.utf8))
        command.argument(count)
      }
    }
  }

  /// Who the connection is for.
  mutating func authenticate(_ credentials: RedisCredentials) {
    command(["AUTH"] + (credentials.user.map { [$0] } ?? []) + [credentials.password])
  }

  /// A command that is not sent often.
  mutating func command(_ words: [String]) {
    compose(arguments: words.count, words.reduce(0) { $0 + $1.utf8.count + 32 }) { command in
      for word in words { command.argument(Array(word.utf8)) }
    }
  }

  /// What the instance tells of itself.
  mutating func information() {
    compose(arguments: 1) { command in
      command.argument("INFO")
    }
  }

  /// Makes Redis know the write script; the answer is its digest.
  mutating func loadWriteScript(_ isClustered: Bool) {
    compose(arguments: 3) { command in
      command.argument("SCRIPT")
      command.argument("LOAD")
      command.argument(isClustered ? CacheScripts.writeInCluster : CacheScripts.write)
    }
  }

  /// Makes room, for `sizes` bytes of content too, and writes a command.
  private mutating func compose(arguments: Int, _ sizes: Int = 0, _ body: (inout CommandComposition) -> Void)
  {
    if buffer.count < sizes + Self.overhead {
      buffer = [UInt8](repeating: 0, count: sizes + Self.overhead)
    }
    count = buffer.withUnsafeMutableBytes { room in
      var command = CommandComposition(room)
      command.header(UInt8(ascii: "*"), Int64(arguments))
      body(&command)
      return command.position
    }
  }
}

extension CachedService {
  /// The word that stands in the entry.
  fileprivate var status: StaticString { isDeleted ? "deleted" : isCompleted ? "completed" : "active" }

  /// Whether tenant and status are the same.
  fileprivate func sharesHead(with other: CachedService) -> Bool {
    tenant == other.tenant && isCompleted == other.isCompleted && isDeleted == other.isDeleted
  }
}
