/*
 * An edit touches as little text as it can. Whether it said what it should is
 * not reasoned about but seen: the new text is read, and must mean the old one
 * with the one change.
 */
#include "lib/base/compat.h"
#include "lib/exp/conf/conf-edit.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"

#define NAME "conf"

struct edit {
	const struct strbuf *text;	/* before */
	const struct value *want;	/* what the new text must mean */
	const char *path;
	struct yaml_span span;
	struct strbuf out;		/* after */
};

/* "a.b" of "a.b.c"; NULL for "c". The caller frees. */
static char *parent_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? xmemdupz(path, dot - path) : NULL;
}

static const char *last_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* What is left of a path behind its first `nr` components. */
static const char *skip_keys(const char *path, size_t nr)
{
	while (nr--) {
		path = strchrnul(path, '.');
		path += *path == '.';
	}
	return path;
}

static size_t count_keys(const char *path)
{
	size_t nr = 1;

	while ((path = strchr(path, '.'))) {
		path++;
		nr++;
	}
	return nr;
}

static bool is_scalar(const struct value *value)
{
	return value->type != VALUE_MAP && value->type != VALUE_LIST;
}

/*
 * The line that begins behind the byte before `at`, or that `at` stands at the
 * end of: what is inserted there comes after the rest of its line (a comment).
 */
static size_t next_line(const struct strbuf *text, size_t at)
{
	const char *newline;

	if (!at || text->buf[at - 1] == '\n')
		return at;
	newline = memchr(text->buf + at, '\n', text->len - at);
	return newline ? (size_t)(newline - text->buf) + 1 : text->len;
}

/* `key: value` in block style, its lines moved right but for the first. */
static void add_pair(struct strbuf *out, const char *key,
		     const struct value *value, unsigned indent)
{
	struct value *map = value_new_map();
	struct strbuf text = STRBUF_INIT;
	const char *p;

	value_map_set(map, key, value_copy(value));
	yaml_write(&text, map);
	for (p = text.buf; *p; ) {
		size_t len = strcspn(p, "\n");

		if (p > text.buf && len)
			strbuf_addf(out, "%*s", (int)indent, "");
		strbuf_add(out, p, len + (p[len] == '\n'));
		p += len + (p[len] == '\n');
	}
	strbuf_release(&text);
	value_free(map);
}

/* out = text[0..from) + what `middle` says + text[to..] */
static void put(struct edit *e, size_t from, size_t to,
		const struct strbuf *middle)
{
	strbuf_reset(&e->out);
	strbuf_addbuf(&e->out, e->text);
	strbuf_splice(&e->out, from, to - from, middle->buf, middle->len);
}

/* The value of a key that is there. */
static void replace(struct edit *e, const struct value *value)
{
	const struct yaml_span *span = &e->span;
	struct strbuf new = STRBUF_INIT;
	size_t from = span->start;
	bool line_ended = span->end && e->text->buf[span->end - 1] == '\n';

	if (span->flow) {
		json_write(&new, value);
	} else if (is_scalar(value) && !line_ended) {
		yaml_write(&new, value);
		strbuf_setlen(&new, new.len - 1);
	}
	if (!new.len || memchr(new.buf, '\n', new.len)) {
		from = span->key_start;
		strbuf_reset(&new);
		add_pair(&new, last_of(e->path), value, span->indent);
		if (!line_ended)
			strbuf_setlen(&new, new.len - 1);
	} else if (span->start == span->end) {
		strbuf_insert(&new, 0, " ", 1);
	}
	put(e, from, span->end, &new);
	strbuf_release(&new);
}

/* New keys at the end of the innermost block map that is there. */
static void append(struct edit *e, const struct value *value)
{
	const char *rest = skip_keys(e->path, e->span.found_keys);
	char *key = xmemdupz(rest, strcspn(rest, "."));
	struct strbuf new = STRBUF_INIT;
	struct value *nest = NULL;
	size_t at = next_line(e->text, e->span.end);

	if (at && e->text->buf[at - 1] != '\n')
		strbuf_addch(&new, '\n');
	strbuf_addf(&new, "%*s", (int)e->span.indent, "");
	rest = skip_keys(rest, 1);
	if (*rest) {
		nest = value_new_map();
		value_set(nest, rest, value_copy(value));
	}
	add_pair(&new, key, nest ? nest : value, e->span.indent);
	put(e, at, at, &new);

	free(key);
	value_free(nest);
	strbuf_release(&new);
}

