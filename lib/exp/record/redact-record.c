#include "lib/base/compat.h"
#include "lib/exp/record/redact-record.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/settings.h"

/* Names that other things go by, and paths that have to be found. */
static const char *const kept[] = {
	"resutil", "id", "revision", "tid", "name", "function", "dependency",
	"dependency_ids", "inputs", "result_dir", "subst", "at", "state",
	"resumes", "exit_code", "signal",
	"usage", "collected", "lost_output", "redacted", "rerun_of",
	"rerun_of_id", "renamed_from", NULL
};

void redact_configure(void)
{
	struct strvec list = STRVEC_INIT;
	size_t i;

	redact_clear_rules();
	settings_get_lists("secrets.add", &list);
	for (i = 0; i < list.nr; i++)
		redact_add_name(list.v[i]);
	strvec_clear(&list);
	settings_get_lists("secrets.allow", &list);
	for (i = 0; i < list.nr; i++)
		redact_allow(list.v[i]);
	strvec_release(&list);
}

static bool is_kept(const char *key)
{
	size_t i;

	for (i = 0; kept[i]; i++)
		if (!strcmp(key, kept[i]))
			return true;
	return false;
}

/* Each text of a tree, with its dotted path; `top`: the keys of a record. */
typedef void (*text_fn)(struct value *text, const char *name,
			const struct strbuf *path, void *data);

static void each_text(struct value *value, const char *name, bool top,
		      struct strbuf *path, text_fn fn, void *data)
{
	size_t len = path->len, i;

	switch (value->type) {
	case VALUE_MAP:
		for (i = 0; i < value->u.map.nr; i++) {
			struct value_pair *pair = &value->u.map.pair[i];

			if (top && is_kept(pair->key))
				continue;
			strbuf_addf(path, "%s%s", len ? "." : "", pair->key);
			each_text(pair->value, pair->key, false, path, fn,
				  data);
			strbuf_setlen(path, len);
		}
		break;
	case VALUE_LIST:
		for (i = 0; i < value->u.list.nr; i++) {
			strbuf_addf(path, "%s%zu", len ? "." : "", i);
			each_text(value->u.list.item[i], name, false, path,
				  fn, data);
			strbuf_setlen(path, len);
		}
		break;
	default:
		fn(value, name, path, data);
	}
}

static void each_text_of(struct value *record, text_fn fn, void *data)
{
	struct strbuf path = STRBUF_INIT;

	each_text(record, "", true, &path, fn, data);
	strbuf_release(&path);
}

static void replace(struct value *value, const struct strbuf *text)
{
	struct value *other = value_new_text(text->buf, text->len);
	struct value old = *value;

	*value = *other;
	*other = old;
	value_free(other);
}

/* The name that makes the value a secret: `token`, but `password.value`. */
static const char *telling_name(const struct strbuf *path, const char *name)
{
	const char *dot;

	if (redact_is_secret_name(name))
		return name;
	dot = strrchr(path->buf, '.');
	if (!dot)
		return name;
	while (dot > path->buf && dot[-1] != '.')
		dot--;
	return dot;
}

/* `PyJWT==2.6.0` is no assignment; a URL among them may hold a password. */
static bool is_package(const struct strbuf *path)
{
	static const char packages[] = "meta.packages.";

	return !strncmp(path->buf, packages, strlen(packages));
}

static void take_out(struct value *value, const char *name,
		     const struct strbuf *path, void *data)
{
	struct redaction *r = data;
	struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;

	if (value->type == VALUE_NULL || value->type == VALUE_BOOL)
		return;
	/* of a number only what its name tells */
	name = telling_name(path, name);
	if (value->type == VALUE_INT || value->type == VALUE_FLOAT)
		value_format(&text, value);
	else
		strbuf_add(&text, value->u.text.text, value->u.text.len);
	if ((value_text(value) || redact_is_secret(name, text.buf)) &&
	    strlen(text.buf) == text.len &&
	    (is_package(path) ? redact_text(r, text.buf, &out) :
				redact_value(r, name, text.buf, &out)))
		replace(value, &out);
	strbuf_release(&out);
	strbuf_release(&text);
}

/* `--ghp_...=1` makes a key of it. */
static void take_out_of_keys(struct value *value, struct redaction *r)
{
	size_t i;

	if (value->type == VALUE_LIST)
		for (i = 0; i < value->u.list.nr; i++)
			take_out_of_keys(value->u.list.item[i], r);
	if (value->type != VALUE_MAP)
		return;
	for (i = 0; i < value->u.map.nr; i++) {
		struct value_pair *pair = &value->u.map.pair[i];
		struct strbuf out = STRBUF_INIT;

		if (redact_text(r, pair->key, &out)) {
			free(pair->key);
			pair->key = strbuf_detach(&out, &pair->key_len);
		}
		strbuf_release(&out);
		take_out_of_keys(pair->value, r);
	}
}

static void join(struct strbuf *out, const struct strvec *words, bool quoted)
{
	size_t i;

	if (quoted)
		quote_shell_argv(out, words->v);
	for (i = 0; !quoted && i < words->nr; i++)
		strbuf_addf(out, "%s%s", i ? " " : "", words->v[i]);
}

/* False: the text is not made of these words, but one like others. */
static bool set_words(struct value *record, const char *key, bool quoted,
		      const struct strvec *before, const struct strvec *after)
{
	struct value *value = value_map_get(record, key);
	struct strbuf text = STRBUF_INIT;
	bool same;

	join(&text, before, quoted);
	same = value_text(value) && !strcmp(text.buf, value_text(value));
	strbuf_reset(&text);
	join(&text, after, quoted);
	if (same)
		replace(value, &text);
	strbuf_release(&text);
	return same;
}

