import Glibc

/// Why the file cannot be opened or written. One line for people.
struct FileFault: Error, CustomStringConvertible {
  let description: String

  init(_ action: String, _ path: String) {
    description = "cannot \(action) \(path): \(String(cString: strerror(errno)))"
  }
}

/// A file that grows at its end, and that others may take away: then a new one takes its place. One thread at a time.
struct AppendedFile: ~Copyable {
  private let path: String
  private var descriptor: Int32 = -1
  /// Whether the last write stopped within a line.
  private var isTorn = false

  init(path: String) { self.path = path }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
  }

  mutating func open() throws(FileFault) {
    close()
    descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw FileFault("open", path) }
  }

  mutating func append(_ lines: [UInt8]) throws(FileFault) {
    if !isAtItsPlace {
      try open()
      isTorn = false
    }
    var rest = (isTorn ? [UInt8(ascii: "\n")] : []) + lines
    while !rest.isEmpty {
      let count = write(descriptor, rest, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileFault("write", path) }
      isTorn = rest[count - 1] != UInt8(ascii: "\n")
      rest.removeFirst(count)
    }
  }

  mutating func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Whether the open file is still the one that has the path's name: `logrotate` renames it.
  private var isAtItsPlace: Bool {
    var (named, opened) = (stat(), stat())
    guard descriptor >= 0, stat(path, &named) == 0, fstat(descriptor, &opened) == 0 else { return false }
    return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
  }
}
