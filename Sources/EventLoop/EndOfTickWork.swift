/// Work that is put off to the end of a tick so that it happens once for everything the tick brought.
public protocol EndOfTickWork: AnyObject {
  /// Kept by the loop: whether this work already waits for the end of the current tick. Starts as `false`.
  var waitsForEndOfTick: Bool { get set }

  /// Called on the loop's thread after the ready handlers, posted jobs and resumed tasks of the tick.
  func endOfTick()
}
