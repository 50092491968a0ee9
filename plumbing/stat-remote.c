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
#include "lib/exp/sheet/rows.h"
#include "lib/sync/remote-list.h"
#include "lib/wrap/json.h"
#include "transport/transport.h"
#include "command.h"
#include "plumbing/remote-fields.h"
#include "plumbing/remote-words.h"

static const char *const usage[] = {
	"stat-remote [--remote R] [--stdin] [-z] [--json] EXP...",
	NULL
};

/* As many as the line has; --json knows more. */
#define COLUMNS 7

struct asking {
	struct remote_words words;
	int json, nul;
};

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

static void print_one(struct asking *a, const char *name,
		      const struct remote_list *list)
{
	const struct remote_exp *e = remote_list_find(list, name);
	struct strbuf line = STRBUF_INIT;

	if (!e) {
		remote_words_missing(&a->words, name);
		return;
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
	items_count(&a->words.items, e->problem ? ERR_CONTENT : 0);
}

static int stat_all(struct asking *a, struct strbuf *err)
{
	struct remote *remote = a->words.remote;
	const struct strvec *names = &a->words.names;
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec sorted = STRVEC_INIT;
	bool *seen;
	size_t i;
	int ret;

	strvec_pushv(&sorted, names->v);
	strvec_sort(&sorted, true);
	seen = xcalloc(sorted.nr + 1, sizeof(*seen));
	ret = remote_look(remote, &sorted, 0, &list, err);
	if (!ret)
		ret = remote_learn(remote, list.exp, list.nr, a->json ?
				   KNOWN_RECORD : KNOWN_INFO, 0, err);
	for (i = 0; i < names->nr && !ret; i++) {
		size_t at = (size_t)strvec_find(&sorted, names->v[i]);

		if (!seen[at])
			print_one(a, names->v[i], &list);
		seen[at] = true;
	}
	free(seen);
	remote_list_release(&list);
	strvec_release(&sorted);
	return ret;
}

int cmd_stat_remote(int argc, const char **argv)
{
	struct asking a = { .words = REMOTE_WORDS_INIT };
	struct strbuf err = STRBUF_INIT;
	const char *name = NULL;
	int from_stdin = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &name, "R",
			   "a remote's name, or the URL of a store"),
		OPT_BOOL(0, "stdin", &from_stdin,
			 "read more words, one a line"),
		OPT_JSON_LINES(&a.json),
		OPT_BOOL('z', NULL, &a.nul, "end records with NUL"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc && !from_stdin)
		usage_with_options(usage, options, "which experiment?");
	ret = remote_open(&a.words.remote, the_project, name,
			  TRANSPORT_PATIENCE_DEFAULT, &err);
	if (!ret)
		ret = remote_words_read(&a.words, argv, from_stdin,
					a.nul ? '\0' : '\n', &err);
	if (!ret)
		ret = stat_all(&a, &err);
	if (ret)
		error("%s", err.buf);
	remote_close(a.words.remote);
	remote_words_release(&a.words);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&a.words.items);
}
