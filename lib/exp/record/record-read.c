/*
 * Reading records, ours and the predecessors', into one shape.
 * Source: resutilformat-exp(5), "PREDECESSORS".
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml-plain.h"
#include "lib/wrap/yaml.h"

#define VOTAKVOT_FILE "votakvot.yaml"

/* A brace may begin JSON, which knows {"base64": ...}, or YAML's flow style;
 * where both can read a text they read the same from it. */
static int parse(struct value **out, const char *text, size_t len,
		 const char *name, bool json, struct strbuf *err)
{
	size_t skip = 0;

	if (json)
		return json_parse(out, text, len, name, err);
	while (skip < len && strchr(" \t\r\n", text[skip]) && text[skip])
		skip++;
	if (skip < len && text[skip] == '{' &&
	    !json_parse(out, text, len, name, NULL))
		return 0;
	return yaml_parse(out, text, len, name, err);
}

static int parse_map(struct value **out, const char *text, size_t len,
		     const char *name, bool json, struct strbuf *err)
{
	struct value *record = NULL;
	int ret;

	*out = NULL;
	if (len > RECORD_MAX_BYTES)
		return fail(err, ERR_CONTENT, "'%s' is larger than %u MiB",
			    name, RECORD_MAX_BYTES >> 20);
	ret = parse(&record, text, len, name, json, err);
	if (ret)
		return ret;
	if (record->type != VALUE_MAP) {
		value_free(record);
		return fail(err, ERR_CONTENT, "'%s' must hold a map", name);
	}
	*out = record;
	return 0;
}

int record_parse(struct value **out, const char *text, size_t len,
		 const char *name, struct strbuf *err)
{
	return parse_map(out, text, len, name, false, err);
}

/* What every reader of YAML knows: an integer too large for struct value, a
 * timestamp, a set. */
static bool is_own_tag(const char *tag)
{
	return !strcmp(tag, "tag:yaml.org,2002:int") ||
	       !strcmp(tag, "tag:yaml.org,2002:timestamp") ||
	       !strcmp(tag, "tag:yaml.org,2002:set");
}

/* Foreign tags say which class to make; nothing here makes objects, and
 * PyYAML's safe_load() refuses a file that has them. */
void record_drop_tags(struct value *v)
{
	size_t i;

	if (v->tag && !is_own_tag(v->tag)) {
		free(v->tag);
		v->tag = NULL;
	}
	if (v->type == VALUE_LIST)
		for (i = 0; i < v->u.list.nr; i++)
			record_drop_tags(v->u.list.item[i]);
	else if (v->type == VALUE_MAP)
		for (i = 0; i < v->u.map.nr; i++)
			record_drop_tags(v->u.map.pair[i].value);
}

struct ranked {
	const char *text;
	size_t at;
};

static int compare_ranked(const void *a_, const void *b_)
{
	const struct ranked *a = a_, *b = b_;
	int order = strcmp(a->text, b->text);

	return order ? order : (a->at > b->at) - (a->at < b->at);
}

/* Keeps the first of equal texts, and the order. By sorting: the list comes
 * from a file and may be long. */
static void drop_duplicates(struct value *list)
{
	size_t nr = list->u.list.nr, i, kept = 0;
	struct ranked *rank = xcalloc(nr + 1, sizeof(*rank));
	struct value **item = list->u.list.item;

	for (i = 0; i < nr; i++) {
		const char *text = value_text(item[i]);

		rank[i].text = text ? text : "";
		rank[i].at = i;
	}
	qsort(rank, nr, sizeof(*rank), compare_ranked);
	for (i = nr; i-- > 1; )
		if (!strcmp(rank[i].text, rank[i - 1].text)) {
			value_free(item[rank[i].at]);
			item[rank[i].at] = NULL;
		}
	for (i = 0; i < nr; i++)
		if (item[i])
			item[kept++] = item[i];
	list->u.list.nr = kept;
	free(rank);
}

/* A list of texts from whatever stands there, each once. */
static struct value *text_list(const struct value *v)
{
	struct value *list = value_new_list();
	struct strbuf text = STRBUF_INIT;
	size_t i, nr = !v || v->type == VALUE_NULL ? 0 :
		       v->type == VALUE_LIST ? v->u.list.nr : 1;

	for (i = 0; i < nr; i++) {
		const struct value *item =
			v->type == VALUE_LIST ? v->u.list.item[i] : v;

		if (item->type == VALUE_NULL)
			continue;
		strbuf_reset(&text);
		value_format(&text, item);
		value_list_add(list, value_new_text(text.buf, text.len));
	}
	drop_duplicates(list);
	strbuf_release(&text);
	return list;
}