/* The lines of a key. Comments above it stay: they may be about more. */
static void take_out(struct edit *e)
{
	static const struct strbuf nothing = STRBUF_INIT;
	size_t from = e->span.key_start;

	while (from && e->text->buf[from - 1] == ' ')
		from--;
	put(e, from, next_line(e->text, e->span.end), &nothing);
}

/* Reads what came out; anything unexpected is an error. */
static int check(struct edit *e, struct strbuf *err)
{
	struct value *got = NULL;
	int ret = yaml_parse(&got, e->out.buf, e->out.len, NAME, NULL);

	if (ret || !value_equal(got, e->want))
		ret = fail(err, ERR_CONTENT, "cannot change '%s' without "
			   "changing more; edit it by hand", e->path);
	value_free(got);
	return ret;
}

/* Writes the map that holds the key anew; comments in it are lost. */
static int rewrite_parent(struct edit *e, size_t nr_keys, struct strbuf *err)
{
	const char *rest = skip_keys(e->path, nr_keys);
	const struct value *map;
	char *parent;
	int ret;

	if (rest == e->path) {
		strbuf_reset(&e->out);
		yaml_write(&e->out, e->want);
		return 0;
	}
	parent = xmemdupz(e->path, rest - e->path - 1);
	map = value_get(e->want, parent);
	strbuf_reset(&e->out);
	strbuf_addbuf(&e->out, e->text);
	ret = map ? conf_edit(&e->out, parent, map, err) : 0;
	free(parent);
	return ret;
}

static int remove_key(struct edit *e, struct strbuf *err)
{
	char *parent = parent_of(e->path);
	const struct value *left = parent ? value_get(e->want, parent) : NULL;
	int ret = 0;

	/* Not there: a merged key. A map without keys would be null. */
	if (!e->span.found || e->span.flow || (left && !left->u.map.nr))
		ret = rewrite_parent(e, count_keys(e->path) - 1, err);
	else
		take_out(e);
	free(parent);
	return ret;
}

static int set_key(struct edit *e, const struct value *value,
		   struct strbuf *err)
{
	if (e->span.found) {
		/* A map inside { } has to be in { } too. */
		replace(e, value);
		return 0;
	}
	if (e->span.blocked || e->span.flow)
		return rewrite_parent(e, e->span.found_keys, err);
	append(e, value);
	return 0;
}

/* A scalar or a list where the path needs a map is the user's: not ours to
 * drop. Nothing (null) may become one. */
static int check_way(const struct value *root, const char *path,
		     struct strbuf *err)
{
	const struct value *at = root;

	for (;;) {
		size_t len = strcspn(path, ".");
		char *key;

		if (at->type == VALUE_NULL && at != root)
			return 0;
		if (at->type != VALUE_MAP)
			return fail(err, ERR_CONTENT, "what holds '%s' is no "
				    "map", path);
		key = xmemdupz(path, len);
		at = value_map_get(at, key);
		free(key);
		if (!at || !path[len])
			return 0;
		path += len + 1;
	}
}

static int edit_text(struct edit *e, const struct value *value,
		     struct strbuf *err)
{
	int ret = yaml_find(&e->span, e->text->buf, e->text->len, e->path,
			    NAME, err);

	if (ret)
		return ret;
	ret = value ? set_key(e, value, err) : remove_key(e, err);
	return ret ? ret : check(e, err);
}

static void remove_value(struct value *root, const char *path)
{
	char *parent = parent_of(path);

	value_map_remove(parent ? (struct value *)value_get(root, parent) :
			 root, last_of(path));
	free(parent);
}

int conf_edit(struct strbuf *text, const char *dotted_path,
	      const struct value *value, struct strbuf *err)
{
	struct edit e = { .text = text, .path = dotted_path,
			  .out = STRBUF_INIT };
	struct value *root = NULL;
	const struct value *now;
	int ret;

	ret = yaml_parse(&root, text->buf, text->len, NAME, err);
	if (!ret)
		ret = check_way(root, dotted_path, err);
	if (ret)
		goto cleanup;
	now = value_get(root, dotted_path);
	if (value ? now && value_equal(now, value) : !now)
		goto cleanup;

	if (value)
		value_set(root, dotted_path, value_copy(value));
	else
		remove_value(root, dotted_path);
	e.want = root;
	ret = edit_text(&e, value, err);
	if (!ret) {
		strbuf_reset(text);
		strbuf_addbuf(text, &e.out);
	}

cleanup:
	value_free(root);
	strbuf_release(&e.out);
	return ret;
}
