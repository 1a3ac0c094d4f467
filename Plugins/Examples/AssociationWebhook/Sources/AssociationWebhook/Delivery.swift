import ContextModel
import Glibc
import LiaisonKit

/// Follows the store's change sequence and posts its associations. The store keeps what waits and how far the receiver has
/// come: there is no other queue.
struct Delivery: Sendable {
  private let options: WebhookOptions
  private let receiver: Receiver
  private let feed: any ChangeFeed
  private let log: Log
  private let delivered: Counter
  private let refusals: Counter
  private let lost: Counter

  /// How many changes are read at once; the position is kept at least that often.
  private static let mostRead = 1000

  init(_ options: WebhookOptions, _ context: PluginContext) {
    self.options = options
    receiver = Receiver(url: options.url, secret: options.secret, timeout: options.timeout)
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

  /// Delivers until the task is cancelled.
  func run() async {
    var position: Int64?
    while !Task.isCancelled {
      do {
        let start: Int64
        if let position { start = position } else { start = try await feed.begin() }
        position = try await deliver(behind: start)
      } catch let gone as ChangesGone {
        lost.add(Int(gone.oldest - gone.after) - 1)
        log.error("associations may be lost to the receiver", ["reason": "\(gone)"])
        position = gone.oldest - 1
      } catch {
        // The store says itself when it fails.
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// - Returns: the position that was reached.
  private func deliver(behind start: Int64) async throws -> Int64 {
    let changes = try await feed.changes(behind: start, limit: Self.mostRead)
    guard let last = changes.last else {
      await feed.wait(behind: start)
      return start
    }
    var position = start
    var rest = changes.filter { $0.kind == .associate }[...]
    while !rest.isEmpty {
      let batch = rest.prefix(options.batch)
      rest = rest.dropFirst(options.batch)
      guard await post(batch) else { return position }
      position = batch.last?.sequence ?? position
      try await feed.keep(position)
    }
    // What is no association needs no commit of its own, unless there is much of it.
    if changes.count == Self.mostRead, position < last.sequence { try await feed.keep(last.sequence) }
    return last.sequence
  }

  /// Posts until the receiver has taken it.
  ///
  /// - Returns: `false` if the task was cancelled first.
  private func post(_ batch: ArraySlice<Change>) async -> Bool {
    guard let first = batch.first?.sequence, let last = batch.last?.sequence else { return true }
    let body = AssociationBody.text(batch)
    var pause: Duration = .milliseconds(100)
    var attempts = 0
    while !Task.isCancelled {
      attempts += 1
      do {
        try await receiver.post(body, delivery: "\(first)-\(last)", time: Int64(time(nil)))
        delivered.add(batch.count)
        if attempts > 1 { log.info("the receiver takes associations again", ["attempts": "\(attempts)"]) }
        return true
      } catch {
        guard !Task.isCancelled else { return false }
        refusals.add()
        if attempts == 1 {
          log.warning(
            "the receiver does not take associations; they wait in the store",
            ["url": options.url, "reason": "\(error)"])
        }
        // Not all at the same moment, if several servers wait for one receiver.
        try? await Task.sleep(for: min(pause, options.longestPause) * Double.random(in: 0.5...1))
        pause = min(pause * 2, options.longestPause)
      }
    }
    return false
  }
}
