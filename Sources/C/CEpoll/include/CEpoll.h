/* epoll, eventfd, sockets and process limits in the form that Swift can import: Glibc's
   overlay hides or types away some of the arguments. No logic lives here. */
#pragma once
/* Without _GNU_SOURCE: with it some system types differ from the ones in Swift's Glibc module. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Accepts one connection, non-blocking and closed on exec; the caller owns the descriptor. */
int cepoll_accept(int fd);
static inline int cepoll_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}
static inline int cepoll_bind(int fd, const struct sockaddr_storage *a, socklen_t n) {
  return bind(fd, (const struct sockaddr *)a, n);
}
static inline int cepoll_connect(int fd, const struct sockaddr_storage *a, socklen_t n) {
  return connect(fd, (const struct sockaddr *)a, n);
}
static inline int cepoll_getsockname(int fd, struct sockaddr_storage *a, socklen_t *n) {
  return getsockname(fd, (struct sockaddr *)a, n);
}
static inline int cepoll_getpeername(int fd, struct sockaddr_storage *a, socklen_t *n) {
  return getpeername(fd, (struct sockaddr *)a, n);
}
/* RLIMIT_NOFILE's resource argument is an enum in C and untyped in Swift. */
static inline int cepoll_get_open_files(struct rlimit *l) { return getrlimit(RLIMIT_NOFILE, l); }
static inline int cepoll_set_open_files(const struct rlimit *l) { return setrlimit(RLIMIT_NOFILE, l); }
/* How many processors the process may run on; 0 if there are more than 1,024 of them and the system cannot tell. */
int cepoll_processors(void);
/* Names the calling thread; the kernel refuses more than 15 bytes, then nothing changes. */
int cepoll_name_thread(const char *name);
/* One pointer per thread: the event loop that runs on it, not owned. Null on every other thread. */
void *cepoll_current_loop(void);
void cepoll_set_current_loop(void *loop);
