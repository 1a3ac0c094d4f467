import ContextModel
import Foundation
import Testing

@testable import ContextStore

@Suite struct FoldWorkerTests {
  /// Whether a thread of that name waits for something.
  private func sleeps(_ name: String) -> Bool {
    let folder = "/proc/self/task"
    let threads = (try? Files.names(in: folder)) ?? []
    return threads.contains { thread in
      let state = try? String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
      return state?.contains("(\(name)) S") ?? false
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a writer that waits for room goes on when there is some, not only when the fold has ended`()
    async throws
  {
    let folder = TemporaryFolder()
    let options = StoreOptions(foldAfter: 3_600_000, foldBytes: 1000)
    let target = try SQLiteTarget(file: "\(folder.path)/\(SQLiteTarget.fileName)", options: options)
    let journal = try Journal.open(
      folder: "\(folder.path)/journal", store: target.store,
      options: Journal.Options(isDurable: true, largestSegment: 1 << 20), folded: try target.position()
    ) { _, _, _, _ in }
    let overlay = Overlay()
    let notices = Notices()
    let worker = FoldWorker(
      journal: journal, overlay: overlay, target: target, folded: 0, options: options, metrics: StoreMetrics()
    ) { notices.add($0) }
    overlay.growing.take(Journal.Position(frame: 1), bytes: 2 * options.foldBytes)
    // As long as somebody else has the database the fold does not end, but with a failure at last.
    let other = try SQLiteConnection(path: target.path, .write)
    try other.execute("BEGIN IMMEDIATE")
    let outcome = Box<Result<Void, StoreError>?>(nil)
    let writer = StoreThread(named: "test writer") {
      let result = Result { () throws(StoreError) in try worker.waitForRoom() }
      outcome.with { $0 = result }
    }
    while !sleeps("test writer") { try await Task.sleep(for: .milliseconds(1)) }
    let fold = StoreThread(named: "test fold") { worker.run() }
    writer.join()
    #expect(notices.all.isEmpty, "the fold goes on")
    #expect(throws: Never.self) { try outcome.value?.get() }
    try other.execute("ROLLBACK")
    worker.close()
    fold.join()
    journal.close()
  }
}
