/* The low-level SHA-256 is deprecated but not removed: without it a digest costs 540 ns instead of 60. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
