import ContextModel
import Testing

@Suite struct ServiceIDTests {
  @Test(arguments: [
    ("1", 1), ("1500", 1500), ("9007199254740991", 9_007_199_254_740_991), ("0000000000000007", 7),
  ])
  func `digits from 1 to 2^53 - 1 are ids`(_ digits: String, _ number: Int64) {
    #expect(ServiceID(digits: Array(digits.utf8))?.rawValue == number)
  }

  @Test(arguments: [
    "", "0", "00", "-1", "+1", "1.5", "9e99", "abc", "1a", " 1", "1 ", "9007199254740992", "9999999999999999",
    "10000000000000000", "18446744073709551616", "99999999999999999999999999", "１", "0x1",
    "00000000000000001",
  ])
  func `anything else is none`(_ digits: String) {
    #expect(ServiceID(digits: Array(digits.utf8)) == nil)
  }

  @Test func `numbers out of range are none`() {
    for number in [0, -1, Int64.min, Int64.max, ServiceID.maximum + 1] { #expect(ServiceID(number) == nil) }
    #expect(ServiceID(ServiceID.maximum)?.description == "9007199254740991")
    #expect(ServiceID(1)! < ServiceID(2)!)
  }
}
