import Glibc
import HTTP

/// Finds the row of a request by its path, segment by segment. Immutable.
struct Router: Sendable {
  /// A place in the tree of paths.
  private final class Node: Sendable {
    let literals: [(segment: [UInt8], node: Node)]
    let parameter: (kind: PathParameter, node: Node)?
    let rows: [(method: HTTPMethod, row: Int)]

    init(_ rows: [(path: ArraySlice<String>, method: HTTPMethod, row: Int)]) {
      self.rows = rows.filter { $0.path.isEmpty }.map { ($0.method, $0.row) }
      let longer = rows.filter { !$0.path.isEmpty }
      let segments = Set(longer.map { $0.path.first ?? "" })
      func node(behind segment: String) -> Node {
        Node(longer.filter { $0.path.first == segment }.map { ($0.path.dropFirst(), $0.method, $0.row) })
      }
      literals = segments.filter { PathParameter(template: $0) == nil }.sorted()
        .map { (Array($0.utf8), node(behind: $0)) }
      parameter =
        segments.compactMap { segment in
          PathParameter(template: segment).map { ($0, node(behind: segment)) }
        }.first
    }
  }

  /// What a path leads to.
  enum Match {
    /// A row of the table, the parameters in the order of the path, and how many bytes of prefix were left out.
    case row(Int, parameters: PathParameters, prefix: Int)
    /// The path exists with other methods.
    case otherMethods([HTTPMethod])
    /// No such path.
    case nothing
  }

  private let root: Node
  private let basePath: [UInt8]

  /// A router of the rows' paths.
  ///
  /// - Parameter basePath: a prefix that may stand before any path once or twice (the 8.5 documents print both).
  init(rows: [(path: String, method: HTTPMethod)], basePath: String) {
    root = Node(
      rows.enumerated().map { index, row in
        (row.path.split(separator: "/").map(String.init)[...], row.method, index)
      })
    self.basePath = Array(basePath.utf8)
  }

  /// Looks a path up.
  func match(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Match {
    var prefix = 0
    for _ in 0..<2 where hasBasePath(path, from: prefix) { prefix += basePath.count }
    guard prefix < path.count, path[prefix] == UInt8(ascii: "/") else { return .nothing }
    var parameters = PathParameters()
    var node = root
    var start = prefix + 1
    while true {
      var end = start
      while end < path.count && path[end] != UInt8(ascii: "/") { end += 1 }
      let segment = UnsafeRawBufferPointer(rebasing: path[start..<end])
      if let literal = node.literals.first(where: { equal($0.segment, segment) }) {
        node = literal.node
      } else if let parameter = node.parameter {
        parameters.append(parameter.kind, start..<end)
        node = parameter.node
      } else {
        return .nothing
      }
      guard end < path.count else { break }
      start = end + 1
    }
    // A HEAD is answered like the GET of the same path.
    let wanted = method == .head ? .get : method
    if let row = node.rows.first(where: { $0.method == wanted }) {
      return .row(row.row, parameters: parameters, prefix: prefix)
    }
    return node.rows.isEmpty ? .nothing : .otherMethods(node.rows.map(\.method))
  }

  private func hasBasePath(_ path: UnsafeRawBufferPointer, from start: Int) -> Bool {
    let end = start + basePath.count
    guard !basePath.isEmpty, path.count > end, path[end] == UInt8(ascii: "/") else { return false }
    return equal(basePath, UnsafeRawBufferPointer(rebasing: path[start..<end]))
  }

  private func equal(_ bytes: [UInt8], _ segment: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count == segment.count else { return false }
    guard let start = segment.baseAddress, !bytes.isEmpty else { return true }
    return memcmp(bytes, start, bytes.count) == 0
  }
}

/// What a variable segment of a path stands for.
enum PathParameter: String, Sendable {
  case serviceID = "service_id"
  case customerID = "customer_id"
  case contactKey = "contact_key"
  case stateID = "state_id"
  case taskID = "task_id"
  case extensionName = "ext_name"
  case sourceID = "src_id"
  case interactionID = "interaction_id"
  case name

  /// Reads `{service_id}`; `nil` for a literal segment.
  init?(template: String) {
    guard template.hasPrefix("{"), template.hasSuffix("}") else { return nil }
    self.init(rawValue: String(template.dropFirst().dropLast()))
  }
}

/// The variable segments of one path: at most three in any row, kept without an allocation.
struct PathParameters {
  private var first: (kind: PathParameter, range: Range<Int>)?
  private var second: (kind: PathParameter, range: Range<Int>)?
  private var third: (kind: PathParameter, range: Range<Int>)?

  mutating func append(_ kind: PathParameter, _ range: Range<Int>) {
    if first == nil {
      first = (kind, range)
    } else if second == nil {
      second = (kind, range)
    } else {
      precondition(third == nil, "a path has at most three variable segments")
      third = (kind, range)
    }
  }

  /// The segment's place in the path.
  subscript(kind: PathParameter) -> Range<Int>? {
    if let first, first.kind == kind { return first.range }
    if let second, second.kind == kind { return second.range }
    if let third, third.kind == kind { return third.range }
    return nil
  }
}
