/* What a plugin and a server must have in common. One place, compiled into both. */
#pragma once
/* Changes with every change of a public type's layout or of a public protocol. */
#define LIAISON_KIT_VERSION "0.3.0"
/* The C compiler of the Swift toolchain: its revision changes with every release of Swift. */
#define LIAISON_COMPILER __clang_version__
/* Both are literals: they live as long as the library. */
const char *liaison_kit_version(void);
const char *liaison_kit_compiler(void);
