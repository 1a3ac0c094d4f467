/* Tells the thread sanitizer what it does not see, as it happens in Swift's libraries, which are not built for it.
   Preloaded into the processes of a test run; every call is passed on.

   Synchronization's Mutex when threads contend for it: the fast paths are atomic operations in the code that uses it, which
   the sanitizer sees; the slow paths are futex calls. What one thread does under the lock would look like a race with the
   next one.

   A continuation that is resumed before its task waits for it: the runtime tells that the resuming thread lets go, but the task
   just goes on, and nothing tells that it takes over. What it was handed would look like a race. */
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

/* What a task's continuation begins with, by the runtime's ABI. */
struct continuation;
#define ASYNC __attribute__((swiftasynccall))
#define CONTEXT __attribute__((swift_async_context)) struct continuation *context
struct continuation {
  void *parent;
  /* How the task goes on if it need not wait. Once it has waited, the runtime goes by what it noted before. */
  ASYNC void (*resume_parent)(CONTEXT);
  uintptr_t flags;
};
/* The task has to be on a certain executor then, perhaps on another thread. */
#define FORCED 2

/* Weak: a program without concurrency does not have it. */
extern __attribute__((swiftcall)) void *swift_task_getCurrent(void) __attribute__((weak));

static ASYNC void (*next_continuation_await)(struct continuation *context);
static __thread ASYNC void (*goes_on)(CONTEXT);

__attribute__((constructor)) static void find_next_await(void) {
  *(void **)&next_continuation_await = dlsym(RTLD_NEXT, "swift_continuation_await");
}

static ASYNC void take_over(CONTEXT) {
  if (__tsan_acquire) __tsan_acquire(swift_task_getCurrent());
  __attribute__((musttail)) return goes_on(context);
}

ASYNC void swift_continuation_await(struct continuation *context) {
  if (!(context->flags & FORCED)) {
    goes_on = context->resume_parent;
    context->resume_parent = take_over;
  }
  __attribute__((musttail)) return next_continuation_await(context);
}
