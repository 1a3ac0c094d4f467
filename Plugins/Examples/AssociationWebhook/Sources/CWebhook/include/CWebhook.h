/* HTTP POST with libcurl, and HMAC-SHA256 with OpenSSL. libcurl's functions take any number of arguments, which Swift
   cannot call. No logic. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A connection that is kept between requests. One thread at a time, but for cwebhook_cancel. */
typedef struct cwebhook cwebhook;

/* Made for one URL, which is copied; freed by cwebhook_free. NULL without memory. */
cwebhook *cwebhook_make(const char *url, long timeout_milliseconds);
void cwebhook_free(cwebhook *hook);

/* Sends a body with headers, "Name: value" each; nothing of them is kept. Blocks until the answer is there.
   Returns the HTTP status, or 0 if there is none, with the reason in `error`. */
long cwebhook_post(
    cwebhook *hook, const uint8_t *body, size_t length, const char *const *headers, size_t count, char error[256]);

/* Lets a request that is under way, and all later ones, fail within a second. Any thread. */
void cwebhook_cancel(cwebhook *hook);

/* HMAC-SHA256 of two pieces, one behind the other. */
void cwebhook_hmac(
    const uint8_t *key, size_t key_length, const uint8_t *first, size_t first_length, const uint8_t *second,
    size_t second_length, uint8_t digest[32]);
