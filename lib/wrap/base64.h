/*
 * Base 64 of RFC 4648, for bytes in texts (YAML !!binary, JSON).
 */
#ifndef LIB_WRAP_BASE64_H
#define LIB_WRAP_BASE64_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

void base64_encode(struct strbuf *out, const void *data, size_t len);

/** White space is skipped. False: not base 64; `out` may hold a part. */
bool base64_decode(struct strbuf *out, const char *text, size_t len);

#endif
