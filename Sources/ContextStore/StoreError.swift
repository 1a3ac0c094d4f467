import ContextModel

/// Why a store cannot be opened, or cannot do its work now. One line for people.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of trouble it is.
  public enum Kind: String, Sendable {
    /// The folder or the file cannot be opened or made.
    case cannotOpen
    /// Another process works on the data folder.
    case folderInUse
    /// The data was written by a newer version of the server.
    case newerSchema
    /// There is no room left: a full disk, a quota, a limit on the size of files.
    case full
    /// Reading or writing failed.
    case inputOutput
    /// Somebody else keeps the database locked.
    case locked
    /// The database server cannot be reached, or does not answer in time.
    case unreachable
    /// Others have changed the same at the same time: to be tried again.
    case conflict
    /// The database does not take data of this form: it would never take it.
    case refused
    /// More at once than is kept at once.
    case tooLarge
    /// The file is damaged or is none of ours.
    case damaged
    /// The file that a backup shall write exists.
    case fileExists
    /// The store is closed.
    case closed
    /// Anything else.
    case other

    /// What is wrong in general, without names of files: for clients.
    var words: String {
      switch self {
      case .cannotOpen: "its data cannot be opened"
      case .folderInUse: "its data folder is in use"
      case .newerSchema: "its data is of a newer version"
      case .full: "there is no room left, or writing failed"
      case .inputOutput: "reading or writing failed"
      case .locked: "somebody else keeps it locked"
      case .unreachable: "its database cannot be reached"
      case .conflict: "others change the same at this moment"
      case .refused: "its database refuses the data"
      case .tooLarge: "it is too much at once"
      case .damaged: "its data is damaged or no database"
      case .fileExists: "a file exists already"
      case .closed: "it is closed"
      case .other: "it failed"
      }
    }
  }

  /// What kind of trouble it is.
  public var kind: Kind
  /// What happened, in one line that names the file or folder where there is one.
  public var description: String
  /// The field whose value the database refuses, as clients know it; `nil` for none that is known.
  public var field: String?
  /// Whether what failed may come to be kept all the same: the database has not told in time.
  public var isUncertain = false

  /// An error by its parts.
  public init(_ kind: Kind, _ description: String, field: String? = nil) {
    self.kind = kind
    self.description = description
    self.field = field
  }
}

extension ContextError {
  /// 422: the database will never take what this call brings.
  static func refused(_ error: StoreError) -> ContextError {
    ContextError(
      status: 422, code: "data_refused",
      message: "The database cannot keep what this call brings; nothing of it was kept. \(error)",
      field: error.field)
  }
}
