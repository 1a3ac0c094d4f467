import LiaisonKit

/// What a plugin's library says about itself without being loaded: the ELF note that the kit puts into it.
struct PluginNote: Equatable {
  var kit = ""
  var compiler = ""

  /// Reads the section `.note.liaison` of a 64-bit little-endian ELF library.
  ///
  /// - Throws: what is wrong with the file, without its name.
  init(library: [UInt8]) throws(PluginRefusal.Reason) {
    let file = ELFBytes(bytes: library)
    guard library.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw .notALibrary }
    guard let table = file.integer(40, UInt64.self), let size = file.integer(58, UInt16.self),
      let count = file.integer(60, UInt16.self), let names = file.integer(62, UInt16.self), size >= 64,
      let namesOffset = file.section(names, table, size)?.offset
    else { throw .notALibrary }
    for index in 0..<count {
      guard let section = file.section(index, table, size) else { throw .notALibrary }
      guard file.text(namesOffset.addingReportingOverflow(section.name).partialValue) == ".note.liaison"
      else { continue }
      // Behind three sizes and the name "Liaison".
      let start = section.offset.addingReportingOverflow(20).partialValue
      for line in (file.text(start) ?? "").split(separator: "\n") {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { continue }
        if words[0] == "kit" { kit = words[1] }
        if words[0] == "compiler" { compiler = words[1] }
      }
    }
    guard !kit.isEmpty, !compiler.isEmpty else { throw .noNote }
  }

  /// Says why a server with this kit cannot load the library.
  ///
  /// - Parameter server: the kit's version, see ``LiaisonKit/KitVersion``.
  func requireFit(for server: String = KitVersion.current) throws(PluginRefusal.Reason) {
    guard compiler == KitVersion.compiler else { throw .otherCompiler(compiler) }
    guard let own = Self.numbers(kit), let known = Self.numbers(server), own.major == known.major else {
      throw .otherKit(kit)
    }
    guard own.minor <= known.minor else { throw .newerKit(kit) }
  }

  private static func numbers(_ version: String) -> (major: Int, minor: Int)? {
    let parts = version.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    return (major, minor)
  }
}

/// Reads with a check of every bound: the file may be anything.
private struct ELFBytes {
  let bytes: [UInt8]

  func integer<Integer: FixedWidthInteger>(_ offset: UInt64, _: Integer.Type) -> Integer? {
    let size = UInt64(MemoryLayout<Integer>.size)
    guard offset <= UInt64(bytes.count), UInt64(bytes.count) - offset >= size else { return nil }
    return bytes.withUnsafeBytes {
      Integer(littleEndian: $0.loadUnaligned(fromByteOffset: Int(offset), as: Integer.self))
    }
  }

  func section(_ index: UInt16, _ table: UInt64, _ size: UInt16) -> (name: UInt64, offset: UInt64)? {
    let (start, overflows) = table.addingReportingOverflow(UInt64(index) * UInt64(size))
    guard !overflows, start <= UInt64(bytes.count), let name = integer(start, UInt32.self),
      let offset = integer(start + 24, UInt64.self)
    else { return nil }
    return (UInt64(name), offset)
  }

  /// The text up to the next zero byte, of at most 1,024 bytes.
  func text(_ offset: UInt64) -> String? {
    guard offset < UInt64(bytes.count) else { return nil }
    return String(decoding: bytes[Int(offset)...].prefix(1024).prefix { $0 != 0 }, as: UTF8.self)
  }
}
