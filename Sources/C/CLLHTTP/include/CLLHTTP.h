/* llhttp, Node's HTTP/1 parser, from Debian's node-llhttp: installed, or unpacked by `make dependencies`. */
#pragma once
#if __has_include("/usr/share/include/llhttp/llhttp.h")
#include "/usr/share/include/llhttp/llhttp.h"
#else
#include "../../../../.dependencies/usr/share/include/llhttp/llhttp.h"
#endif
