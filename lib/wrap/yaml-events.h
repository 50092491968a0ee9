/*
 * libyaml's events with our errors: shared by the two files that read YAML,
 * and by nobody else (a third-party type stays in this room).
 */
#ifndef LIB_WRAP_YAML_EVENTS_H
#define LIB_WRAP_YAML_EVENTS_H

#include "lib/base/compat.h"

#include <yaml.h>

#include "lib/base/strbuf.h"

struct yaml_reader {
	yaml_parser_t parser;
	const char *text;
	size_t len;
	const char *name;
	struct strbuf *err;
};

/** Starts; passes the beginning of the stream. ERR_CONTENT: too large. */
int yaml_reader_start(struct yaml_reader *r, const char *text, size_t len,
		      const char *name, struct strbuf *err);
void yaml_reader_end(struct yaml_reader *r);

/** The next event; the caller deletes it. ERR_CONTENT for bad syntax. */
int yaml_next(struct yaml_reader *r, yaml_event_t *event);

/**
 * Passes the beginning of the document and gives its first node. Returns 1, 0
 * when there is no document, or an error.
 */
int yaml_first_node(struct yaml_reader *r, yaml_event_t *event);

/** Passes the end; ERR_CONTENT when another document follows. */
int yaml_last_node(struct yaml_reader *r);

/** ERR_CONTENT with name, line and column before the sentence. */
int yaml_bad(struct yaml_reader *r, yaml_mark_t mark, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
