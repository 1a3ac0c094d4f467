/* The name under which llhttp's own sources include their header. */
#include "CLLHTTP.h"
