#include "CKitVersion.h"

const char *liaison_kit_version(void) { return LIAISON_KIT_VERSION; }
const char *liaison_kit_compiler(void) { return LIAISON_COMPILER; }
