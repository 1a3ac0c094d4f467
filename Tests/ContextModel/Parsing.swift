import ContextModel
import JSON

/// A JSON text, parsed.
func json(_ text: String) throws -> JSONValue { try JSONParser().parse(Array(text.utf8)).root }

/// The error that something throws; `nil` if it throws none.
func refusal(_ body: () throws -> Void) -> ContextError? {
  do {
    try body()
    return nil
  } catch {
    return error as? ContextError
  }
}
