import ContextModel
import EventLoop

/// The body of a reader thread: takes the reads that have gathered and answers them from one moment of the store,
/// chosen after they were taken. So a read sees every write that was acknowledged before it was asked.
final class ReadWorker: @unchecked Sendable {
  private let reader: any StoreReader
  private let mailbox: Mailbox<PendingRead>
  private let loops: [EventLoop]

  /// A batch is answered as a whole, so a large one would make its first reads wait for its last.
  private static let maximumBatch = 64

  init(reader: any StoreReader, mailbox: Mailbox<PendingRead>, loops: [EventLoop]) {
    self.reader = reader
    self.mailbox = mailbox
    self.loops = loops
  }

  /// Works until the mailbox is closed and empty.
  func run() {
    var batch: [PendingRead] = []
    while mailbox.take(into: &batch, atMost: Self.maximumBatch) == .some {
      answer(batch)
      loops.deliver(batch)
      batch.removeAll(keepingCapacity: true)
    }
  }

  private func answer(_ batch: [PendingRead]) {
    do throws(StoreError) {
      try reader.begin()
    } catch {
      for pending in batch { pending.fail(.storeUnavailable(error.kind.words)) }
      return
    }
    defer { reader.end() }
    for pending in batch {
      do throws(StoreError) {
        pending.outcome = .success(try answer(pending.request))
      } catch {
        pending.fail(.storeUnavailable(error.kind.words))
      }
    }
  }

  private func answer(_ request: PendingRead.Request) throws(StoreError) -> PendingRead.Answer {
    switch request {
    case .service(let key, let extensions): return .service(try reader.service(key, extensions))
    case .services(let query): return .services(try reader.services(query))
    case .mappings(let keys):
      var mappings: [Mapping] = []
      mappings.reserveCapacity(keys.count)
      for key in keys {
        if let mapping = try reader.mapping(key) { mappings.append(mapping) }
      }
      return .mappings(mappings)
    }
  }
}
