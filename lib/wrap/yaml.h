/*
 * The door to libyaml. Reads YAML 1.1/1.2 core data into a value tree and
 * writes one; never constructs objects, never runs anything.
 */
#ifndef LIB_WRAP_YAML_H
#define LIB_WRAP_YAML_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

#define YAML_MAX_BYTES (64u << 20)	/* of text */
#define YAML_MAX_DEPTH 64
#define YAML_MAX_NODES 2000000u		/* aliases count what they expand to */
#define YAML_MAX_COPIED 250000u		/* of these, from aliases */

/**
 * Parses one document. `name` (a path) begins each message:
 * "'conf.yaml' line 3, column 5: ...". An empty document gives an empty map.
 * Scalars are typed where YAML 1.1 (as PyYAML reads it) and 1.2 agree, else as
 * PyYAML reads them. !!binary gives bytes; other tags are kept in value->tag:
 * that of a timestamp, which stays text and has it with or without a tag in
 * the file; !!int for an integer beyond int64_t, which stays text; !!set for
 * a map of nulls. Keys are text as written (bytes when tagged !!binary), those
 * that are a number, a boolean or null have pair->plain; a list or map as a
 * key becomes its compact text. Merge keys (`<<`) are merged as PyYAML does
 * it.
 * Errors: ERR_CONTENT (syntax, duplicate key, a second document, limits,
 * invalid UTF-8, NUL).
 */
int yaml_parse(struct value **out, const char *text, size_t len,
	       const char *name, struct strbuf *err);

/** Writes block style, indent 2, no `---`, unlimited width, UTF-8 unescaped
 *  where printable; scalars are quoted unless YAML 1.1 and 1.2 and PyYAML all
 *  read the plain form back as the same type and value. */
void yaml_write(struct strbuf *out, const struct value *value);

/** Where a value stands in the text, for edits that keep comments. Offsets
 *  are bytes. The innermost map found is the one that holds the last key of
 *  the path, or would. */
struct yaml_span {
	size_t start, end;	/* of the value when found (equal: nothing is
				 * written there); else both: the end of the
				 * last value in the innermost map */
	size_t key_start;	/* when found: where its key begins */
	size_t found_keys;	/* how many components of the path exist */
	unsigned indent;	/* column of keys in the innermost map */
	unsigned nr;		/* how many keys the innermost map has */
	bool found;
	bool flow;		/* the innermost map is in { } */
	bool blocked;		/* not found: something that is no map stands
				 * (start..end) where a map would have to be */
};

/** dotted_path: keys of nested maps ("run.prompt"); not through lists,
 *  aliases or merge keys. Errors: ERR_CONTENT as yaml_parse(). */
int yaml_find(struct yaml_span *span, const char *text, size_t len,
	      const char *dotted_path, const char *name, struct strbuf *err);

#endif
