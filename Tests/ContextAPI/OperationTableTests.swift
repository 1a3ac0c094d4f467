import LiaisonKit
import Testing

@testable import ContextAPI

@Suite struct OperationTableTests {
  @Test func `every operation has a row`() {
    for operation in Operation.allCases {
      #expect(OperationTable.rows.contains { $0.operation == operation }, "\(operation)")
    }
  }

  @Test func `no two rows share method and path`() {
    let keys = OperationTable.rows.map { "\($0.method) \($0.path)" }
    #expect(Set(keys).count == keys.count)
  }

  @Test func `whatever changes data needs more than reading`() {
    for row in OperationTable.rows where row.method != .get {
      #expect(row.role == .write || row.role == .schema)
    }
  }
}
