/* What a plugin and a server must have in common. One place, compiled into both. */
#pragma once
/* The second number grows with what the kit gains, the first with what plugins would stumble over: see the kit's README. */
#define LIAISON_KIT_VERSION "1.9"
/* The C compiler of the Swift toolchain: its revision changes with every release of Swift. */
#define LIAISON_COMPILER __clang_version__
/* Both are literals: they live as long as the library. */
const char *liaison_kit_version(void);
const char *liaison_kit_compiler(void);
