import EventLoop
import LiaisonKit
import Testing

extension Pipeline {
  /// What becomes of a call that begins on a loop, whose stages need no task of the caller's.
  func outcome(ofCall number: UInt64 = 1, on loop: EventLoop) async -> Result<Reply, any Error> {
    await withUnsafeContinuation { continuation in
      loop.post {
        do {
          let rest = try self.begin(.make(number)) { continuation.resume(returning: $0) }
          #expect(rest == nil)
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
  }
}
