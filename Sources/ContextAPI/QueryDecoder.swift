import ContextModel
import LiaisonKit

/// Reads the query of a request. A parameter that the operation does not know, or that stands twice, is refused.
struct QueryDecoder {
  let allowed: [QueryParameter]

  /// The most names in one list, and the longest of them.
  private static let mostNames = 100
  private static let longestName = 255

  /// Fills the call's filter and selections in.
  func decode(_ query: UnsafeRawBufferPointer, into call: Call) throws(ContextError) {
    var seen: [QueryParameter] = []
    var start = 0
    while start < query.count {
      var end = start
      while end < query.count && query[end] != UInt8(ascii: "&") { end += 1 }
      defer { start = end + 1 }
      guard end > start else { continue }
      let pair = UnsafeRawBufferPointer(rebasing: query[start..<end])
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
      let name = try percentDecoded(UnsafeRawBufferPointer(rebasing: pair[..<equals]), field: "query")
      guard let parameter = QueryParameter(rawValue: name), allowed.contains(parameter) else {
        throw .badField(
          name, code: "unknown_parameter", message: "This operation has no query parameter \(quoted(name)).",
          allowed: allowed.map(\.rawValue))
      }
      guard !seen.contains(parameter) else {
        throw .badField(name, code: "bad_parameter", message: "The query parameter \(name) stands twice.")
      }
      seen.append(parameter)
      let value = try percentDecoded(
        UnsafeRawBufferPointer(rebasing: pair[min(equals + 1, pair.count)...]), field: name)
      try set(parameter, value, in: call)
    }
  }

  private func set(_ parameter: QueryParameter, _ value: String, in call: Call) throws(ContextError) {
    switch parameter {
    case .extensions: call.extensions = try extensions(value)
    case .startedFrom: call.filter.startedFrom = try timestamp(parameter, value)
    case .startedTo: call.filter.startedTo = try timestamp(parameter, value)
    case .serviceTypes: call.filter.types = try types(value)
    case .activeStates, .completedStates, .activeTasks, .completedTasks:
      if try bool(parameter, value) { call.include.append(parameter.rawValue) }
    case .cvAttribute:
      guard !value.isEmpty else { throw bad(parameter, value, "a field such as Service.media_type") }
      call.attributeField = value
    }
  }

  private func bool(_ parameter: QueryParameter, _ value: String) throws(ContextError) -> Bool {
    switch value {
    case "true": return true
    case "false": return false
    default: throw bad(parameter, value, "true", "false")
    }
  }

  private func timestamp(_ parameter: QueryParameter, _ value: String) throws(ContextError) -> Timestamp {
    guard let timestamp = Timestamp(value) else {
      throw bad(parameter, value, Timestamp.format, code: "bad_date")
    }
    return timestamp
  }

  private func names(_ parameter: QueryParameter, _ value: String) throws(ContextError) -> [String] {
    let names = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard names.count <= Self.mostNames, names.allSatisfy({ !$0.isEmpty && $0.count <= Self.longestName })
    else {
      throw bad(
        parameter, value,
        "1 to \(Self.mostNames) values of 1 to \(Self.longestName) characters, separated by commas")
    }
    return names
  }

  private func types(_ value: String) throws(ContextError) -> [AttributeValue] {
    var types: [AttributeValue] = []
    for name in try names(.serviceTypes, value) {
      if let id = Int64(name) {
        types.append(.id(id))
      } else if name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
        throw bad(.serviceTypes, value, "64-bit integers or names", code: "out_of_range")
      } else {
        types.append(.name(name))
      }
    }
    return types
  }

  /// `*`, `Feedback`, `Service.Feedback`. `State`, `State.Feedback` and so on ask for extensions of other
  /// resources and select none of the service's own (API page *Query Service by ID*).
  private func extensions(_ value: String) throws(ContextError) -> ExtensionSelection {
    var selected: [String] = []
    for name in try names(.extensions, value) {
      switch name {
      case "*", "Service", "Service.*": return .all
      case "State", "Task": continue
      default:
        if name.hasPrefix("State.") || name.hasPrefix("Task.") { continue }
        selected.append(name.hasPrefix("Service.") ? String(name.dropFirst("Service.".count)) : name)
      }
    }
    return selected.isEmpty ? .none : .named(selected)
  }

  private func bad(
    _ parameter: QueryParameter, _ value: String, _ allowed: String..., code: String = "bad_parameter"
  ) -> ContextError {
    .badField(
      parameter.rawValue, code: code,
      message:
        "\(parameter.rawValue) must be \(allowed.joined(separator: " or ")); \(quoted(value)) was sent.",
      value: quoted(value), allowed: allowed)
  }
}
