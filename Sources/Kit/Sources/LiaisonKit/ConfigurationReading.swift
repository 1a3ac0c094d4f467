import Synchronization

/// Which keys were given and which were read, in every section that a plugin opens while it is made.
///
/// The sections themselves cannot keep it: plugins have the places of their stored properties compiled into them, and
/// a section knows nothing of the one it stands in.
final class ConfigurationReading: Sendable {
  /// Where reads are noted, while somebody wants to know.
  @TaskLocal static var current: ConfigurationReading?

  /// By the sections' paths, for a plugin may open a section as often as it likes.
  private let sections = Mutex<[String: SectionKeys]>([:])

  func open(_ section: SectionKeys) {
    sections.withLock { $0[section.path] = $0[section.path] ?? section }
  }

  func read(_ key: String, in path: String) {
    sections.withLock { _ = $0[path]?.read.insert(key) }
  }

  func requireAllRead() throws(ConfigurationError) {
    let sections = sections.withLock { $0.values.sorted { $0.path < $1.path } }
    for section in sections { try section.requireAllRead() }
  }
}

/// The keys of one section: those given, and those that somebody has read.
struct SectionKeys {
  let path: String
  let given: [String]
  var read: Set<String> = []

  func requireAllRead() throws(ConfigurationError) {
    guard let unknown = given.first(where: { !read.contains($0) }) else { return }
    let known = read.isEmpty ? "there is none here" : "known here: \(read.sorted().joined(separator: ", "))"
    throw ConfigurationError(
      ConfigurationSection.name(of: unknown, in: path), "is not a known option; \(known)")
  }
}

extension ConfigurationSection {
  /// Lets a plugin read the section, then refuses the keys that nobody has read: its own, and those of the sections that
  /// were opened inside it, at any depth.
  @_spi(Server) public func readToTheEnd<Reader>(
    _ read: (ConfigurationSection) throws(ConfigurationError) -> Reader
  ) throws(ConfigurationError) -> Reader {
    let reading = ConfigurationReading()
    reading.open(SectionKeys(path: path, given: keys))
    let reader = ConfigurationReading.$current.withValue(reading) {
      Result { () throws(ConfigurationError) in try read(self) }
    }
    let made = try reader.get()
    try reading.requireAllRead()
    return made
  }
}
