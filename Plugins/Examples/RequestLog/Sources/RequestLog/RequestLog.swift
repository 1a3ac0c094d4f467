import ContextModel
import JSON
public import LiaisonKit
import Synchronization

/// Writes a line of JSON for every call, or for one of several. Its README says how it is configured.
///
/// Any thread may use it.
public final class RequestLog: Plugin, Middleware {
  /// `request-log`
  public static let name = "request-log"
  /// Semantic version.
  public static let version = "1.0.0"

  private let sample: Int
  private let file: LineFile
  private let calls = Atomic<Int>(0)

  /// Reads the configuration, and opens the file.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    sample = try configuration.integer("sample", in: 1...1_000_000, default: 1)
    let buffer = try configuration.integer("buffer", in: 4096...(1 << 30), default: 1 << 20)
    guard let path = try configuration.string("file"), !path.isEmpty else {
      throw configuration.error("file", "must be the path of the file that lines are appended to")
    }
    let dropped = context.metrics.counter(
      "liaison_request_log_dropped_total", help: "Lines that were dropped because the disk was too slow.")
    guard let file = LineFile(context.path(path), limit: buffer, dropped: dropped, log: context.log) else {
      throw configuration.error("file", "cannot be opened for appending: \(context.path(path))")
    }
    self.file = file
  }

  /// Passes the call on and writes its line. What failed is always written, whatever the sample.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    let start = ContinuousClock.now
    do {
      let reply = try await next(call)
      if sample == 1 || calls.add(1, ordering: .relaxed).oldValue % sample == 0 {
        write(call, reply.status, nil, since: start)
      }
      return reply
    } catch {
      let answer = error as? ContextError
      write(call, answer?.status ?? 500, answer?.code ?? "internal_error", since: start)
      throw error
    }
  }

  /// Writes what is gathered.
  public func stop() async { file.close() }

  @inline(never)
  private func write(_ call: Call, _ status: Int, _ code: String?, since start: ContinuousClock.Instant) {
    var writer = JSONWriter(capacity: 320)
    writer.beginObject()
    writer.key("time")
    writer.timestamp(call.receivedAt)
    writer.key("request")
    writer.string(call.requestID)
    writer.key("operation")
    writer.string(call.operation.rawValue)
    writer.key("peer")
    writer.string(call.peer)
    if let principal = call.principal {
      writer.key("principal")
      writer.string(principal.name)
    }
    if let service = call.serviceID {
      writer.key("service_id")
      writer.integer(service.rawValue)
    }
    writer.key("status")
    writer.integer(Int64(status))
    if let code {
      writer.key("code")
      writer.string(code)
    }
    writer.key("microseconds")
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    writer.integer(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    writer.endObject()
    file.append(writer.bytes)
  }
}
