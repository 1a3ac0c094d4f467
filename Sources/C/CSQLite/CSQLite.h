/* SQLite in the form that Swift can import: its destructor constants are casts and its configuration
   calls are variadic. No logic lives here. */
#pragma once
#include <sqlite3.h>

/* The bytes stay the caller's and must stay as they are until the statement is reset or bound anew. */
static inline int csqlite_bind_text_static(sqlite3_stmt *s, int i, const void *text, int n) {
  return sqlite3_bind_text(s, i, (const char *)text, n, SQLITE_STATIC);
}
/* SQLite takes a copy of the bytes. */
static inline int csqlite_bind_text_copied(sqlite3_stmt *s, int i, const void *text, int n) {
  return sqlite3_bind_text(s, i, (const char *)text, n, SQLITE_TRANSIENT);
}
/* Without statistics an allocation takes no process-wide lock. Only before the first connection. */
static inline int csqlite_without_memory_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