static void take_out_of_command(struct value *record, const char *key,
				struct redaction *r)
{
	struct value *value = value_map_get(record, key);
	struct strbuf out = STRBUF_INIT;

	if (value_text(value) && redact_command(r, value_text(value), &out))
		replace(value, &out);
	strbuf_release(&out);
}

/* The words tell more than the texts that are made of them. */
static void take_out_of_argv(struct value *record, struct redaction *r)
{
	struct value *argv = value_map_get(record, "argv");
	struct strvec before = STRVEC_INIT, after = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; argv && argv->type == VALUE_LIST && i < argv->u.list.nr;
	     i++) {
		const char *word = value_text(argv->u.list.item[i]);

		strvec_push(&before, word ? word : "");
	}
	redact_argv(r, before.v, &after);
	for (i = 0; i < after.nr; i++) {
		if (!strcmp(before.v[i], after.v[i]))
			continue;
		strbuf_reset(&text);
		strbuf_addstr(&text, after.v[i]);
		replace(argv->u.list.item[i], &text);
	}
	if (!set_words(record, "cmd", true, &before, &after))
		take_out_of_command(record, "cmd", r);
	if (!set_words(record, "args", false, &before, &after))
		take_out_of_command(record, "args", r);
	strbuf_release(&text);
	strvec_release(&before);
	strvec_release(&after);
}

static void reserve(struct value *value, const char *name UNUSED,
		    const struct strbuf *path UNUSED, void *data)
{
	if (value_text(value))
		redact_reserve(data, value_text(value));
}

static bool get_number(const struct value *entry, int64_t *n)
{
	return value_get_int(entry, "number", n) && *n > 0 && *n < INT32_MAX;
}

static void reserve_listed(struct redaction *r, const struct value *record)
{
	const struct value *list = value_map_get(record, "redacted");
	int64_t n;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++)
		if (get_number(list->u.list.item[i], &n))
			r->before = MAXIMUM(r->before, (size_t)n);
}

void record_redact(struct value *tree, const struct value *record,
		   struct redaction *r)
{
	if (tree->type != VALUE_MAP)
		return;
	each_text_of(tree, reserve, r);
	reserve_listed(r, tree);
	if (record && record->type == VALUE_MAP) {
		/* nothing of it is changed */
		each_text_of((struct value *)record, reserve, r);
		reserve_listed(r, record);
	}
	take_out_of_argv(tree, r);
	each_text_of(tree, take_out, r);
	take_out_of_keys(tree, r);
}

struct marks {
	struct value **where;	/* a list for each number */
	size_t nr;
};

static void note_marks(struct value *value, const char *name UNUSED,
		       const struct strbuf *path, void *data)
{
	struct marks *m = data;
	const char *text = value_text(value), *at;
	size_t nr, len;

	for (; text && (len = redact_find_mark(text, &at, &nr));
	     text = at + len) {
		struct value *list, *last;

		if (nr > m->nr || !m->where[nr - 1])
			continue;
		list = m->where[nr - 1];
		last = list->u.list.nr ?
		       list->u.list.item[list->u.list.nr - 1] : NULL;
		if (!last || strcmp(value_text(last), path->buf))
			value_list_add(list, value_new_text(path->buf,
							    path->len));
	}
}

void record_note_redacted(struct value *record, const struct redaction *r)
{
	struct value *list = value_map_get(record, "redacted");
	struct marks m = { NULL, r->before + r->values.nr };
	size_t i, nr;
	int64_t n;

	if (list && list->type != VALUE_LIST)
		list = NULL;
	if (!list && !r->values.nr)
		return;
	if (!list) {
		list = value_new_list();
		value_map_set(record, "redacted", list);
	}
	for (i = 0; i < r->values.nr; i++) {
		struct value *entry = value_new_map();

		value_map_set_int(entry, "number",
				  (int64_t)(r->before + i + 1));
		value_map_set_str(entry, "why", r->reasons.v[i]);
		value_list_add(list, entry);
	}
	m.where = xcalloc(m.nr + 1, sizeof(*m.where));
	for (i = 0; i < list->u.list.nr; i++)
		if (get_number(list->u.list.item[i], &n) &&
		    (uint64_t)n <= m.nr && !m.where[n - 1])
			m.where[n - 1] = value_new_list();
	each_text_of(record, note_marks, &m);
	for (i = 0; i < list->u.list.nr; i++) {
		struct value *entry = list->u.list.item[i], *why;

		if (!get_number(entry, &n) || (uint64_t)n > m.nr ||
		    !m.where[n - 1])
			continue;
		nr = (size_t)n - 1;
		why = value_map_get(entry, "why");
		why = why ? value_copy(why) : NULL;
		value_map_remove(entry, "why");
		value_map_set(entry, "where", m.where[nr]);
		m.where[nr] = NULL;
		if (why)
			value_map_set(entry, "why", why);
	}
	free(m.where);
}

void record_redact_new(struct value *record)
{
	struct redaction r = REDACTION_INIT;

	record_redact(record, NULL, &r);
	record_note_redacted(record, &r);
	redaction_release(&r);
}

int record_check_public(const char *comment, struct strbuf *err)
{
	const char *at, *kind;

	if (!redact_find_token(comment, strlen(comment), &at, &kind))
		return 0;
	return fail(err, ERR_USAGE, "the comment looks like a secret (%s), and "
		    "names are seen by everybody; 'secrets.allow' exempts",
		    kind);
}

void record_format_redacted(struct strbuf *out, const struct value *record)
{
	const struct value *list = value_map_get(record, "redacted");
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const char *why = value_get_text(list->u.list.item[i], "why");

		if (why)
			strbuf_addf(out, "%s%s", out->len ? ", " : "", why);
	}
}
