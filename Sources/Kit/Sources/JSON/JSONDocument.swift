import CSimdjson

/// A parsed text: simdjson's tape and strings, read lazily through ``JSONValue``. Immutable, so any thread may read.
public final class JSONDocument: @unchecked Sendable {
  private let handle: JSONParser.Handle
  private let owner: JSONParser
  /// Both belong to the parser handle and live as long as the document.
  let tape: UnsafePointer<UInt64>?
  let strings: UnsafePointer<UInt8>?

  init(handle: JSONParser.Handle, owner: JSONParser) {
    self.handle = handle
    self.owner = owner
    self.tape = csimdjson_tape(handle.pointer)
    self.strings = csimdjson_strings(handle.pointer)
  }

  deinit { owner.giveBack(handle) }

  /// The one value of the text.
  public var root: JSONValue { JSONValue(document: self, index: 1) }

  /// The word at a place of the tape.
  func word(_ index: Int) -> UInt64 { tape.unsafelyUnwrapped[index] }

  /// The bytes of the string whose tape word is given, valid as long as the document.
  func string(_ word: UInt64) -> UnsafeBufferPointer<UInt8> {
    let start = strings.unsafelyUnwrapped + Int(word & 0x00FF_FFFF_FFFF_FFFF)
    let length = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    return UnsafeBufferPointer(start: start + 4, count: Int(length))
  }
}
