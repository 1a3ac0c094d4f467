#include "CWebhook.h"

#include <curl/curl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct cwebhook {
  CURL *curl;
  atomic_bool is_cancelled;
};

static size_t drop(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes, (void)context;
  return size * count;
}

static int progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  (void)a, (void)b, (void)c, (void)d;
  return atomic_load(&((cwebhook *)context)->is_cancelled);
}

cwebhook *cwebhook_make(const char *url, long timeout_milliseconds) {
  cwebhook *hook = calloc(1, sizeof *hook);
  if (!hook) return NULL;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  hook->curl = curl_easy_init();
  if (!hook->curl || curl_easy_setopt(hook->curl, CURLOPT_URL, url) != CURLE_OK) {
    cwebhook_free(hook);
    return NULL;
  }
  curl_easy_setopt(hook->curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  curl_easy_setopt(hook->curl, CURLOPT_TIMEOUT_MS, timeout_milliseconds);
  /* Signals belong to the server. */
  curl_easy_setopt(hook->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(hook->curl, CURLOPT_POST, 1L);
  curl_easy_setopt(hook->curl, CURLOPT_USERAGENT, "liaison-association-webhook/1.0");
  curl_easy_setopt(hook->curl, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(hook->curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(hook->curl, CURLOPT_XFERINFOFUNCTION, progress);
  curl_easy_setopt(hook->curl, CURLOPT_XFERINFODATA, hook);
  return hook;
}

void cwebhook_free(cwebhook *hook) {
  if (!hook) return;
  if (hook->curl) curl_easy_cleanup(hook->curl);
  free(hook);
}

long cwebhook_post(
    cwebhook *hook, const uint8_t *body, size_t length, const char *const *headers, size_t count, char error[256]) {
  struct curl_slist *list = NULL;
  for (size_t index = 0; index < count; index++) {
    struct curl_slist *longer = curl_slist_append(list, headers[index]);
    if (!longer) {
      curl_slist_free_all(list);
      strcpy(error, "there is no memory");
      return 0;
    }
    list = longer;
  }
  char details[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(hook->curl, CURLOPT_ERRORBUFFER, details);
  curl_easy_setopt(hook->curl, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(hook->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
  curl_easy_setopt(hook->curl, CURLOPT_POSTFIELDS, (const char *)body);
  CURLcode code = curl_easy_perform(hook->curl);
  long status = 0;
  if (code == CURLE_OK) {
    curl_easy_getinfo(hook->curl, CURLINFO_RESPONSE_CODE, &status);
  } else {
    strncpy(error, details[0] ? details : curl_easy_strerror(code), 255);
    error[255] = 0;
  }
  curl_easy_setopt(hook->curl, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_setopt(hook->curl, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(hook->curl, CURLOPT_POSTFIELDS, NULL);
  curl_slist_free_all(list);
  return status;
}

void cwebhook_cancel(cwebhook *hook) { atomic_store(&hook->is_cancelled, true); }

void cwebhook_hmac(
    const uint8_t *key, size_t key_length, const uint8_t *first, size_t first_length, const uint8_t *second,
    size_t second_length, uint8_t digest[32]) {
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0), OSSL_PARAM_construct_end()};
  size_t length = 32;
  if (!context || !EVP_MAC_init(context, key, key_length, parameters) ||
      !EVP_MAC_update(context, first, first_length) || !EVP_MAC_update(context, second, second_length) ||
      !EVP_MAC_final(context, digest, &length, 32))
    /* A signature that is none must not leave the process. */
    abort();
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
}
