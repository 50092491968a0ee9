/*
 * stat-remote: prints which pack a store holds of each experiment.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/name.h"
#include "lib/exp/rows.h"
#include "lib/sync/remote-list.h"
#include "lib/wrap/json.h"
#include "transport/transport.h"
#include "command.h"
#include "plumbing/remote-fields.h"

static const char *const usage[] = {
	"stat-remote [--remote R] [--stdin] [-z] [--json] EXP...",
	NULL
};

/* As many as the line has; --json knows more. */
#define COLUMNS 7

struct asking {
	struct remote *remote;
	struct strvec names;		/* in the order of the words */
	struct remote_list all;		/* listed when a word needs it */
	bool listed;
	struct items items;
	int json, nul;
};

/* ---- words into names ---------------------------------------------------- */

static int find_there(struct asking *a, const char *word, struct strbuf *name,
		      struct strbuf *err)
{
	int ret = 0;

	if (!a->listed)
		ret = remote_list(a->remote, &a->all, err);
	a->listed = !ret;
	return ret ? ret : remote_find(a->remote, &a->all, word, name, err);
}

/* `REMOTE/@`: of the one remote that is asked. */
static int find_latest(struct asking *a, const char *word, size_t len,
		       const char *rest, struct strbuf *name,
		       struct strbuf *err)
{
	const char *remote = a->remote->name;

	if (strlen(remote) != len || memcmp(remote, word, len))
		return fail(err, ERR_USAGE, "'%s' is not in '%s'; give its "
			    "remote by --remote", word, remote);
	return find_there(a, rest, name, err);
}

static int find_name(struct asking *a, const char *word, struct strbuf *name,
		     struct strbuf *err)
{
	struct strbuf here = STRBUF_INIT;
	const char *rest;
	size_t len;
	int ret;

	if (name_is_valid(word)) {
		strbuf_addstr(name, word);
		return 0;
	}
	rest = exp_split_remote(word, &len);
	if (rest)
		return find_latest(a, word, len, rest, name, err);
	ret = exp_find(the_project, word, name, &here);
	if (ret == ERR_NOT_FOUND)
		ret = find_there(a, word, name, err);
	else if (ret)
		fail(err, ret, "%s", here.buf);
	strbuf_release(&here);
	return ret;
}

/* For items_each(), whose count is not used: what is found is counted when it
 * was looked at. */
static int take_word(const char *word, void *data)
{
	struct asking *a = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret = find_name(a, word, &name, &err);

	if (ret) {
		error("%s", err.buf);
		items_count(&a->items, ret);
	} else {
		strvec_push(&a->names, name.buf);
	}
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

/* ---- what is there ------------------------------------------------------- */

static void print_json(struct strbuf *out, const struct remote_exp *e)
{
	struct value *object = value_new_map();
	size_t i;

	for (i = 0; remote_stat_fields[i].name; i++) {
		struct value *v = remote_stat_fields[i].get(e, NULL);

		value_map_set(object, remote_stat_fields[i].name,
			      v ? v : value_new_null());
	}
	json_write(out, object);
	value_free(object);
}

static void print_columns(struct strbuf *out, const struct remote_exp *e)
{
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		struct value *v = remote_stat_fields[i].get(e, NULL);

		if (i)
			strbuf_addch(out, '\t');
		if (v)
			value_format(out, v);
		else
			strbuf_addch(out, '-');
		value_free(v);
	}
}

static int print_one(const struct asking *a, const char *name,
		     const struct remote_list *list)
{
	const struct remote_exp *e = remote_list_find(list, name);
	struct strbuf line = STRBUF_INIT;

	if (!e) {
		error("there is no experiment '%s' in '%s'", name,
		      a->remote->name);
		return ERR_NOT_FOUND;
	}
	if (a->json)
		print_json(&line, e);
	else
		print_columns(&line, e);
	strbuf_addch(&line, a->nul ? '\0' : '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
	if (e->problem)
		error("%s", e->problem);
	return e->problem ? ERR_CONTENT : 0;
}

static int stat_all(struct asking *a, struct strbuf *err)
{
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec sorted = STRVEC_INIT;
	bool *seen;
	size_t i;
	int ret;

	strvec_pushv(&sorted, a->names.v);
	strvec_sort(&sorted, true);
	seen = xcalloc(sorted.nr + 1, sizeof(*seen));
	ret = remote_look(a->remote, &sorted, 0, &list, err);
	if (!ret)
		ret = remote_learn(a->remote, list.exp, list.nr, a->json ?
				   KNOWN_RECORD : KNOWN_INFO, 0, err);
	for (i = 0; i < a->names.nr && !ret; i++) {
		size_t at = (size_t)strvec_find(&sorted, a->names.v[i]);

		if (seen[at])
			continue;
		seen[at] = true;
		items_count(&a->items, print_one(a, a->names.v[i], &list));
	}
	free(seen);
	remote_list_release(&list);
	strvec_release(&sorted);
	return ret;
}

int cmd_stat_remote(int argc, const char **argv)
{
	struct asking a = {
		.names = STRVEC_INIT, .all = REMOTE_LIST_INIT
	};
	struct items words = { 0 };
	struct strbuf err = STRBUF_INIT;
	const char *name = NULL;
	int from_stdin = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &name, "R",
			   "a remote's name, or the URL of a store"),
		OPT_BOOL(0, "stdin", &from_stdin,
			 "read more words, one a line"),
		OPT_BOOL(0, "json", &a.json, "one JSON object a line"),
		OPT_BOOL('z', NULL, &a.nul, "end records with NUL"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc && !from_stdin)
		usage_with_options(usage, options, "which experiment?");
	ret = remote_open(&a.remote, the_project, name,
			  TRANSPORT_PATIENCE_DEFAULT, &err);
	if (!ret)
		ret = items_each(&words, argv, from_stdin ? stdin : NULL,
				 a.nul ? '\0' : '\n', take_word, &a, &err);
	if (!ret)
		ret = stat_all(&a, &err);
	if (ret)
		error("%s", err.buf);
	remote_close(a.remote);
	remote_list_release(&a.all);
	strvec_release(&a.names);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&a.items);
}
