#include "CKitVersion.h"

#include <stdint.h>

/* An ELF note, read from the file before the library is loaded: one that was built against another kit or by another
   compiler would fail inside dlopen, or crash. The server's PluginNote reads it. */
static const struct {
  uint32_t name_size, text_size, type;
  char name[8];
  char text[256];
} note __attribute__((section(".note.liaison"), aligned(4), used)) = {
    8, 256, 1, "Liaison", "kit " LIAISON_KIT_VERSION "\ncompiler " LIAISON_COMPILER "\n"};
