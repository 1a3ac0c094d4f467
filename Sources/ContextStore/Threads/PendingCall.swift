import ContextModel
import EventLoop

/// A call that waits for another thread. The one object that is made for it.
///
/// It belongs to one thread at a time: to the loop until it is handed over, to the store's thread until that posts
/// it back, then to the loop again.
class PendingCall: @unchecked Sendable {
  /// The place of the loop where the answer is awaited.
  let loop: Int
  init(loop: Int) { self.loop = loop }

  /// Sets the outcome.
  func fail(_ error: ContextError) { preconditionFailure("every pending call has an outcome of its own") }

  /// Lets the caller go on with the outcome. Once, loop thread only.
  func resume() { preconditionFailure("every pending call has an outcome of its own") }
}

/// A change that waits for its batch, whatever it is.
class PendingDecision: PendingCall, @unchecked Sendable {
  /// Who must have seen it first, and what it knew when the change was made.
  let audience: (any CommitAudience)?
  private let ticket: Int64
  private var homeward: Homeward?

  init(loop: Int, _ audience: (any CommitAudience)?) {
    self.audience = audience
    ticket = audience?.ticket() ?? 0
    super.init(loop: loop)
  }

  /// What the audience is to be shown of the outcome.
  var mapping: Mapping? { nil }

  /// What the audience is to be shown, if there is one, on the loop where `homeward` is.
  final func shown(_ homeward: Homeward) -> ShownCommit? {
    guard audience != nil, let mapping else { return nil }
    self.homeward = homeward
    // A closure that holds one reference costs no allocation.
    return ShownCommit(mapping: mapping, ticket: ticket) { self.homeward?.bring(self) }
  }

  /// See `StoreChange.prefetch`.
  func prefetch(into keys: inout [RecordKey]) {}
  /// Sets the outcome, which counts once the batch is durable.
  func decide(in transaction: StoreTransaction) {}
}

/// A change of one type that waits for its batch.
final class PendingWrite<Change: StoreChange>: PendingDecision, @unchecked Sendable {
  let change: Change
  private var outcome: Result<Change.Outcome, ContextError>?
  private let completion: (Result<Change.Outcome, ContextError>) -> Void

  init(
    _ change: Change, loop: Int, _ audience: (any CommitAudience)?,
    _ completion: @escaping (Result<Change.Outcome, ContextError>) -> Void
  ) {
    self.change = change
    self.completion = completion
    super.init(loop: loop, audience)
  }

  override var mapping: Mapping? {
    @specialized(where Change == AssociateService)
    get {
      guard case .success(let outcome) = outcome else { return nil }
      return Change.mapping(in: outcome)
    }
  }

  @specialized(where Change == AssociateService)
  override func prefetch(into keys: inout [RecordKey]) { change.prefetch(into: &keys) }
  @specialized(where Change == AssociateService)
  override func decide(in transaction: StoreTransaction) { outcome = transaction.decide(change) }
  override func fail(_ error: ContextError) { outcome = .failure(error) }
  @specialized(where Change == AssociateService)
  override func resume() { completion(outcome.unsafelyUnwrapped) }
}

/// A read that waits for its batch, whatever it asks for.
class PendingQuestion: PendingCall, @unchecked Sendable {
  /// The services that it asks for by their ids, for `StoreReader.expect`.
  let services: [Int64]
  /// Whether it reads what only tables know, see `StoreReader.settle`.
  let settlesFirst: Bool

  init(loop: Int, services: [Int64], settlesFirst: Bool) {
    self.services = services
    self.settlesFirst = settlesFirst
    super.init(loop: loop)
  }

  /// Sets the outcome.
  func answer(from view: StoreView) { preconditionFailure("every question has an answer of its own") }
}

/// A read of one type that waits for its batch.
final class PendingRead<Answer: Sendable>: PendingQuestion, @unchecked Sendable {
  private let question: @Sendable (StoreView) throws(StoreError) -> Answer
  private var outcome: Result<Answer, ContextError>?
  private let completion: (Result<Answer, ContextError>) -> Void

  init(
    loop: Int, services: [Int64], settlesFirst: Bool,
    _ question: @escaping @Sendable (StoreView) throws(StoreError) -> Answer,
    _ completion: @escaping (Result<Answer, ContextError>) -> Void
  ) {
    self.question = question
    self.completion = completion
    super.init(loop: loop, services: services, settlesFirst: settlesFirst)
  }

  @specialized(where Answer == [Mapping])
  override func answer(from view: StoreView) {
    do throws(StoreError) {
      outcome = .success(try question(view))
    } catch {
      fail(.storeUnavailable(error.kind.words))
    }
  }

  override func fail(_ error: ContextError) { outcome = .failure(error) }
  @specialized(where Answer == [Mapping])
  override func resume() { completion(outcome.unsafelyUnwrapped) }
}

extension [EventLoop] {
  /// Brings calls back to the loops where they are awaited, with one post per loop. Any thread.
  func deliver(_ calls: [some PendingCall]) {
    guard count > 1 else { return self[0].post { for call in calls { call.resume() } } }
    for (index, loop) in enumerated() {
      let own = calls.filter { $0.loop == index }
      guard !own.isEmpty else { continue }
      loop.post { for call in own { call.resume() } }
    }
  }
}
