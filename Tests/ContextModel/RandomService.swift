import ContextModel
import JSON
import TestSupport

extension AttributeValue {
  static func random(_ numbers: inout SeededNumbers) -> AttributeValue {
    numbers.once(in: 2)
      ? .id(Int64(bitPattern: numbers.next()))
      : .name(["voice", #"é"\"#, "\u{0}\n", "😀"].randomElement(using: &numbers)!)
  }
}

extension EventFields {
  /// Each field given or not, with values of any kind it can have.
  static func random(_ numbers: inout SeededNumbers) -> EventFields {
    func text(_ numbers: inout SeededNumbers) -> String? {
      [nil, "a", #"ü/\""#, "\u{1}"].randomElement(using: &numbers)!
    }
    var fields = EventFields()
    fields.timestamp = Timestamp(
      milliseconds: Int64.random(in: -60_000_000_000_000...250_000_000_000_000, using: &numbers))
    fields.sessionID = text(&numbers)
    fields.interactionID = text(&numbers)
    if numbers.once(in: 2) { fields.applicationType = .random(&numbers) }
    if numbers.once(in: 2) { fields.applicationID = Int64(bitPattern: numbers.next()) }
    if numbers.once(in: 2) { fields.resourceType = .random(&numbers) }
    if numbers.once(in: 2) { fields.resourceID = Int64(bitPattern: numbers.next()) }
    if numbers.once(in: 2) { fields.mediaType = .random(&numbers) }
    return fields
  }
}

extension Event {
  static func random(_ numbers: inout SeededNumbers) -> Event {
    var event = Event()
    event.fields = .random(&numbers)
    if numbers.once(in: 2) { event.customerID = "c\(numbers.next())" }
    if numbers.once(in: 2) { event.contactKey = "+15550100" }
    if numbers.once(in: 2) { event.type = .random(&numbers) }
    if numbers.once(in: 2) {
      event.estimatedDuration = Int64.random(in: 0...ServiceID.maximum, using: &numbers)
    }
    if numbers.once(in: 2) { event.disposition = .random(&numbers) }
    if numbers.once(in: 2) { event.dispositionDescription = ["", "wörds"].randomElement(using: &numbers) }
    return event
  }
}
