/* xxHash in the form that Swift can import: XXH3 is behind macros. No logic lives here. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

/* The bytes are only read during the call. */
static inline uint64_t cxxhash_64(const void *bytes, size_t count, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, count, seed);
}
