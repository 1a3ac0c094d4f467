import ContextModel
import ContextStore
import Glibc
import JSON

/// The three files of an export: services, states and tasks. They bear other names until they are whole. One thread at a
/// time.
final class ExportFiles: @unchecked Sendable {
  private static let kinds = ["services", "states", "tasks"]

  private let format: ExportQuery.Format
  private let paths: [String]
  private var descriptors: [Int32] = []
  private var counts = [0, 0, 0]
  private let parser = JSONParser()

  /// Makes the files.
  ///
  /// - Parameters:
  ///   - folder: is made if it is not there.
  ///   - name: what the files' names begin with.
  /// - Throws: 503 if they cannot be made.
  init(folder: String, name: String, format: ExportQuery.Format) throws {
    self.format = format
    mkdir(folder, 0o700)
    paths = Self.kinds.map { "\(folder)/\(name)_\($0).\(format.rawValue)" }
    for path in paths {
      let descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else {
        let error = Self.failure(path)
        discard()
        throw error
      }
      descriptors.append(descriptor)
    }
    do {
      for kind in 0..<3 {
        try write(
          format == .json ? Array("[".utf8) : Array((ExportTable.tables[kind].header + "\r\n").utf8), to: kind
        )
      }
    } catch {
      discard()
      throw error
    }
  }

  /// Adds the services of a page, with their states and tasks.
  func add(_ records: [ServiceRecord]) throws {
    var texts: [[UInt8]] = [[], [], []]
    for record in records {
      var writer = JSONWriter(capacity: 1024)
      record.write(to: &writer)
      let service = try parser.parse(copying: writer.bytes).root
      var bare = record
      bare.lists = []
      var own = JSONWriter(capacity: 512)
      bare.write(to: &own)
      append(try parser.parse(copying: own.bytes).root, of: service, kind: 0, to: &texts[0])
      for (kind, names) in [
        (1, ["active_states", "completed_states"]), (2, ["active_tasks", "completed_tasks"]),
      ] {
        for name in names {
          guard let list = service[name] else { continue }
          for part in list.elements { append(part, of: service, kind: kind, to: &texts[kind]) }
        }
      }
    }
    for kind in 0..<3 where !texts[kind].isEmpty { try write(texts[kind], to: kind) }
  }

  /// Ends the files and gives them their names.
  ///
  /// - Returns: the names, and how many items are in each.
  func finish() throws -> [(name: String, items: Int)] {
    for kind in 0..<3 {
      if format == .json { try write(Array("]\n".utf8), to: kind) }
      guard fdatasync(descriptors[kind]) == 0 else { throw Self.failure(paths[kind]) }
    }
    for descriptor in descriptors { close(descriptor) }
    descriptors = []
    for path in paths {
      guard rename(path + ".partial", path) == 0 else { throw Self.failure(path) }
    }
    return zip(paths, counts).map { path, count in
      (String(path.split(separator: "/").last ?? ""), count)
    }
  }

  /// Removes what was begun.
  func discard() {
    for descriptor in descriptors { close(descriptor) }
    descriptors = []
    for path in paths { unlink(path + ".partial") }
  }

  private func append(_ item: JSONValue, of service: JSONValue, kind: Int, to text: inout [UInt8]) {
    switch format {
    case .json:
      if counts[kind] > 0 { text.append(UInt8(ascii: ",")) }
      text.append(UInt8(ascii: "\n"))
      if kind == 0 {
        text.append(contentsOf: item.text)
      } else {
        text.append(contentsOf: "{\"service_id\":\(service["service_id"]?.int64 ?? 0),".utf8)
        text.append(contentsOf: item.text.dropFirst())
      }
    case .csv: text.append(contentsOf: (ExportTable.tables[kind].line(item, of: service) + "\r\n").utf8)
    }
    counts[kind] += 1
  }

  private func write(_ text: [UInt8], to kind: Int) throws {
    var rest = text[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptors[kind], $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(paths[kind]) }
      rest = rest.dropFirst(count)
    }
  }

  private static func failure(_ path: String) -> ContextError {
    .storeUnavailable("the file \(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}

/// The columns of one kind of CSV file.
struct ExportTable: Sendable {
  /// Members of the item, or as `started.timestamp` of an object in it.
  let columns: [String]
  /// Members that stand in no column and are no extensions.
  private static let lists: Set<String> = [
    "started", "completed", "active_states", "completed_states", "active_tasks", "completed_tasks",
  ]
  private static let event = [
    "timestamp", "session_id", "interaction_id", "application_type", "application_id", "resource_type",
    "resource_id", "media_type",
  ]
  private static let result = ["duration", "disposition", "disposition_desc"]

  static let tables = [
    ExportTable(
      own: ["service_id", "customer_id", "service_type", "est_duration"], started: ["contact_key"],
      others: ["expiration_time", "auto_complete_after"]),
    ExportTable(own: ["service_id", "state_id", "state_type", "est_duration", "previous_state_id"]),
    ExportTable(own: ["service_id", "task_id", "state_id", "task_type", "est_duration"]),
  ]

  private init(own: [String], started: [String] = [], others: [String] = []) {
    columns =
      own + (Self.event + started).map { "started.\($0)" } + Self.event.map { "completed.\($0)" }
      + Self.result + others
  }

  var header: String { (columns + ["extensions"]).joined(separator: ",") }

  /// The line of an item (RFC 4180); its extensions stand in the last field, as JSON.
  func line(_ item: JSONValue, of service: JSONValue) -> String {
    var fields = columns.map { column in
      let path = column.split(separator: ".").map(String.init)
      var value = column == "service_id" ? service[column] : item[path[0]]
      if path.count > 1 { value = value?[path[1]] }
      return Self.field(value)
    }
    let extensions = item.members.filter { !columns.contains($0.name) && !Self.lists.contains($0.name) }
    var writer = JSONWriter()
    writer.beginObject()
    for member in extensions {
      writer.key(member.name)
      writer.value(member.value)
    }
    writer.endObject()
    let isEmpty = !extensions.contains { _ in true }
    fields.append(isEmpty ? "" : Self.quoted(String(decoding: writer.bytes, as: UTF8.self)))
    return fields.joined(separator: ",")
  }

  private static func field(_ value: JSONValue?) -> String {
    guard let value, !value.isNull else { return "" }
    return quoted(value.string ?? String(decoding: value.text, as: UTF8.self))
  }

  private static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else {
      return text
    }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
