/* Tells the thread sanitizer what Synchronization's Mutex does when threads contend for it. The fast paths are atomic
   operations in the code that uses it, which the sanitizer sees. The slow paths are futex calls in a library that is not
   built for the sanitizer: what one thread does under the lock would look like a race with the next one.
   Preloaded into the processes of a test run; every call is passed on. */
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* Of the sanitizer's runtime, in a test's executable; absent in processes that are not built for it. */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

/* Methods of Swift: the mutex comes in the context register. */
#define METHOD __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

METHOD void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
METHOD void unlock_slow(SELF) __asm__(UNLOCK_SLOW);

static METHOD void (*next_lock_slow)(uint32_t thread, SELF);
static METHOD void (*next_unlock_slow)(SELF);

__attribute__((constructor)) static void find_next(void) {
  *(void **)&next_lock_slow = dlsym(RTLD_NEXT, LOCK_SLOW);
  *(void **)&next_unlock_slow = dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

METHOD void lock_slow(uint32_t thread, SELF) {
  next_lock_slow(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

METHOD void unlock_slow(SELF) {
  if (__tsan_release) __tsan_release(self);
  next_unlock_slow(self);
}
