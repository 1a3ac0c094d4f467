/* OpenSSL's TLS in the form that Swift can import: what it offers as macros. No logic lives here. */
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* TLS 1.2 or newer; a write may take a part, and go on from memory that has moved; an end without notice is an end. */
static inline void ctls_set_up(SSL_CTX *context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
}

/* Tells the server which name is meant, so that it can choose a certificate. OpenSSL copies it. */
static inline void ctls_ask_for(SSL *session, const char *name) { SSL_set_tlsext_host_name(session, name); }
