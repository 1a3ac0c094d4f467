import Testing

@testable import ContextStore

struct NumberMapTests {
  @Test func `it knows what a dictionary knows, whatever is set and removed`() {
    var random = SystemRandomNumberGenerator()
    for range in [Int64(60), 2000] {
      var map = NumberMap<Int32>(filler: -1)
      var dictionary: [Int64: Int32] = [:]
      for _ in 0..<50_000 {
        let number = Int64.random(in: 1...range, using: &random)
        if Int.random(in: 0..<5, using: &random) < 3 {
          let value = Int32.random(in: 0...Int32.max, using: &random)
          #expect(map.set(number, value) == dictionary.updateValue(value, forKey: number))
        } else {
          map.remove(number)
          dictionary[number] = nil
        }
        #expect(map[number] == dictionary[number])
      }
      #expect(map.count == dictionary.count)
      for number in 1...range { #expect(map[number] == dictionary[number]) }
    }
  }
}