static bool is_text_list(const struct value *v)
{
	size_t i;

	if (!v || v->type != VALUE_LIST)
		return false;
	for (i = 0; i < v->u.list.nr; i++)
		if (!value_text(v->u.list.item[i]))
			return false;
	return true;
}

/* The name that `text` says with more around it; NULL: there is no more. */
static const char *name_within(const char *text, size_t *len)
{
	const char *name = text ? name_in_path(text, len) : NULL;

	return name && (name != text || text[*len]) ? name : NULL;
}

/* `results/NAME` becomes NAME; what holds no name stays: `resutil add -d` of
 * the Python Resutil wrote what was typed. */
static void normalize_dependency(struct value *record)
{
	struct value *list = text_list(value_map_get(record, "dependency"));
	size_t i, len;

	for (i = 0; i < list->u.list.nr; i++) {
		const char *text = value_text(list->u.list.item[i]);
		const char *name = name_within(text, &len);
		struct value *bare;

		if (!name)
			continue;
		bare = value_new_text(name, len);
		value_free(list->u.list.item[i]);
		list->u.list.item[i] = bare;
	}
	drop_duplicates(list);
	value_map_set(record, "dependency", list);
}

static void copy_to(struct value *map, const char *key, const struct value *v)
{
	if (v && v->type != VALUE_NULL)
		value_map_set(map, key, value_copy(v));
}

/* votakvot keeps the code state, the host and the user below meta. */
static void normalize_votakvot(struct value *record)
{
	const struct value *from = value_get(record, "meta.git");
	const struct value *is = value_map_get(record, "git");
	struct value *git;

	/* What is no map is taken away later. */
	if (from && from->type == VALUE_MAP &&
	    (!is || is->type != VALUE_MAP)) {
		git = value_new_map();
		copy_to(git, "commit_hash", value_map_get(from, "commit"));
		copy_to(git, "branch", value_map_get(from, "branch"));
		copy_to(git, "describe", value_map_get(from, "describe"));
		copy_to(git, "treeish", value_map_get(from, "treeish"));
		value_map_set(record, "git", git);
	}
	if (!value_map_get(record, "host"))
		copy_to(record, "host", value_get(record, "meta.system.node"));
	if (!value_map_get(record, "user"))
		copy_to(record, "user", value_get(record, "meta.system.user"));
}

static const char *const git_lists[] = {
	"uncommited_files", "untracked_files"
};

static void normalize_git(struct value *record)
{
	struct value *git = value_map_get(record, "git");
	size_t i;

	if (!git)
		return;
	if (git->type != VALUE_MAP) {
		value_map_remove(record, "git");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(git_lists); i++) {
		struct value *list = value_map_get(git, git_lists[i]);

		if (is_text_list(list))
			drop_duplicates(list);
		else if (list)
			value_map_set(git, git_lists[i],
				      text_list(list));
	}
}

/* Whether a time says its offset: ends in Z or +hh:mm. */
static bool has_offset(const char *text)
{
	size_t len = strlen(text);

	return len > 6 && (strchr("Zz", text[len - 1]) ||
			   strchr("+-", text[len - 6]));
}

/* Only a predecessor wrote times without an offset. */
static void normalize_times(struct value *record)
{
	struct value *at = value_map_get(record, "at");
	struct strbuf text = STRBUF_INIT;
	size_t i;

	if (!at || at->type != VALUE_MAP)
		return;
	for (i = 0; i < at->u.map.nr; i++) {
		struct value_pair *pair = &at->u.map.pair[i];
		const char *old = value_text(pair->value);
		struct moment m;

		if (!old || has_offset(old) || !moment_parse(&m, old))
			continue;
		strbuf_reset(&text);
		moment_format(&text, &m);
		value_free(pair->value);
		pair->value = value_new_str(text.buf);
	}
	strbuf_release(&text);
}

/* `cmd` from the words, or from the legacy text; the words themselves cannot
 * be had from a text that was joined without quotes. */
static void normalize_command(struct value *record)
{
	struct value *argv = value_map_get(record, "argv");
	struct value *args = value_map_get(record, "args");
	struct strvec words = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	if (argv && !is_text_list(argv)) {
		value_map_remove(record, "argv");
		argv = NULL;
	}
	if (!value_get_text(record, "cmd") && argv && argv->u.list.nr) {
		for (i = 0; i < argv->u.list.nr; i++)
			strvec_push(&words, value_text(argv->u.list.item[i]));
		quote_shell_argv(&text, words.v);
		value_map_set(record, "cmd",
			      value_new_text(text.buf, text.len));
	} else if (!value_get_text(record, "cmd") && value_text(args)) {
		value_map_set(record, "cmd", value_copy(args));
	}
	strvec_release(&words);
	strbuf_release(&text);
}

