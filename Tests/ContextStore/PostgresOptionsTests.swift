import Testing

@testable import ContextStore

/// Connection strings, of which some have a password in them.
@Suite struct PostgresOptionsTests {
  @Test(arguments: [
    "postgres://u:s3cret%zz@h/db", "postgres://u:s3cret/tail@h/db", "postgres://u:s3cret@tail@h/db",
    "postgres://u:12/s3cret@h/db", "postgres://u:a?s3cret@tail@h/db", "postgres://u:s3cret#tail@[h/db",
    "postgres://u@h/db?s3cret", "postgres://u@h/db?password=s3cret&s3cret=1", "host=h password=a s3cret",
    "host=h password=a s3cret=b", "host=h password='s3cret",
  ])
  func `nothing of a connection string that is wrong is shown`(text: String) {
    let error = #expect(throws: StoreError.self) { _ = try PostgresOptions(parsing: text) }
    for part in ["s3cret", "tail", "12"] { #expect(error?.description.contains(part) == false) }
    #expect(error?.description.contains("\n") == false)
  }

  @Test(arguments: [
    "postgres://", "postgres:///db", "postgres://u:p%40%2F@h:1,[::1]:2/db?sslmode=require",
    "postgresql://h,h2",
    "postgres://%2Ftmp/db?application_name=a@b", "host=@abstract", "host=h password='a b@/'",
    "postgres://u@/db",
    "postgres://u:a?b@h/db",
  ])
  func `what libpq takes is taken`(text: String) throws {
    #expect(try PostgresOptions(parsing: text).connection == text)
  }
}
