/*
 * Which libraries this program runs with. It asks those that are loaded by
 * the names of their own functions and includes no header of theirs: each
 * library still has one door.
 */
#ifndef LIB_WRAP_LIBRARIES_H
#define LIB_WRAP_LIBRARIES_H

#include "lib/base/compat.h"
#include "lib/base/value.h"

/** Sets one key a library ("libyaml": "0.2.5") in `map`; the C library, those
 *  that are linked, and those that are opened when needed: libcrypto, libcurl,
 *  libexpat (or "missing"). */
void libraries_list(struct value *map);

#endif
