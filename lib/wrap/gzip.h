/*
 * What was packed by gzip (RFC 1952), in memory: answers of servers.
 */
#ifndef LIB_WRAP_GZIP_H
#define LIB_WRAP_GZIP_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** Adds what is in data[0..len), one member, to `out`: at most `max` bytes.
 *  False: it is none, is cut or damaged, or holds more; `out` is as before. */
bool gzip_unpack(struct strbuf *out, const void *data, size_t len, size_t max);

#endif
