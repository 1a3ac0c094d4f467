import ContextModel

/// Where changes are kept, a batch at a time. SQLite is one; a journal in front of another engine, or a database
/// server, fits behind the same requirements without anything above noticing.
///
/// `commit`, `probe` and `maintain` are called by the commit thread alone, `makeReader` by any thread, `close`
/// when those threads have ended.
protocol StoreEngine: AnyObject, Sendable {
  /// Keeps one batch, all or nothing, in one transaction: reads what the batch needs, lets `fold` decide what
  /// becomes of it, writes that. Durable, and visible to readers that begin later, when it returns. A batch that
  /// folds to nothing is not written.
  ///
  /// - Parameter fold: pure but for the outcomes it sets, so an engine may call it again to repeat the
  ///   transaction.
  func commit(_ needs: BatchNeeds, fold: (LoadedState) -> FoldedBatch) throws(StoreError)

  /// Tries a durable write that changes nothing: whether commits would succeed again.
  func probe() throws(StoreError)

  /// Work that no reply waits for, such as a checkpoint. Called after the replies of a batch have left. Failures
  /// are not reported: where they matter the next commit fails too.
  func maintain()

  /// A new reader with its own connection, to be used by one thread at a time.
  func makeReader() throws(StoreError) -> any StoreReader

  /// Lets go of everything.
  func close()
}

/// Reads what an engine keeps. One thread at a time.
protocol StoreReader: AnyObject {
  /// Until `end` everything is read as of one moment, which is not before this call.
  func begin() throws(StoreError)
  /// Ends what `begin` began; also after a failure.
  func end()

  /// One service, `nil` if there is none.
  func service(_ key: ServiceKey, _ extensions: ExtensionSelection) throws(StoreError) -> ServiceRecord?
  /// The services of a list, in its order.
  func services(_ query: ServiceQuery) throws(StoreError) -> [ServiceRecord]
  /// The mapping of one service, `nil` if there is none.
  func mapping(_ key: ServiceKey) throws(StoreError) -> Mapping?
  /// All schemas.
  func schemas() throws(StoreError) -> [StoredSchema]
}
