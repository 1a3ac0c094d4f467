/* Calls of Linux that Glibc shows to Swift only as extensions. No logic lives here. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Writes at an offset like pwrite; with `durably` it returns when the bytes are on disk, as if by fdatasync.
   The bytes are only read during the call. */
ssize_t cfileio_write(int descriptor, const void *bytes, size_t count, off_t offset, int durably);
