/*
 * Manual pages as plain text, where there is no man(1). It knows the requests
 * that asciidoctor writes; what it does not know it leaves out.
 */
#ifndef LIB_BASE_ROFF_H
#define LIB_BASE_ROFF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** Adds the page, at most `width` columns wide where lines may be broken. */
void roff_to_text(struct strbuf *out, const char *page, size_t len,
		  size_t width);

#endif
