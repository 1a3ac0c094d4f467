/* What cannot be inline in the header: calls that need _GNU_SOURCE, and the thread-local's one place. */
#define _GNU_SOURCE
#include "CEpoll.h"
#include <pthread.h>
#include <sched.h>

int cepoll_accept(int fd) {
  return accept4(fd, (struct sockaddr *)0, (socklen_t *)0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int cepoll_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

int cepoll_processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

static _Thread_local void *current_loop;

void *cepoll_current_loop(void) { return current_loop; }
void cepoll_set_current_loop(void *loop) { current_loop = loop; }
