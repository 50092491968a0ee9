/*
 * YAML as records are written (block style, a line for each scalar), read by
 * lines: many times as fast as by libyaml. Whatever is not plainly that is left
 * to libyaml, which would read the same from all that is read here.
 */
#ifndef LIB_WRAP_YAML_PLAIN_H
#define LIB_WRAP_YAML_PLAIN_H

#include "lib/base/compat.h"
#include "lib/base/arena.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** A map, all of which is lent from the arena, tags and texts as well; so it is
 *  neither changed nor freed, but value_copy() of it may be. It has no foreign
 *  tags. NULL: read it by libyaml, also to learn what is wrong with it. */
const struct value *yaml_read_plain(struct arena *arena, const char *text,
				    size_t len);

/** What yaml_parse() does with the rest, and fuzzing compares. */
int yaml_parse_events(struct value **out, const char *text, size_t len,
		      const char *name, struct strbuf *err);

#endif
