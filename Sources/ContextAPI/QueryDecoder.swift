import ContextModel
import JSON
import LiaisonKit

/// Reads the query of a request. A parameter that the operation does not know, or that is given twice, is refused.
struct QueryDecoder {
  let allowed: [QueryParameter]
  /// Whose extensions are shown if nothing else is said.
  var resource = SchemaCatalog.Owner.service
  /// Whether any other parameter is an attribute of the customer who is looked for.
  var takesAttributes = false
  /// Whether it lists interactions, whose ids are texts.
  var listsInteractions = false

  /// The most names in one list, and the longest of them.
  private static let mostNames = 100
  private static let longestName = 255
  /// The most attributes of one customer that are searched for.
  private static let mostCriteria = 32
  /// The most that a page can have.
  static let longestPage = 10_000

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
      let name = try percentDecoded(
        UnsafeRawBufferPointer(rebasing: pair[..<equals]), field: "query", plusIsSpace: true)
      guard let parameter = QueryParameter(rawValue: name), allowed.contains(parameter) else {
        if takesAttributes {
          let value = UnsafeRawBufferPointer(rebasing: pair[min(equals + 1, pair.count)...])
          try addCriterion(name, try percentDecoded(value, field: name, plusIsSpace: true), to: call)
          continue
        }
        throw .badField(
          name, code: "unknown_parameter",
          message: "This operation has no query parameter \(JSONWriter.excerpt(of: name)).",
          allowed: allowed.map(\.rawValue))
      }
      guard !seen.contains(parameter) else {
        throw .badField(name, code: "bad_parameter", message: "The query parameter \(name) is given twice.")
      }
      seen.append(parameter)
      let value = try percentDecoded(
        UnsafeRawBufferPointer(rebasing: pair[min(equals + 1, pair.count)...]), field: name,
        // A date has no space, but may have an offset whose plus was not escaped.
        plusIsSpace: !parameter.isDate)
      try set(parameter, value, in: call)
    }
    if let parts = call.parts, parts.lists.isEmpty { call.parts = nil }
  }

  private func set(_ parameter: QueryParameter, _ value: String, in call: Call) throws(ContextError) {
    switch parameter {
    case .extensions: try selectExtensions(value, in: call)
    case .startedFrom: call.filter.startedFrom = try timestamp(parameter, value)
    case .startedTo: call.filter.startedTo = try timestamp(parameter, value)
    case .serviceTypes, .stateTypes, .taskTypes: call.filter.types = try types(parameter, value)
    case .stateID: call.filter.states = try states(value)
    case .limit: call.filter.limit = Int(try integer(parameter, value, in: 1...Int64(Self.longestPage)))
    case .after where listsInteractions: call.afterName = value
    case .after: try beginPage(value, in: call)
    case .activeStates: try include(\.activeStates, parameter, value, in: call)
    case .completedStates: try include(\.completedStates, parameter, value, in: call)
    case .activeTasks: try include(\.activeTasks, parameter, value, in: call)
    case .completedTasks: try include(\.completedTasks, parameter, value, in: call)
    case .identificationKey: call.identification.ensure { $0.key = value }
    case .includeProfile:
      let includes = try choice(parameter, value, "yes", "no")
      call.identification.ensure { $0.includesProfile = includes }
    case .includeExtensions:
      let unique = try choice(parameter, value, "unique", "always")
      call.identification.ensure { $0.showsExtensionsOfOnlyOne = unique }
    case .timeFrom, .timeTo, .filterEvents, .filterState:
      var export = call.export ?? ExportQuery()
      try export.set(parameter.rawValue, value)
      call.export = export
    case .exportContent:
      var export = call.export ?? ExportQuery()
      export.showsContent = try bool(parameter, value)
      call.export = export
    case .cvAttribute:
      guard !value.isEmpty else { throw bad(parameter, value, "a field such as Service.media_type") }
      call.attributeField = value
    }
  }

  /// Any other parameter of Identify Customer is an attribute.
  private func addCriterion(_ name: String, _ value: String, to call: Call) throws(ContextError) {
    guard !name.isEmpty, call.identification?.value(of: name) == nil else {
      throw .badField(
        name, code: "bad_parameter",
        message: "The attribute \(JSONWriter.excerpt(of: name)) is given twice or has no name.")
    }
    guard (call.identification?.criteria.count ?? 0) < Self.mostCriteria else {
      throw .badField(
        name, code: "bad_parameter", message: "At most \(Self.mostCriteria) attributes can be given.")
    }
    call.identification.ensure { $0.criteria.append(.init(attribute: name, value: value)) }
  }

  /// Whether the first of two words was sent.
  private func choice(
    _ parameter: QueryParameter, _ value: String, _ yes: String, _ no: String
  ) throws(ContextError) -> Bool {
    guard value == yes || value == no else { throw bad(parameter, value, yes, no) }
    return value == yes
  }

  private func include(
    _ list: WritableKeyPath<PartSelection, Bool>, _ parameter: QueryParameter, _ value: String, in call: Call
  ) throws(ContextError) {
    var parts = call.parts ?? PartSelection()
    parts[keyPath: list] = try bool(parameter, value)
    call.parts = parts
  }

  private func integer(
    _ parameter: QueryParameter, _ value: String, in range: ClosedRange<Int64>
  ) throws(ContextError) -> Int64 {
    guard let integer = Int64(value), range.contains(integer) else {
      throw bad(parameter, value, "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  /// A page begins behind an id; a page of services also behind a start and an id, `2031-04-09T07:45:10.250Z,7`.
  private func beginPage(_ value: String, in call: Call) throws(ContextError) {
    guard resource == .service, let comma = value.firstIndex(of: ",") else {
      call.filter.after = try integer(.after, value, in: 1...ServiceID.maximum)
      return
    }
    guard let startedAt = Timestamp(String(value[..<comma])),
      let id = ServiceID(digits: value[value.index(after: comma)...].utf8)
    else { throw bad(.after, value, "the id of a service", "its start and its id, \(Timestamp.format),7") }
    call.afterStartedAt = startedAt
    call.filter.after = id.rawValue
  }

  private func states(_ value: String) throws(ContextError) -> [PartID] {
    var states: [PartID] = []
    for name in try names(.stateID, value) {
      guard let id = PartID(digits: Array(name.utf8)) else {
        throw bad(.stateID, value, "integers from 1 to \(Int32.max), separated by commas")
      }
      states.append(id)
    }
    return states
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

  private func types(
    _ parameter: QueryParameter, _ value: String
  ) throws(ContextError) -> [AttributeValue] {
    var types: [AttributeValue] = []
    for name in try names(parameter, value) {
      if let id = Int64(name) {
        types.append(.id(id))
      } else if name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
        throw bad(parameter, value, "64-bit integers or names", code: "out_of_range")
      } else {
        types.append(.name(name))
      }
    }
    return types
  }

  /// `*` and `Feedback` are about everything that is shown, `Task`, `Task.*` and `Task.Feedback` about tasks alone
  /// (API page *Query Service by ID*).
  private func selectExtensions(_ value: String, in call: Call) throws(ContextError) {
    var selected: [SchemaCatalog.Owner: ExtensionSelection] = [:]
    let owners: [(prefix: String, owner: SchemaCatalog.Owner)] = [
      ("Service", .service), ("State", .state), ("Task", .task), ("Profile", .profile),
    ]
    for name in try names(.extensions, value) {
      let entity = owners.first { name == $0.prefix || name.hasPrefix($0.prefix + ".") }
      let rest = entity.map { name.dropFirst($0.prefix.count + 1) } ?? name[...]
      for owner in entity.map({ [$0.owner] }) ?? owners.map(\.owner) {
        selected[owner, default: .none].add(rest.isEmpty ? "*" : String(rest))
      }
    }
    call.extensions = selected[resource] ?? .none
    guard resource == .service || resource == .state else { return }
    var parts = call.parts ?? PartSelection()
    parts.stateExtensions = selected[.state] ?? .none
    parts.taskExtensions = selected[.task] ?? .none
    call.parts = parts
  }

  private func bad(
    _ parameter: QueryParameter, _ value: String, _ allowed: String..., code: String = "bad_parameter"
  ) -> ContextError {
    .badField(
      parameter.rawValue, code: code,
      message:
        "\(parameter.rawValue) must be \(allowed.joined(separator: " or ")); \(JSONWriter.excerpt(of: value)) was sent.",
      value: JSONWriter.excerpt(of: value), allowed: allowed)
  }
}

extension ExtensionSelection {
  /// One more name, or `*`.
  fileprivate mutating func add(_ name: String) {
    switch self {
    case .all: break
    case .none: self = name == "*" ? .all : .named([name])
    case .named(let names): self = name == "*" ? .all : .named(names + [name])
    }
  }
}

extension IdentificationQuery? {
  /// Changes the query, which begins with the first parameter.
  fileprivate mutating func ensure(_ change: (inout IdentificationQuery) -> Void) {
    var query = self ?? IdentificationQuery()
    change(&query)
    self = query
  }
}
