public import LiaisonKit
import Synchronization

/// Writes a line of JSON for each call, or for a sample of them. Its README says how it is configured.
public final class RequestLog: Plugin, TwoWayMiddleware {
  /// `request-log`
  public static let name = "request-log"
  /// Semantic version.
  public static let version = "1.0.0"

  private let options: RequestLogOptions
  private let file: LineFile
  /// How many calls were looked at. Not the calls' own numbers: all items of a bulk request have the same.
  private let calls = Atomic<UInt64>(.random(in: 0...UInt64.max))

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    options = try RequestLogOptions(configuration)
    file = LineFile(
      path: context.path(options.file), limit: options.buffer, log: context.log, metrics: context.metrics)
  }

  /// Opens the file.
  public func start() async throws { try file.open() }

  /// Writes what waits, and closes the file.
  public func stop() async { await file.close() }

  /// Notes when a call came.
  public func admit(_ call: Call) throws -> Bool {
    // An item of a bulk request brings along when that came.
    call[.start] = options.skipped.contains(call.operation) ? nil : .now
    return true
  }

  /// Writes how it went.
  public func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply {
    if let start = call[.start] { record(call, RequestLine(outcome, duration: ContinuousClock.now - start)) }
    return try outcome.get()
  }

  private func record(_ call: Call, _ line: RequestLine) {
    let number = calls.wrappingAdd(1, ordering: .relaxed).oldValue
    let weight = options.weight(of: number, status: line.status, duration: line.duration)
    guard weight > 0 else { return }
    file.append(line.text(call, weight: weight, showsCustomer: options.showsCustomers))
  }
}

extension CallKey where Value == ContinuousClock.Instant {
  fileprivate static let start = CallKey("request-log.start")
}
