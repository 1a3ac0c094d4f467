import EventLoop

/// Brings calls that have gone on on one loop to those where they are awaited: all of a tick with one post per loop.
/// Loop thread only.
final class Homeward: EndOfTickWork, @unchecked Sendable {
  var waitsForEndOfTick = false
  private let place: Int
  private let loops: [EventLoop]
  private var calls: [[PendingCall]]

  /// - Parameter place: the loop where they are.
  init(from place: Int, _ loops: [EventLoop]) {
    self.place = place
    self.loops = loops
    calls = Array(repeating: [], count: loops.count)
  }

  /// Lets a call go on: now if it is awaited here, else when the tick ends.
  func bring(_ call: PendingCall) {
    guard call.loop != place else { return call.resume() }
    calls[call.loop].append(call)
    loops[place].atEndOfTick(self)
  }

  func endOfTick() {
    for (home, own) in calls.enumerated() where !own.isEmpty {
      calls[home] = []
      loops[home].post { for call in own { call.resume() } }
    }
  }
}
