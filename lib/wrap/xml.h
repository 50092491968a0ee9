/*
 * The door to libexpat, opened at the first use (dlopen): XML from servers as
 * a walk over elements that hold text. A document type declaration is refused
 * (so no entities, and no bombs), as are attributes' and names' meanings:
 * what stores answer needs none. Namespaces are dropped.
 */
#ifndef LIB_WRAP_XML_H
#define LIB_WRAP_XML_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define XML_DEPTH_MAX 16
#define XML_TEXT_MAX (64u << 10)

/**
 * Called at the end of each element. path: names from the root, as
 * "ListBucketResult/Contents/Key". text: of an element without children, len
 * bytes of UTF-8, no NUL inside; "" for one with children. Non-zero ends the
 * walk with that code.
 */
typedef int (*xml_element_fn)(const char *path, const char *text, size_t len,
			      void *data, struct strbuf *err);

/** Errors: ERR_CONTENT (no well-formed XML, or beyond the maxima; says where);
 *  ERR_FAILED (libexpat cannot be loaded); what fn returned. */
int xml_walk(const char *xml, size_t len, xml_element_fn fn, void *data,
	     struct strbuf *err);

/** Adds `text` so that it can stand in an element. Control characters that XML
 *  1.0 cannot hold: ERR_USAGE. */
int xml_escape(struct strbuf *out, const char *text, struct strbuf *err);

#endif
