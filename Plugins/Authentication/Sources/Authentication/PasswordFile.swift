import Glibc

/// Reads htpasswd files: a line per user, `name:hash`; empty lines and lines that begin with `#` say nothing.
///
/// Reading a file blocks: at the start of the server or on a thread of the blocking pool.
struct PasswordFile: Sendable {
  /// Where the file is.
  let path: String

  /// Why a file is refused.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// What tells one state of the file from another.
  struct Stamp: Equatable, Sendable {
    private let inode: UInt
    private let size: Int
    private let modified: [Int]

    init(_ status: stat) {
      inode = status.st_ino
      size = status.st_size
      // The time of the last change of the inode finds files that were copied with their old time.
      modified = [
        status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
      ]
    }
  }

  /// The largest file that is read, in bytes.
  static let largest = 16 << 20

  /// The file's stamp now.
  func stamp() throws(Refusal) -> Stamp {
    var status = stat()
    guard stat(path, &status) == 0 else { throw refusal() }
    return Stamp(status)
  }

  /// Reads all users.
  ///
  /// - Throws: also for a line that is wrong; the message names the line and the user, never the hash.
  func read() throws(Refusal) -> (users: [(name: [UInt8], hash: PasswordHash)], stamp: Stamp) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refusal() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw refusal() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Refusal(description: "\(path) is no file") }
    guard status.st_size <= Self.largest else {
      throw Refusal(description: "\(path) is larger than \(Self.largest) bytes")
    }
    return (try Self.users(in: try contents(descriptor), of: path), Stamp(status))
  }

  private func contents(_ descriptor: Int32) throws(Refusal) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= Self.largest {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw refusal() }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  private func refusal() -> Refusal {
    Refusal(description: "cannot read \(path): \(String(cString: strerror(errno)))")
  }

  private static func users(
    in bytes: [UInt8], of path: String
  ) throws(Refusal) -> [(name: [UInt8], hash: PasswordHash)] {
    var users: [(name: [UInt8], hash: PasswordHash)] = []
    var names: Set<[UInt8]> = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      let place = "\(path), line \(index + 1)"
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
        throw Refusal(description: "\(place): must be name:hash")
      }
      let name = Array(line[..<colon])
      let shown = String(decoding: name, as: UTF8.self)
      guard names.insert(name).inserted else {
        throw Refusal(description: "\(place): user \(shown) is given twice")
      }
      do throws(PasswordHash.Refusal) {
        users.append((name, try PasswordHash(Substring(decoding: line[(colon + 1)...], as: UTF8.self))))
      } catch {
        throw Refusal(description: "\(place): the hash of user \(shown) \(error)")
      }
    }
    return users
  }
}
