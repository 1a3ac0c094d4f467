/* libpq in the form that Swift can import: distributions put its header into different folders. No logic lives here. */
#pragma once
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
