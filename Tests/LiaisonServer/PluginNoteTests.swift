import Foundation
import LiaisonKit
import Testing

@testable import LiaisonServer

@Suite struct PluginNoteTests {
  /// A library with nothing but a note, as the kit's C target makes it.
  private func library(kit: String, compiler: String) -> [UInt8] {
    var text = Array("kit \(kit)\ncompiler \(compiler)\n".utf8)
    text += [UInt8](repeating: 0, count: 256 - text.count)
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1] + [UInt8](repeating: 0, count: 58)
    func put(_ value: UInt64, _ size: Int, at offset: Int) {
      for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
    let names = Array("\0.note.liaison\0".utf8)
    let (namesOffset, noteOffset) = (64, 64 + names.count)
    let table = noteOffset + 20 + text.count
    put(UInt64(table), 8, at: 40)
    put(64, 2, at: 58)
    put(2, 2, at: 60)
    put(1, 2, at: 62)
    bytes += names + [UInt8](repeating: 0, count: 12) + Array("Liaison\0".utf8) + text
    bytes += [UInt8](repeating: 0, count: 128)
    put(1, 4, at: table)
    put(UInt64(noteOffset), 8, at: table + 24)
    put(UInt64(namesOffset), 8, at: table + 64 + 24)
    return bytes
  }

  @Test func `the note of this build is accepted`() throws {
    let note = try PluginNote(library: library(kit: KitVersion.current, compiler: KitVersion.compiler))
    #expect(note.kit == KitVersion.current)
    try note.requireFit()
  }

  private func reason(kit: String, compiler: String = KitVersion.compiler, server: String) -> PluginRefusal
    .Reason?
  {
    do throws(PluginRefusal.Reason) {
      try PluginNote(library: library(kit: kit, compiler: compiler)).requireFit(for: server)
      return nil
    } catch {
      return error
    }
  }

  @Test func `an older kit of the same major version fits`() {
    for kit in ["1.0", "1.3", "1.12"] { #expect(reason(kit: kit, server: "1.12") == nil) }
    for kit in ["0.12", "2.0", "11.2", "1", "1.2.3", "1.x", "1.-1x"] {
      #expect(reason(kit: kit, server: "1.12") == .otherKit(kit))
    }
    for kit in ["1.13", "1.120"] { #expect(reason(kit: kit, server: "1.12") == .newerKit(kit)) }
    #expect(reason(kit: "1.0", compiler: "20.0.0 (x)", server: "1.12") == .otherCompiler("20.0.0 (x)"))
  }

  @Test func `what is no plugin is said to be none`() {
    #expect(throws: PluginRefusal.Reason.notALibrary) { try PluginNote(library: Array("#!/bin/sh".utf8)) }
    #expect(throws: PluginRefusal.Reason.noNote) { try PluginNote(library: library(kit: "", compiler: "")) }
  }

  @Test func `a damaged file is refused and never read beyond its end`() {
    var numbers = SystemRandomNumberGenerator()
    let whole = library(kit: KitVersion.current, compiler: KitVersion.compiler)
    // What it needs ends with the offset of the last section.
    for length in 0..<whole.count - 32 {
      #expect(throws: PluginRefusal.Reason.self) { try PluginNote(library: Array(whole.prefix(length))) }
    }
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<4 {
        bytes[.random(in: 6..<bytes.count, using: &numbers)] = .random(in: 0...255, using: &numbers)
      }
      // Reading beyond the end would trap.
      _ = try? PluginNote(library: bytes)
    }
  }

  @Test func `names of plugins are checked`() {
    for name in ["center-stamp", "a1", "x-2-y"] { #expect(PluginScaffold.isName(name)) }
    for name in ["", "a", "A-b", "1a", "a--b", "a-", "-a", "a_b", "../x", "a/b", "é1"] {
      #expect(!PluginScaffold.isName(name), "\(name)")
    }
  }
}
