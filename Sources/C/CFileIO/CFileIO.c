#define _GNU_SOURCE
#include "CFileIO.h"

#include <sys/uio.h>

ssize_t cfileio_write(int descriptor, const void *bytes, size_t count, off_t offset, int durably) {
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  return pwritev2(descriptor, &part, 1, offset, durably ? RWF_DSYNC : 0);
}
