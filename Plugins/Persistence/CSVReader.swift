import ContextModel
import Glibc
import JSON

/// Reads rows of comma-separated values (RFC 4180) from a file, a block at a time. Owns the file. One thread at a time.
final class CSVReader: @unchecked Sendable {
  private let descriptor: Int32
  private let delimiter: UInt8
  private var block: [UInt8] = []
  private var position = 0
  private var isFirstBlock = true
  /// How many bytes of the file have been read, and how many it has.
  private(set) var bytesRead = 0
  let size: Int

  private static let blockSize = 256 << 10
  /// A row that is longer is no row.
  private static let longestRow = 1 << 20

  /// Opens a file.
  ///
  /// - Throws: 404 if it is not there or cannot be read.
  init(path: String, name: String, delimiter: UInt8) throws(ContextError) {
    self.delimiter = delimiter
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      if descriptor >= 0 { close(descriptor) }
      throw ContextError(
        status: 404, code: "file_not_found",
        message: "There is no file \(name) in the folder imports of the data folder that can be read.",
        field: "profiles", value: JSONWriter.excerpt(of: name))
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The next rows, at most `limit`; none at the end.
  ///
  /// - Throws: 400 for text that is none.
  func rows(atMost limit: Int) throws(ContextError) -> [[String]] {
    var rows: [[String]] = []
    while rows.count < limit, let row = try row() {
      // An empty line is no row.
      if row != [""] { rows.append(row) }
    }
    return rows
  }

  private func row() throws(ContextError) -> [String]? {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var length = 0
    var hasBegun = false
    while let byte = try next() {
      hasBegun = true
      length += 1
      guard length <= Self.longestRow else { throw damaged("a row is longer than \(Self.longestRow) bytes") }
      if isQuoted {
        if byte != UInt8(ascii: "\"") {
          field.append(byte)
        } else if try peek() == UInt8(ascii: "\"") {
          _ = try next()
          field.append(byte)
        } else {
          isQuoted = false
        }
      } else if byte == UInt8(ascii: "\""), field.isEmpty {
        isQuoted = true
      } else if byte == delimiter {
        fields.append(try text(field))
        field.removeAll(keepingCapacity: true)
      } else if byte == 0x0A {
        if field.last == 0x0D { field.removeLast() }
        fields.append(try text(field))
        return fields
      } else {
        field.append(byte)
      }
    }
    guard hasBegun else { return nil }
    guard !isQuoted else { throw damaged("the last row ends inside quotes") }
    fields.append(try text(field))
    return fields
  }

  private func text(_ bytes: [UInt8]) throws(ContextError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw damaged("it is not UTF-8") }
    return text
  }

  private func damaged(_ reason: String) -> ContextError {
    .badField("profiles", code: "bad_csv", message: "The file is no CSV in UTF-8: \(reason).")
  }

  private func peek() throws(ContextError) -> UInt8? {
    guard try fill() else { return nil }
    return block[position]
  }

  private func next() throws(ContextError) -> UInt8? {
    guard try fill() else { return nil }
    position += 1
    return block[position - 1]
  }

  private func fill() throws(ContextError) -> Bool {
    guard position == block.count else { return true }
    var result = 0
    block = [UInt8](unsafeUninitializedCapacity: Self.blockSize) { buffer, count in
      repeat {
        result = read(descriptor, buffer.baseAddress, buffer.count)
      } while result < 0 && errno == EINTR
      count = max(0, result)
    }
    guard result >= 0 else {
      throw .storeUnavailable("the file cannot be read: \(String(cString: strerror(errno)))")
    }
    position = 0
    bytesRead += block.count
    // A byte order mark is none of the first name.
    if isFirstBlock, block.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    isFirstBlock = false
    return position < block.count
  }
}
