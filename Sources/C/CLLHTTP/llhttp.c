/* Strict mode: what a lenient parser lets through is what request smuggling is made of. */
#define LLHTTP_STRICT_MODE 1
#if __has_include("/usr/share/llhttp/llhttp.c")
#include "/usr/share/llhttp/llhttp.c"
#else
#include "../../../.dependencies/usr/share/llhttp/llhttp.c"
#endif
