import ContextModel
import EventLoop

/// The body of a reader thread: takes the reads that have gathered and answers them from one moment of the store,
/// chosen after they were taken. So a read sees every write that was acknowledged before it was asked.
final class ReadWorker: @unchecked Sendable {
  private let reader: any StoreReader
  private let mailbox: Mailbox<PendingQuestion>
  private let loops: [EventLoop]
  private let view: StoreView

  /// A batch is answered as a whole, so a large one would make its first reads wait for its last.
  private static let maximumBatch = 64

  init(reader: any StoreReader, mailbox: Mailbox<PendingQuestion>, loops: [EventLoop]) {
    self.reader = reader
    view = StoreView(reader: reader, documents: DocumentReader())
    self.mailbox = mailbox
    self.loops = loops
  }

  /// Works until the mailbox is closed and empty.
  func run() {
    var batch: [PendingQuestion] = []
    while mailbox.take(into: &batch, atMost: Self.maximumBatch) == .some {
      answer(batch)
      loops.deliver(batch)
      batch.removeAll(keepingCapacity: true)
    }
  }

  private func answer(_ batch: [PendingQuestion]) {
    do throws(StoreError) {
      if batch.contains(where: \.settlesFirst) { try reader.settle() }
      try reader.begin()
      if batch.count > 1 { try reader.expect(batch.flatMap(\.services)) }
    } catch {
      for pending in batch { pending.fail(.storeUnavailable(error.kind.words)) }
      return
    }
    defer { reader.end() }
    for pending in batch { pending.answer(from: view) }
  }
}
