import Glibc

/// From where a client comes, as far as guesses of passwords are counted: an IPv4 address, or the network of an
/// IPv6 address, whose lower 64 bits its owner chooses at will.
enum ClientNetwork: Hashable, Sendable {
  /// An IPv4 address, also one that is mapped into IPv6.
  case address(UInt32)
  /// The upper 64 bits of an IPv6 address.
  case network(UInt64)
  /// No IP address.
  case other(String)

  /// The network of an address in text.
  init(_ text: String) {
    var address = in_addr()
    var longAddress = in6_addr()
    if inet_pton(AF_INET, text, &address) == 1 {
      self = .address(address.s_addr)
    } else if inet_pton(AF_INET6, text, &longAddress) == 1 {
      self = withUnsafeBytes(of: longAddress) { bytes in
        let isMapped = bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped
          ? .address(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
          : .network(bytes.loadUnaligned(as: UInt64.self))
      }
    } else {
      self = .other(text)
    }
  }
}
