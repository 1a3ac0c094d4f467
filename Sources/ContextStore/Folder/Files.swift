import Glibc

/// What the store does with files besides SQLite's own work.
enum Files {
  /// An error that says what did not work, and why.
  static func error(_ what: String, _ code: Int32 = errno) -> StoreError {
    let kind: StoreError.Kind =
      switch code {
      case ENOSPC, EDQUOT, EFBIG: .full
      case EIO: .inputOutput
      default: .cannotOpen
      }
    return StoreError(kind, "\(what): \(String(cString: strerror(code)))")
  }

  /// Makes a folder and those above it, durably, as far as they are not there.
  static func makeFolder(_ path: String) throws(StoreError) {
    if mkdir(path, 0o750) == 0 { return try synchronizeFolder(parent(of: path)) }
    switch errno {
    case EEXIST: return
    case ENOENT where parent(of: path) != path:
      try makeFolder(parent(of: path))
      guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
        throw error("the folder \(path) cannot be made")
      }
      try synchronizeFolder(parent(of: path))
    default: throw error("the folder \(path) cannot be made")
    }
  }

  /// Makes the names in a folder durable.
  static func synchronizeFolder(_ path: String) throws(StoreError) {
    try synchronize(path, O_DIRECTORY)
  }

  /// Makes a file's contents durable. Not for a database that is open: closing any descriptor of a file lets go of
  /// the process's locks on it.
  static func synchronizeFile(_ path: String) throws(StoreError) {
    try synchronize(path, 0)
  }

  private static func synchronize(_ path: String, _ flags: Int32) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | flags)
    guard descriptor >= 0 else { throw error("\(path) cannot be opened") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw error("\(path) cannot be written to the disk") }
  }

  /// The bytes of a file, `nil` if it is not there.
  static func size(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// The names of what lies in a folder.
  static func names(in path: String) throws(StoreError) -> [String] {
    guard let folder = opendir(path) else { throw error("the folder \(path) cannot be read") }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// The folder in which something lies.
  static func parent(of path: String) -> String {
    var path = Substring(path)
    while path.count > 1, path.last == "/" { path.removeLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
