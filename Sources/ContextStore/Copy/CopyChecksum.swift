import CXXHash

/// How many rows a table has, and what they are together, in whatever order they come.
struct CopyChecksum: Equatable {
  private(set) var rows = 0
  private var sum: UInt64 = 0

  mutating func add(_ row: [CopiedValue]) {
    var bytes: [UInt8] = []
    for value in row {
      switch value {
      case .nothing: bytes.append(0)
      case .integer(let integer):
        bytes.append(1)
        withUnsafeBytes(of: integer.littleEndian) { bytes.append(contentsOf: $0) }
      case .text(let text):
        bytes.append(2)
        withUnsafeBytes(of: text.count.littleEndian) { bytes.append(contentsOf: $0) }
        bytes += text
      }
    }
    rows += 1
    sum &+= bytes.withUnsafeBytes { cxxhash_64($0.baseAddress, $0.count, 0) }
  }
}
