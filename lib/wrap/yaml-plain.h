/*
 * YAML as records are written (block style, a line for each scalar), read by
 * lines: many times as fast as by libyaml. Whatever is not plainly that is left
 * to libyaml, which would read the same from all that is read here.
 */
#ifndef LIB_WRAP_YAML_PLAIN_H
#define LIB_WRAP_YAML_PLAIN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** False: read it by libyaml, also to learn what is wrong with it. */
bool yaml_read_plain(struct value **out, const char *text, size_t len);

/** What yaml_parse() does with the rest, and fuzzing compares. */
int yaml_parse_events(struct value **out, const char *text, size_t len,
		      const char *name, struct strbuf *err);

#endif
