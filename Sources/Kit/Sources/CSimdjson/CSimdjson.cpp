#include "CSimdjson.h"

#include <new>
#include <simdjson.h>

using namespace simdjson;

struct csimdjson_parser {
  dom::parser parser;
  size_t max_depth;
};

extern "C" {

csimdjson_parser *csimdjson_new(size_t max_depth) {
  auto *p = new (std::nothrow) csimdjson_parser;
  if (p) p->max_depth = max_depth;
  return p;
}

void csimdjson_free(csimdjson_parser *p) { delete p; }

int csimdjson_parse(csimdjson_parser *p, const uint8_t *bytes, size_t length) {
  if (length > p->parser.capacity() || p->parser.max_depth() != p->max_depth) {
    // dom::parser grows by itself but forgets the depth that was asked for.
    size_t capacity = length < 1024 ? 1024 : length;
    if (p->parser.allocate(capacity, p->max_depth) != SUCCESS) return CSIMDJSON_OUT_OF_MEMORY;
  }
  dom::element element;
  switch (p->parser.parse(bytes, length, false).get(element)) {
  case SUCCESS: return CSIMDJSON_OK;
  case DEPTH_ERROR: return CSIMDJSON_TOO_DEEP;
  case UTF8_ERROR: return CSIMDJSON_INVALID_UTF8;
  case NUMBER_ERROR: return CSIMDJSON_NUMBER_ERROR;
  case EMPTY: return CSIMDJSON_EMPTY;
  case MEMALLOC: return CSIMDJSON_OUT_OF_MEMORY;
  default: return CSIMDJSON_MALFORMED;
  }
}

const uint64_t *csimdjson_tape(const csimdjson_parser *p) { return p->parser.doc.tape.get(); }
const uint8_t *csimdjson_strings(const csimdjson_parser *p) { return p->parser.doc.string_buf.get(); }
size_t csimdjson_capacity(const csimdjson_parser *p) { return p->parser.capacity(); }
size_t csimdjson_padding(void) { return SIMDJSON_PADDING; }
}
