import Glibc

extension JSONValue {
  /// Objects with more members than this are checked through a set: the pairwise check would be quadratic.
  private static let pairwiseLimit = 24

  /// Refuses a text in which an object, at any depth, names a member twice: readers disagree on which one counts.
  ///
  /// - Parameter level: how deep this value stands. simdjson does not count an empty object or array as a level.
  func requireDistinctKeys(level: Int = 1) throws(JSONError) {
    if isObject {
      guard level <= JSONParser.maximumDepth else { throw .tooDeep }
      var count = 0
      for member in members {
        count += 1
        try member.value.requireDistinctKeys(level: level + 1)
      }
      if count > Self.pairwiseLimit {
        try requireDistinctKeysBySet(count)
      } else if count > 1 {
        try requireDistinctKeysPairwise()
      }
    } else if isArray {
      guard level <= JSONParser.maximumDepth else { throw .tooDeep }
      for element in elements { try element.requireDistinctKeys(level: level + 1) }
    }
  }

  // By places: a member of its own would count a reference for each pair.
  private func requireDistinctKeysPairwise() throws(JSONError) {
    let end = next - 1
    var place = index + 1
    while place < end {
      let name = document.string(document.word(place))
      let following = document.end(of: place + 1)
      var other = following
      while other < end {
        let bytes = document.string(document.word(other))
        if bytes.count == name.count, memcmp(bytes.baseAddress!, name.baseAddress!, name.count) == 0 {
          throw .duplicateKey(Member(document: document, index: place).name)
        }
        other = document.end(of: other + 1)
      }
      place = following
    }
  }

  private func requireDistinctKeysBySet(_ count: Int) throws(JSONError) {
    var seen = Set<Name>(minimumCapacity: count)
    for member in members where !seen.insert(Name(bytes: member.nameBytes)).inserted {
      throw .duplicateKey(member.name)
    }
  }

  /// A name compared byte by byte, as the pairwise check does: strings would be compared by what they look like.
  private struct Name: Hashable {
    let bytes: UnsafeBufferPointer<UInt8>

    static func == (left: Name, right: Name) -> Bool {
      left.bytes.count == right.bytes.count
        && memcmp(left.bytes.baseAddress!, right.bytes.baseAddress!, left.bytes.count) == 0
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }
}
