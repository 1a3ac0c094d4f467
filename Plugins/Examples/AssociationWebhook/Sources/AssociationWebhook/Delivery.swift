import ContextModel
import Glibc
import LiaisonKit

/// Follows the store's change sequence and posts its associations. The store keeps what waits and how far the receiver has
/// come: there is no other queue.
struct Delivery: Sendable {
  private let options: WebhookOptions
  private let feed: any ChangeFeed
  private let log: Log
  private let delivered: Counter
  private let refusals: Counter
  private let lost: Counter

  /// How many changes are read at once, if no larger batch is wanted: each may be as long as a body of the API.
  private static let mostRead = 100
  /// After so many changes that are no associations the position is kept. It costs a commit.
  private static let mostUnkept = 1000

  /// How far the receiver has come.
  private struct Progress {
    /// The newest change that is dealt with.
    var position: Int64
    /// The newest change that the store knows to be dealt with.
    var kept: Int64
    /// Associations were posted whose position is not kept.
    var hasPosted = false
    /// How long requests may be, in bytes. Less once the receiver has found one too long.
    var largest = 262_144

    init(behind position: Int64) {
      self.position = position
      kept = position
    }
  }

  init(_ options: WebhookOptions, _ context: PluginContext) {
    self.options = options
    feed = context.feed
    log = context.log
    delivered = context.metrics.counter(
      "liaison_association_webhook_delivered_total", help: "Associations that the receiver has taken.")
    refusals = context.metrics.counter(
      "liaison_association_webhook_refusals_total",
      help: "Requests that failed, and were or will be repeated.")
    lost = context.metrics.counter(
      "liaison_association_webhook_lost_changes_total",
      help: "Changes that the store did not keep until the receiver had them.")
  }

  /// Delivers until the task is cancelled. It may run again after that, when others have delivered in between.
  func run() async {
    guard var progress = await begin() else { return }
    // What was cancelled posts nothing any more.
    let receiver = Receiver(url: options.url, secret: options.secret, timeout: options.timeout)
    while !Task.isCancelled {
      do {
        try await deliver(&progress, to: receiver)
      } catch let gone as ChangesGone {
        lost.add(Int(gone.oldest - gone.after) - 1)
        log.error("associations may be lost to the receiver", ["reason": "\(gone)"])
        progress.position = gone.oldest - 1
      } catch {
        await leaveStoreAlone()
      }
    }
  }

  /// - Returns: `nil` if the task was cancelled first.
  private func begin() async -> Progress? {
    while !Task.isCancelled {
      do { return Progress(behind: try await feed.begin()) } catch { await leaveStoreAlone() }
    }
    return nil
  }

  /// The store says itself when it fails.
  private func leaveStoreAlone() async { try? await Task.sleep(for: .seconds(1)) }

  /// Deals with the next changes, or waits for them.
  private func deliver(_ progress: inout Progress, to receiver: Receiver) async throws {
    // What was posted but could not be kept is not posted again for that.
    try await keep(&progress)
    let changes = try await feed.changes(
      behind: progress.position, limit: max(options.batch, Self.mostRead))
    guard let last = changes.last else { return await feed.wait(behind: progress.position) }
    var rest = changes.filter { $0.kind == .associate }[...]
    while let batch = AssociationBatch(of: rest, atMost: options.batch, bytes: progress.largest) {
      guard try await post(batch, to: receiver) else {
        progress.largest = batch.text.count / 2
        continue
      }
      rest = rest.dropFirst(batch.count)
      progress.position = batch.last
      progress.hasPosted = true
      try await keep(&progress)
    }
    progress.position = last.sequence
  }

  private func keep(_ progress: inout Progress) async throws {
    guard progress.hasPosted || progress.position - progress.kept >= Self.mostUnkept else { return }
    try await feed.keep(progress.position)
    progress.kept = progress.position
    progress.hasPosted = false
  }

  /// Posts until the receiver has taken it.
  ///
  /// - Returns: `false` if the receiver finds it too long and it can be shorter.
  /// - Throws: `CancellationError` if the task was cancelled first.
  private func post(_ batch: AssociationBatch, to receiver: Receiver) async throws -> Bool {
    var pause: Duration = .milliseconds(100)
    var attempts = 0
    while true {
      try Task.checkCancellation()
      attempts += 1
      do {
        try await receiver.post(
          batch.text, delivery: "\(batch.first)-\(batch.last)", time: Int64(time(nil)))
        delivered.add(batch.count)
        if attempts > 1 { log.info("the receiver takes associations again", ["attempts": "\(attempts)"]) }
        return true
      } catch {
        try Task.checkCancellation()
        refusals.add()
        if let refusal = error as? Receiver.Refusal, refusal.isTooLong, batch.count > 1 { return false }
        if attempts == 1 {
          log.warning(
            "the receiver does not take associations; they wait in the store",
            ["receiver": options.receiver, "reason": "\(error)"])
        }
        // Not all at the same moment, if several servers wait for one receiver.
        try? await Task.sleep(for: min(pause, options.longestPause) * Double.random(in: 0.5...1))
        pause = min(pause * 2, options.longestPause)
      }
    }
  }
}