void record_normalize(struct value *record)
{
	record_drop_tags(record);
	normalize_command(record);
	normalize_dependency(record);
	normalize_votakvot(record);
	normalize_git(record);
	normalize_times(record);
}

/* Up to so many texts are compared pair by pair. */
#define FEW_TEXTS 24

/* Texts that text_list() leaves alone; longer lists may be some, too. */
static bool is_set_of_texts(const struct value *list)
{
	struct value *const *item;
	size_t i, j;

	if (!is_text_list(list) || list->u.list.nr > FEW_TEXTS)
		return false;
	item = list->u.list.item;
	for (i = 0; i < list->u.list.nr; i++) {
		if (item[i]->tag)
			return false;
		for (j = 0; j < i; j++)
			if (!strcmp(value_text(item[i]), value_text(item[j])))
				return false;
	}
	return true;
}

static bool has_bare_dependency(const struct value *record)
{
	const struct value *list = value_map_get(record, "dependency");
	size_t i, len;

	if (!is_set_of_texts(list))
		return false;
	for (i = 0; i < list->u.list.nr; i++)
		if (name_within(value_text(list->u.list.item[i]), &len))
			return false;
	return true;
}

static bool has_good_git(const struct value *record)
{
	const struct value *git = value_map_get(record, "git"), *list;
	size_t i;

	for (i = 0; git && i < ARRAY_SIZE(git_lists); i++) {
		list = value_map_get(git, git_lists[i]);
		if (list && !is_set_of_texts(list))
			return false;
	}
	return git ? git->type == VALUE_MAP : !value_get(record, "meta.git");
}

static bool has_good_times(const struct value *record)
{
	const struct value *at = value_map_get(record, "at");
	size_t i;

	for (i = 0; at && at->type == VALUE_MAP && i < at->u.map.nr; i++) {
		const char *text = value_text(at->u.map.pair[i].value);

		if (text && !has_offset(text))
			return false;
	}
	return true;
}

/* Whether record_normalize() surely leaves it as it is, as it does with what
 * this version writes; for one without foreign tags. */
static bool is_normal(const struct value *record)
{
	const struct value *argv = value_map_get(record, "argv");

	return value_get_text(record, "cmd") && (!argv || is_text_list(argv)) &&
	       has_bare_dependency(record) && has_good_git(record) &&
	       has_good_times(record) &&
	       (!value_map_get(record, "meta") ||
		(value_map_get(record, "host") &&
		 value_map_get(record, "user")));
}

const struct value *record_lend(struct arena *arena, const char *text,
				size_t len)
{
	const struct value *record = yaml_read_plain(arena, text, len);

	return record && is_normal(record) ? record : NULL;
}

int record_read_file(struct value **out, const char *path, bool json,
		     struct strbuf *err)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct strbuf text = STRBUF_INIT;
	int ret = 0;

	*out = NULL;
	if (name == path)
		ret = read_file(&text, path, RECORD_MAX_BYTES, err);
	else if (strbuf_read_fd(&text, 0, RECORD_MAX_BYTES))
		ret = errno == EFBIG ?
			fail(err, ERR_CONTENT, "more than %u MiB on the "
			     "standard input", RECORD_MAX_BYTES >> 20) :
			fail_errno(err, "cannot read the standard input");
	if (!ret)
		ret = parse_map(out, text.buf, text.len, name, json, err);
	strbuf_release(&text);
	return ret;
}

static int read_from(struct value **out, const char *dir, const char *file,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret;

	strbuf_addf(&path, "%s/%s", dir, file);
	ret = read_own_file(&text, path.buf, RECORD_MAX_BYTES, err);
	if (!ret)
		ret = record_parse(out, text.buf, text.len, path.buf, err);
	strbuf_release(&text);
	strbuf_release(&path);
	return ret;
}

static int read_record(struct value **out, const char *dir, bool raw,
		       struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	*out = NULL;
	ret = read_from(out, dir, RECORD_FILE, &why);
	if (ret == ERR_NOT_FOUND) {
		strbuf_reset(&why);
		ret = read_from(out, dir, VOTAKVOT_FILE, &why);
	}
	if (ret == ERR_NOT_FOUND) {
		ret = fail(err, ret, "no record '%s' in '%s'", RECORD_FILE,
			   dir);
	} else if (ret) {
		ret = fail(err, ret, "%s", why.buf);
	} else if (!raw) {
		record_normalize(*out);
	}
	strbuf_release(&why);
	return ret;
}

int record_read(struct value **out, const char *dir, struct strbuf *err)
{
	return read_record(out, dir, false, err);
}

int record_read_raw(struct value **out, const char *dir, struct strbuf *err)
{
	return read_record(out, dir, true, err);
}
