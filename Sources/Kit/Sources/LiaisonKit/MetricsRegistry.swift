import Synchronization

/// Everything that `GET /metrics` shows, in Prometheus's text format. Any thread may register.
///
/// The names of a plugin's metrics begin with `liaison_` and the plugin's name, as `liaison_center_stamp_calls_total`. A
/// plugin registers them in its `init`: a name that is there already is then refused, by `liaison check` too. One that is registered later
/// is logged and not shown.
public final class MetricsRegistry: Sendable {
  /// What a metric is.
  public enum Kind: String, Sendable {
    /// Only grows.
    case counter
    /// Goes up and down.
    case gauge
    /// See ``Histogram``.
    case histogram
  }

  private struct Family: Sendable {
    let name: String
    let kind: Kind
    let help: String
    let write: @Sendable (inout MetricsWriter) -> Void
    /// Whose it is; `nil` for the server's own.
    let plugin: String?
  }

  private let families = Mutex<[Family]>([])
  /// Where a plugin's metrics are shown.
  private let whole: MetricsRegistry?
  private let plugin: String?
  private let clashes = Mutex<Clashes>(Clashes())

  /// A plugin's metric, and another one with its name.
  @_spi(Server) public struct Clash: Sendable {
    /// The name.
    public let metric: String
    /// Whose metric is not shown.
    public let plugin: String
  }

  private struct Clashes: Sendable {
    var found: [Clash] = []
    var tell: (@Sendable (Clash) -> Void)?
  }

  /// A registry without metrics.
  public init() {
    whole = nil
    plugin = nil
  }

  private init(_ plugin: String, in whole: MetricsRegistry) {
    self.whole = whole
    self.plugin = plugin
  }

  /// Where a plugin registers its metrics, which this registry shows.
  @_spi(Server) public func part(of plugin: String) -> MetricsRegistry { MetricsRegistry(plugin, in: self) }

  /// The clashes so far.
  ///
  /// - Parameter tell: is called for those to come.
  @_spi(Server) public func clashes(_ tell: @escaping @Sendable (Clash) -> Void) -> [Clash] {
    clashes.withLock { clashes in
      clashes.tell = tell
      return clashes.found
    }
  }

  /// Registers a metric.
  ///
  /// - Parameters:
  ///   - name: `liaison_…`, with the unit at its end.
  ///   - kind: what Prometheus is told.
  ///   - help: one line for people.
  ///   - write: writes its samples, each time somebody asks.
  public func register(
    _ name: String, _ kind: Kind, help: String, write: @escaping @Sendable (inout MetricsWriter) -> Void
  ) {
    (whole ?? self).add(Family(name: name, kind: kind, help: help, write: write, plugin: plugin))
  }

  private func add(_ family: Family) {
    let other: String? = families.withLock { families in
      guard let place = families.firstIndex(where: { $0.name == family.name }) else {
        families.append(family)
        return nil
      }
      if let plugin = family.plugin { return plugin }
      // What the server shows is not for a plugin to replace.
      defer { families[place] = family }
      return families[place].plugin
    }
    guard let other else { return }
    let clash = Clash(metric: family.name, plugin: other)
    let tell = clashes.withLock { clashes in
      clashes.found.append(clash)
      return clashes.tell
    }
    tell?(clash)
  }

  /// Registers a new counter.
  public func counter(_ name: String, help: String) -> Counter {
    let counter = Counter()
    register(name, .counter, help: help) { $0.sample(counter.value) }
    return counter
  }

  /// Registers a gauge that is read when somebody asks.
  public func gauge(_ name: String, help: String, _ read: @escaping @Sendable () -> Int) {
    register(name, .gauge, help: help) { $0.sample(read()) }
  }

  /// All metrics in the text format.
  public func text() -> String {
    var text = ""
    for family in families.withLock({ $0 }) {
      var writer = MetricsWriter(name: family.name)
      family.write(&writer)
      text +=
        "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n" + writer.text
    }
    return text
  }
}

/// Writes the samples of one metric.
public struct MetricsWriter {
  private let name: String
  fileprivate var text = ""

  init(name: String) { self.name = name }

  /// A sample.
  ///
  /// - Parameters:
  ///   - value: as it is now.
  ///   - labels: names and values; values are escaped.
  public mutating func sample(_ value: Int, _ labels: KeyValuePairs<String, String> = [:]) {
    line(name, Array(labels), "\(value)")
  }

  /// The samples of a histogram.
  public mutating func histogram(_ histogram: Histogram, _ labels: KeyValuePairs<String, String> = [:]) {
    var count = 0
    for (index, bucket) in histogram.counts.enumerated() {
      count += bucket
      let bound = index < histogram.bounds.count ? "\(histogram.exported(histogram.bounds[index]))" : "+Inf"
      line(name + "_bucket", Array(labels) + [("le", bound)], "\(count)")
    }
    line(name + "_sum", Array(labels), "\(histogram.exported(histogram.sum))")
    line(name + "_count", Array(labels), "\(count)")
  }

  private mutating func line(_ name: String, _ labels: [(key: String, value: String)], _ value: String) {
    text += name
    if !labels.isEmpty {
      let pairs = labels.map { label in
        let value = label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\(label.key)=\"\(value.replacing("\n", with: "\\n"))\""
      }
      text += "{" + pairs.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }
}
