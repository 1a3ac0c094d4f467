import ContextModel
import EventLoop

/// Collects what the calls of one tick want from a store thread, and hands it over once at the tick's end.
/// Loop thread only.
final class Gatherer<Call: PendingCall>: EndOfTickWork, @unchecked Sendable {
  var waitsForEndOfTick = false
  private let loop: EventLoop
  private let mailbox: Mailbox<Call>
  private var calls: [Call] = []

  init(loop: EventLoop, mailbox: Mailbox<Call>) {
    self.loop = loop
    self.mailbox = mailbox
  }

  /// Hands `call` over at the end of this tick.
  func gather(_ call: Call) {
    calls.append(call)
    loop.atEndOfTick(self)
  }

  func endOfTick() {
    if !mailbox.append(calls) {
      for call in calls {
        call.fail(.storeUnavailable(StoreError.Kind.closed.words))
        call.resume()
      }
    }
    calls.removeAll(keepingCapacity: true)
  }
}
