public import ContextModel
import JSON

/// A person whose bytes are to go from the files of a store, after ``EraseCustomer`` has been acknowledged.
public struct Erasure: Sendable {
  /// Whose data it was.
  public var tenant: Tenant
  /// The customer.
  public var customer: String
  /// The number of the change that says so: what came later is not meant.
  public var sequence: Int64

  /// An erasure by its parts.
  public init(tenant: Tenant, customer: String, sequence: Int64) {
    self.tenant = tenant
    self.customer = customer
    self.sequence = sequence
  }
}

extension Erasure {
  /// What was found of the person.
  public struct Traces: Sendable {
    /// How many entries tell less than they did: of the change sequence, and records behind them.
    public var entries: Int
    /// Services that were the person's when they were deleted, as far as that could still be learned. Some may have been deleted
    /// before the erasure, or by one that came to no end.
    public var services: [ServiceID]
  }

  /// The customer as it stands in documents.
  var quotedCustomer: [UInt8] { Self.quoted(customer) }

  /// A customer as it stands in documents.
  static func quoted(_ customer: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("customer_id")
    writer.string(customer)
    writer.endObject()
    return Array(writer.bytes.dropFirst().dropLast())
  }
}

extension ContextStore {
  /// Takes what is left of an erased person out of the store's files: out of the journal, which keeps what it told before, and out
  /// of what the database has freed. Blocks, for as long as it takes to read the journal; any thread. Doing it again does no harm.
  ///
  /// - Throws: 503 if it cannot be done now: it is to be asked for again.
  public func removeTraces(of erasure: Erasure) throws(ContextError) -> Erasure.Traces {
    do throws(StoreError) {
      return try removeTracesInEngine(of: erasure)
    } catch {
      throw .storeUnavailable(
        "the person is erased, but older bytes still stand in files (\(error)); repeat the call")
    }
  }
}
