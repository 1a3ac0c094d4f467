import ContextModel

/// Reads the change sequence out of the journal. Remembers where it stopped, so that whoever follows the sequence does
/// not read a segment from its beginning each time. One thread at a time.
final class ChangeReader {
  private let journal: Journal
  /// Where the frame begins that holds the change behind a number, for the numbers asked for last.
  private var stops: [(sequence: Int64, segment: UInt32, offset: Int)] = []

  private static let mostStops = 16

  init(_ journal: Journal) { self.journal = journal }

  /// The changes behind a number, in order.
  ///
  /// - Returns: at most `limit`; none if there is no newer one. `nil` if the journal does not keep them any more.
  func changes(after sequence: Int64, limit: Int) throws(StoreError) -> [Change]? {
    let last = journal.position.counters.lastSequence
    guard sequence < last, limit > 0 else { return [] }
    let parts = journal.parts { $0.firstSequence <= sequence + 1 }
    guard let first = parts.first, first.segment.head.firstSequence <= sequence + 1 else { return nil }
    let stop = stops.last { $0.sequence == sequence }
    var changes: [Change] = []
    for (segment, end) in parts {
      if let stop, segment.head.index < stop.segment { continue }
      let isThere = stop?.segment == segment.head.index
      let scanner = FrameScanner(
        segment, from: isThere ? stop.map(\.offset) ?? JournalSegment.headSize : JournalSegment.headSize,
        to: end)
      while true {
        let offset = scanner.offset
        guard case .frame(let head, let bytes) = try scanner.next() else { break }
        guard head.counters.lastSequence > sequence else { continue }
        for change in JournalFrame.changes(head, bytes) where change.sequence > sequence {
          guard changes.count < limit else {
            remember(changes[changes.count - 1].sequence, segment, offset)
            return changes
          }
          changes.append(change)
        }
        if changes.last?.sequence == last {
          remember(last, segment, scanner.offset)
          return changes
        }
      }
    }
    return changes
  }

  private func remember(_ sequence: Int64, _ segment: JournalSegment, _ offset: Int) {
    stops.removeAll { $0.sequence == sequence }
    if stops.count >= Self.mostStops { stops.removeFirst() }
    stops.append((sequence, segment.head.index, offset))
  }
}
