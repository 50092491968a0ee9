/*
 * The beginning and end of reading, and finding the place of a value.
 */
#include "lib/base/compat.h"
#include "lib/wrap/yaml.h"

#include <yaml.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/yaml-events.h"

#ifdef RESUTIL_FAULT_POINTS
/*
 * The library asks itself for memory by these names, which it exports, so that
 * a program's own come first. So its allocations are points, too.
 */
void *yaml_malloc(size_t size);
void *yaml_realloc(void *ptr, size_t size);
void yaml_free(void *ptr);

void *yaml_malloc(size_t size)
{
	return xmalloc(size);
}

void *yaml_realloc(void *ptr, size_t size)
{
	return xrealloc(ptr, size);
}

void yaml_free(void *ptr)
{
	free(ptr);
}
#endif

int yaml_bad(struct yaml_reader *r, yaml_mark_t mark, const char *fmt, ...)
{
	struct strbuf what = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&what, fmt, ap);
	va_end(ap);
	fail(r->err, ERR_CONTENT, "'%s' line %zu, column %zu: %s", r->name,
	     mark.line + 1, mark.column + 1, what.buf);
	strbuf_release(&what);
	return ERR_CONTENT;
}

/* Bytes that are no YAML have an offset, but no mark. */
static yaml_mark_t mark_of_offset(const struct yaml_reader *r, size_t offset)
{
	yaml_mark_t mark = { 0, 0, 0 };
	size_t i;

	for (i = 0; i < offset && i < r->len; i++) {
		if (r->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if ((r->text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static int bad_syntax(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;

	switch (p->error) {
	case YAML_MEMORY_ERROR:
		alloc_failed(0);
	case YAML_READER_ERROR:
		return yaml_bad(r, mark_of_offset(r, p->problem_offset), "%s",
				p->problem);
	default:
		if (p->context)
			return yaml_bad(r, p->problem_mark, "%s (%s)",
					p->problem, p->context);
		return yaml_bad(r, p->problem_mark, "%s", p->problem);
	}
}

int yaml_next(struct yaml_reader *r, yaml_event_t *event)
{
	if (!yaml_parser_parse(&r->parser, event))
		return bad_syntax(r);
	return 0;
}

int yaml_reader_start(struct yaml_reader *r, const char *text, size_t len,
		      const char *name, struct strbuf *err)
{
	yaml_event_t event;
	int ret;

	if (len > YAML_MAX_BYTES)
		return fail(err, ERR_CONTENT, "'%s' is too large: %zu bytes, "
			    "at most %u", name, len, YAML_MAX_BYTES);
	r->text = text;
	r->len = len;
	r->name = name;
	r->err = err;
	if (!yaml_parser_initialize(&r->parser))
		alloc_failed(0);
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text,
				     len);
	ret = yaml_next(r, &event);
	if (ret)
		yaml_parser_delete(&r->parser);
	else
		yaml_event_delete(&event);
	return ret;
}

void yaml_reader_end(struct yaml_reader *r)
{
	yaml_parser_delete(&r->parser);
}

int yaml_first_node(struct yaml_reader *r, yaml_event_t *event)
{
	int ret = yaml_next(r, event);
	bool begins;

	if (ret)
		return ret;
	begins = event->type == YAML_DOCUMENT_START_EVENT;
	yaml_event_delete(event);
	if (!begins)
		return 0;
	ret = yaml_next(r, event);
	return ret ? ret : 1;
}

int yaml_last_node(struct yaml_reader *r)
{
	yaml_event_t event;
	int ret = yaml_next(r, &event);		/* the end of the document */

	if (ret)
		return ret;
	yaml_event_delete(&event);
	ret = yaml_next(r, &event);
	if (ret)
		return ret;
	if (event.type != YAML_STREAM_END_EVENT)
		ret = yaml_bad(r, event.start_mark,
			       "a second document begins here");
	yaml_event_delete(&event);
	return ret;
}

/* libyaml counts characters; `at` and `index` are a place known before. */
struct place {
	size_t at, index;
};

struct finder {
	struct yaml_reader r;
	struct yaml_span *span;
	struct place known;
	const char *path;	/* what is left of it */
};

static size_t offset_of(struct finder *f, yaml_mark_t mark)
{
	if (mark.index < f->known.index) {
		f->known.at = 0;
		f->known.index = 0;
	}
	while (f->known.index < mark.index && f->known.at < f->r.len) {
		f->known.at++;
		while (f->known.at < f->r.len &&
		       (f->r.text[f->known.at] & 0xc0) == 0x80)
			f->known.at++;
		f->known.index++;
	}
	return f->known.at;
}

static bool ends_block(const yaml_event_t *e)
{
	/* The end of a block collection is told where the next token begins;
	 * a bracket has a width. */
	return e->end_mark.index == e->start_mark.index;
}

/*
 * Passes the rest of a node whose first event is given (and deleted); tells
 * where its last character stands.
 */
static int skip_node(struct finder *f, yaml_event_t *event, yaml_mark_t *end)
{
	unsigned depth = 0;
	int ret = 0;

	for (;;) {
		if (event->type == YAML_SEQUENCE_START_EVENT ||
		    event->type == YAML_MAPPING_START_EVENT) {
			if (++depth > YAML_MAX_DEPTH)
				ret = yaml_bad(&f->r, event->start_mark,
					       "nested too deeply (at most %d "
					       "levels)", YAML_MAX_DEPTH);
			*end = event->end_mark;
		} else if (event->type == YAML_SEQUENCE_END_EVENT ||
			   event->type == YAML_MAPPING_END_EVENT) {
			depth--;
			if (!ends_block(event))
				*end = event->end_mark;
		} else {
			*end = event->end_mark;
		}
		yaml_event_delete(event);
		if (ret || !depth)
			return ret;
		ret = yaml_next(&f->r, event);
		if (ret)
			return ret;
	}
}

/* Does the key stand first in what is left of the path? Then its length. */
static size_t match_key(const struct finder *f, const yaml_event_t *event)
{
	size_t len = strcspn(f->path, ".");

	if (event->type != YAML_SCALAR_EVENT ||
	    event->data.scalar.length != len ||
	    memcmp(event->data.scalar.value, f->path, len))
		return 0;
	return len;
}

static int find_in_map(struct finder *f, const yaml_event_t *begin);

/* The value of a key that matched; its first event is given. */
static int find_in_value(struct finder *f, yaml_event_t *event, size_t key_len,
			 size_t key_start)
{
	struct yaml_span *span = f->span;
	yaml_mark_t start = event->start_mark, end;
	int ret;

	span->found_keys++;
	f->path += key_len;
	if (*f->path == '.' && event->type == YAML_MAPPING_START_EVENT) {
		f->path++;
		ret = find_in_map(f, event);
		yaml_event_delete(event);
		return ret;
	}
	span->found = !*f->path;
	span->blocked = !span->found;
	span->key_start = key_start;
	span->start = offset_of(f, start);
	ret = skip_node(f, event, &end);
	if (!ret)
		span->end = offset_of(f, end);
	return ret;
}

/* Returns 1 when the search is over: the rest need not be read. */
static int find_in_map(struct finder *f, const yaml_event_t *begin)
{
	struct yaml_span *span = f->span;
	yaml_mark_t last = begin->end_mark, key;
	yaml_event_t event;
	size_t key_len;
	int ret;

	span->nr = 0;
	span->flow = begin->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	span->indent = begin->start_mark.column;
	for (;;) {
		ret = yaml_next(&f->r, &event);
		if (ret)
			return ret;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		key = event.start_mark;
		if (!span->nr++)
			span->indent = key.column;
		key_len = match_key(f, &event);
		ret = skip_node(f, &event, &last);
		if (!ret)
			ret = yaml_next(&f->r, &event);
		if (ret)
			return ret;
		if (key_len) {
			ret = find_in_value(f, &event, key_len,
					    offset_of(f, key));
			return ret ? ret : 1;
		}
		ret = skip_node(f, &event, &last);
		if (ret)
			return ret;
	}
	yaml_event_delete(&event);
	span->start = offset_of(f, last);
	span->end = span->start;
	return 1;
}

int yaml_find(struct yaml_span *span, const char *text, size_t len,
	      const char *dotted_path, const char *name, struct strbuf *err)
{
	struct finder f;
	yaml_event_t event;
	int ret;

	memset(span, 0, sizeof(*span));
	memset(&f, 0, sizeof(f));
	f.span = span;
	f.path = dotted_path;
	ret = yaml_reader_start(&f.r, text, len, name, err);
	if (ret)
		return ret;
	ret = yaml_first_node(&f.r, &event);
	if (ret > 0) {
		if (event.type == YAML_MAPPING_START_EVENT)
			ret = find_in_map(&f, &event);
		else
			span->blocked = event.type != YAML_SCALAR_EVENT ||
				event.data.scalar.length;
		yaml_event_delete(&event);
	} else if (!ret) {
		span->start = len;
		span->end = len;
	}
	yaml_reader_end(&f.r);
	return ret < 0 ? ret : 0;
}
