/* simdjson's DOM parser behind a C interface. The parser owns the tape and the strings: both stay valid
   until the next csimdjson_parse or csimdjson_free on the same parser. A parser belongs to one thread at a time. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct csimdjson_parser csimdjson_parser;

/* The errors that callers tell apart. */
enum {
  CSIMDJSON_OK = 0,
  CSIMDJSON_MALFORMED = 1,
  CSIMDJSON_TOO_DEEP = 2,
  CSIMDJSON_INVALID_UTF8 = 3,
  /* Too large, or no number at all. */
  CSIMDJSON_NUMBER_ERROR = 4,
  CSIMDJSON_EMPTY = 5,
  CSIMDJSON_OUT_OF_MEMORY = 6,
};

/* NULL when memory is short; the caller frees it with csimdjson_free. */
csimdjson_parser *csimdjson_new(size_t max_depth);
void csimdjson_free(csimdjson_parser *);
/* `bytes` must have csimdjson_padding() readable bytes after `length`; it is not needed after the call. */
int csimdjson_parse(csimdjson_parser *, const uint8_t *bytes, size_t length);
const uint64_t *csimdjson_tape(const csimdjson_parser *);
const uint8_t *csimdjson_strings(const csimdjson_parser *);
/* Bytes of input the parser has room for. */
size_t csimdjson_capacity(const csimdjson_parser *);
size_t csimdjson_padding(void);
#ifdef __cplusplus
}
#endif
