import ContextModel
import Glibc

/// Writes lines to standard error: `2026-11-23T23:05:32.123Z warning redis is away url=unix:///run/redis.sock`.
public struct Log: Sendable {
  /// How much a line matters.
  public enum Level: String, CaseIterable, Sendable, Comparable {
    /// For people who look into the server.
    case debug
    /// What happens in the normal course.
    case info
    /// What somebody should look at.
    case warning
    /// What has gone wrong.
    case error

    /// Less important is less.
    public static func < (left: Level, right: Level) -> Bool {
      (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
  }

  /// Who speaks; stands before the message unless empty.
  public let label: String
  /// Lines below this level are dropped.
  public let level: Level

  /// A log.
  public init(label: String = "", level: Level = .info) {
    self.label = label
    self.level = level
  }

  /// The same log with another speaker.
  public func labelled(_ label: String) -> Log { Log(label: label, level: level) }

  /// A line for people who look into the server.
  public func debug(_ message: @autoclosure () -> String, _ details: KeyValuePairs<String, String> = [:]) {
    write(.debug, message(), details)
  }

  /// A line about the normal course.
  public func info(_ message: @autoclosure () -> String, _ details: KeyValuePairs<String, String> = [:]) {
    write(.info, message(), details)
  }

  /// A line about something to look at.
  public func warning(_ message: @autoclosure () -> String, _ details: KeyValuePairs<String, String> = [:]) {
    write(.warning, message(), details)
  }

  /// A line about something that went wrong.
  public func error(_ message: @autoclosure () -> String, _ details: KeyValuePairs<String, String> = [:]) {
    write(.error, message(), details)
  }

  private func write(
    _ level: Level, _ message: @autoclosure () -> String, _ details: KeyValuePairs<String, String>
  ) {
    guard level >= self.level else { return }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    var line = "\(now) \(level.rawValue) "
    if !label.isEmpty { line += "\(label): " }
    line += message()
    for (key, value) in details { line += " \(key)=\(Self.quoted(value))" }
    // What a client sent must not be able to start a line of its own.
    line = String(line.map { $0.isNewline ? " " : $0 }) + "\n"
    // One write, so that lines of several threads do not mix.
    line.withUTF8 { bytes in _ = Glibc.write(STDERR_FILENO, bytes.baseAddress!, bytes.count) }
  }

  private static func quoted(_ value: String) -> String {
    guard value.isEmpty || value.contains(where: { " \"=".contains($0) || $0.isNewline }) else {
      return value
    }
    return "\"" + value.replacing("\"", with: "'") + "\""
  }
}
