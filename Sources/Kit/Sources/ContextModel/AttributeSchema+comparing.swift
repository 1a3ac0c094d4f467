public import JSON

extension AttributeSchema.ValueType {
  /// Writes a value so that equal values are the same text, however they were sent. What is no value of this type is compared
  /// as it is.
  ///
  /// - Parameters:
  ///   - value: absent and `null` are the same.
  ///   - writer: gets it.
  public func write(comparable value: JSONValue?, to writer: inout JSONWriter) {
    guard let value, !value.isNull else { return writer.null() }
    switch self {
    case .string, .date, .integer, .long, .boolean: break
    case .double:
      // -0 is 0.
      if let number = value.double { return writer.double(number + 0) }
    case .datetime:
      if let moment = value.withUTF8({ Timestamp(iso8601: $0) }) ?? nil {
        return writer.integer(moment.milliseconds)
      }
    case .currency:
      if AttributeSchema.isAmount(value) { return writer.raw(Amount(value).digits.utf8) }
    }
    writer.value(value)
  }
}
