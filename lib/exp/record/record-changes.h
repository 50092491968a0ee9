/*
 * What a caller wants in a record: a map from a file, and PATH=VALUE words.
 */
#ifndef LIB_EXP_RECORD_RECORD_CHANGES_H
#define LIB_EXP_RECORD_RECORD_CHANGES_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/**
 * Reads a map from `file` ("-": stdin), YAML or, with `json`, strict JSON.
 * Foreign tags are dropped. Errors: ERR_NOT_FOUND, ERR_FAILED; ERR_CONTENT
 * (malformed, no map, larger than a record may be).
 */
int changes_read(struct value **out, const char *file, bool json,
		 struct strbuf *err);

/**
 * Sets what PATH=VALUE says: a dotted path, and a value typed as a parameter
 * is. "PATH=null" is how a key is taken out. ERR_USAGE: it is none.
 */
int changes_set(struct value *changes, const char *assignment,
		struct strbuf *err);

/** The same for one KEY=VALUE of a map; with `json` VALUE is JSON. */
int changes_set_field(struct value *map, const char *assignment, bool json,
		      struct strbuf *err);

/** One map from `file` (NULL: none) and, over it, PATH=VALUE words. */
int changes_gather(struct value **out, const char *file, bool json,
		   const struct strvec *sets, struct strbuf *err);

/** Lays `over` over `map`, as record_merge() does, but nulls are kept. */
void changes_add(struct value *map, const struct value *over);

#endif
