/*
 * pull: experiments out of a store, and what they need. It is `fetch-exp
 * --stdin` in waves: what came is asked by read-deps what it needs, and what
 * of that is missing comes next. For all of them it is `fetch-exp --all`, which
 * asks the store once.
 *
 * Dependencies are read by the function that read-deps is made of, because the
 * names that are missing are the next wave.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/remote-rows.h"
#include "builtin/settle-renames.h"
#include "builtin/transfer.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/tags.h"
#include "lib/wrap/json.h"

#define ANSWER_MAX_BYTES (16u << 20)

static const char *const usage[] = {
	"pull [--remote=REMOTE] [--no-dependency] [-j N] "
	"[--limit-rate=RATE] [--force] [--rename] [-n] "
	"[--porcelain[=VERSION]] [-z] EXP... [-- PATHSPEC...]",
	"pull [--remote=REMOTE] [-A|-y] [-j N] [--limit-rate=RATE] "
	"[--force] [--rename] [-n] [--porcelain[=VERSION]] [-z]",
	NULL
};

struct pull {
	struct transfer t;
	int all, yes, dependency;
	struct strvec names;
	/* What the store holds, asked for once and only when needed. */
	struct strvec there;
	bool asked;
	int refused;		/* the status of that question */
};

static int ask_store(struct pull *p)
{
	if (!p->asked)
		p->refused = transfer_list_remote(&p->t, &p->there);
	p->asked = true;
	return error_of_exit_status(p->refused);
}

/* REMOTE/@ and REMOTE/@~N: the latest there. */
static bool is_latest_there(const struct pull *p, const char *arg)
{
	const char *remote = transfer_remote_name(&p->t);
	size_t len;

	return exp_split_remote(arg, &len) && len == strlen(remote) &&
	       !strncmp(arg, remote, len);
}

/* What stat-remote says of these EXPs there, into `out`; it tells of its own
 * failures, in `said` unless that is NULL. */
static int ask_about(struct pull *p, const struct strvec *exps, bool json,
		     struct strbuf *out, struct strbuf *said)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT;
	int status;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "stat-remote");
	if (json)
		strvec_push(&child.args, "--json");
	if (p->t.remote)
		strvec_pushf(&child.args, "--remote=%s", p->t.remote);
	strvec_push(&child.args, "--");
	strvec_pushv(&child.args, exps->v);
	status = pipe_command(&child, NULL, 0, out, said, ANSWER_MAX_BYTES,
			      &err);
	if (status < 0) {
		error("%s", err.buf);
		status = EXIT_FAILED;
	}
	strbuf_release(&err);
	return error_of_exit_status(status);
}

/* What the names alone do not tell: the latest there, or a tag there. */
static int find_there(struct pull *p, const char *exp, struct strbuf *name,
		      struct strbuf *said)
{
	struct strvec exps = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT;
	int ret;

	strvec_push(&exps, exp);
	ret = ask_about(p, &exps, false, &out, said);
	strbuf_add(name, out.buf, strcspn(out.buf, "\t\n"));
	strbuf_release(&out);
	strvec_release(&exps);
	return ret;
}

/* A path into an experiment, which need not be here yet. */
static bool find_by_path(const char *arg, struct strbuf *name)
{
	struct strbuf cwd = STRBUF_INIT, rest = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;
	bool found;

	found = !path_cwd(&cwd, &ignored) &&
		exp_split_path(the_project, cwd.buf, arg, name, &rest) &&
		name_is_valid(name->buf);
	if (!found)
		strbuf_reset(name);
	strbuf_release(&ignored);
	strbuf_release(&rest);
	strbuf_release(&cwd);
	return found;
}

/* The names do not say it; what they do say is in `err`. */
static int find_tag_there(struct pull *p, const char *arg,
			  struct strbuf *name, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT;
	int ret = find_there(p, arg, name, &said);

	if (ret != ERR_NOT_FOUND)
		strbuf_reset(err);
	if (ret && ret != ERR_NOT_FOUND)
		strbuf_addstr(err, last_words(&said));
	strbuf_release(&said);
	return ret;
}

/* Part of a name, or a comment: of what is here and of what is there. */
static int find_by_text(struct pull *p, const char *arg, struct strbuf *name,
			struct strbuf *err)
{
	struct strvec both = STRVEC_INIT;
	struct strbuf where = STRBUF_INIT;
	int ret = ask_store(p);

	if (ret)
		goto cleanup;	/* the child told why */
	ret = exp_list_names(the_project, &both, err);
	if (ret)
		goto cleanup;
	strvec_pushv(&both, p->there.v);
	strvec_sort(&both, true);
	strbuf_addf(&where, _("here or in '%s'"), transfer_remote_name(&p->t));
	ret = exp_find_among(&both, arg, where.buf, name, err);
	if (ret == ERR_NOT_FOUND && p->there.nr && !tag_check(arg, NULL))
		ret = find_tag_there(p, arg, name, err);

cleanup:
	strbuf_release(&where);
	strvec_release(&both);
	return ret;
}

static int find(struct pull *p, const char *arg, struct strbuf *name,
		struct strbuf *err)
{
	int ret;

	if (is_latest_there(p, arg))
		return find_there(p, arg, name, NULL);
	if (name_is_valid(arg)) {
		strbuf_addstr(name, arg);
		return 0;
	}
	if (strchr(arg, '/') && find_by_path(arg, name))
		return 0;
	if (!*arg || *arg == '@' || strchr(arg, '/') ||
	    !strcmp(arg, NAME_DEBUG))
		return exp_find(the_project, arg, name, err);
	ret = tag_find(the_project, arg, name, err);
	return ret == ERR_NOT_FOUND ? find_by_text(p, arg, name, err) : ret;
}

static int choose_one(const char *arg, void *data)
{
	struct pull *p = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret = find(p, arg, &name, &err);

	if (!ret && !strcmp(name.buf, NAME_DEBUG))
		ret = fail(&err, ERR_USAGE, "'%s' is in no store", name.buf);
	if (!ret)
		strvec_push(&p->names, name.buf);
	else if (err.len)
		error("%s", err.buf);
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

/* The id that one of `names` recorded with its dependency `name`. */
static void find_recorded_id(const struct strvec *names, const char *name,
			     struct strbuf *id)
{
	struct strbuf dir = STRBUF_INIT, ignored = STRBUF_INIT;
	const char *text;
	size_t i;

	for (i = 0; i < names->nr && !id->len; i++) {
		struct value *record = NULL;

		strbuf_reset(&dir);
		project_exp_path(the_project, names->v[i], &dir);
		if (record_read(&record, dir.buf, &ignored))
			continue;
		text = value_text(value_map_get(
			value_map_get(record, "dependency_ids"), name));
		if (text)
			strbuf_addstr(id, text);
		value_free(record);
	}
	strbuf_release(&ignored);
	strbuf_release(&dir);
}

static const char *find_in(const struct strvec *sorted, const char *name,
			   size_t len)
{
	struct strbuf text = STRBUF_INIT;
	ssize_t pos;

	strbuf_add(&text, name, len);
	pos = strvec_find(sorted, text.buf);
	strbuf_release(&text);
	return pos < 0 ? NULL : sorted->v[pos];
}

/* The one of `names` that is the run `id` there, by what stat-remote prints:
 * NAME SIZE VERSION ID and more. NULL: none is. */
static const char *choose_by_id(struct pull *p, const struct strvec *names,
				const char *id)
{
	struct strbuf out = STRBUF_INIT;
	const char *found = NULL, *line;
	size_t i, len;

	if (ask_about(p, names, false, &out, NULL))
		goto cleanup;
	for (i = 0, line = out.buf; i < names->nr && !found; i++) {
		const char *field = line;
		int skip;

		for (skip = 0; skip < 3 && field; skip++) {
			field = strchr(field, '\t');
			field = field ? field + 1 : NULL;
		}
		len = strcspn(line, "\t");
		if (field && !strncmp(field, id, strlen(id)) &&
		    field[strlen(id)] == '\t')
			found = find_in(&p->there, line, len);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}

cleanup:
	strbuf_release(&out);
	return found;
}

/*
 * The name that a needed experiment has there: its own, else one of the same
 * PREFIX_TIMESTAMP, when its comment was changed. Which, the id tells that was
 * recorded (`known`, or NULL: by one of `have`); without one there must be no
 * choice.
 */
static const char *name_there(struct pull *p, const char *name,
			      const char *known, const struct strvec *have)
{
	struct strvec like = STRVEC_INIT;
	struct strbuf id = STRBUF_INIT;
	const char *found = NULL;
	size_t i;

	if (ask_store(p) || !name_is_valid(name))
		return NULL;
	if (strvec_find(&p->there, name) >= 0)
		return name;
	for (i = 0; i < p->there.nr; i++)
		if (!strncmp(p->there.v[i], name, NAME_HEAD_LEN)) {
			strvec_push(&like, p->there.v[i]);
			found = p->there.v[i];
		}
	if (like.nr && known)
		strbuf_addstr(&id, known);
	else if (like.nr)
		find_recorded_id(have, name, &id);
	if (id.len)
		found = choose_by_id(p, &like, id.buf);
	else if (like.nr > 1)
		found = NULL;
	strbuf_release(&id);
	strvec_release(&like);
	return found;
}

/* One that is needed and is not here, unless it was asked for already. */
static void want(struct pull *p, const char *needed, const char *id,
		 const struct strvec *have, struct strvec *wave,
		 struct strvec *tried)
{
	const char *name;

	if (strvec_find(tried, needed) >= 0)
		return;
	strvec_push(tried, needed);
	strvec_sort(tried, true);
	name = name_there(p, needed, id, have);
	if (name) {
		strvec_push(wave, name);
		return;
	}
	error("'%s' is needed and is neither here nor in '%s'", needed,
	      transfer_remote_name(&p->t));
	items_count(&p->t.items, ERR_NOT_FOUND);
}

/* The same for what one of the store needs, by its record there. What is here
 * goes to `here`, since it may need more. */
static void want_of_record(struct pull *p, const struct value *row,
			   struct strvec *here, struct strvec *wave,
			   struct strvec *tried)
{
	const struct value *list = value_map_get(row, "dependency");
	const struct value *ids = value_map_get(row, "dependency_ids");
	struct strbuf found = STRBUF_INIT, ignored = STRBUF_INIT;
	size_t i;

	if (!list || list->type != VALUE_LIST)
		goto cleanup;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *name = value_text(list->u.list.item[i]);
		const char *id = NULL;

		if (!name)
			continue;
		if (ids && ids->type == VALUE_MAP)
			id = value_text(value_map_get(ids, name));
		strbuf_reset(&found);
		strbuf_reset(&ignored);
		if (exp_find_dependency(the_project, name, id, &found,
					&ignored))
			want(p, name, id ? id : "", NULL, wave, tried);
		else
			strvec_push(here, found.buf);
	}

cleanup:
	strbuf_release(&ignored);
	strbuf_release(&found);
}

/* What a dry run has not brought: what that needs, by what the store says. */
static void want_of_store(struct pull *p, struct strvec *here,
			  struct strvec *wave, struct strvec *tried)
{
	struct strbuf out = STRBUF_INIT;
	const char *line;
	size_t len;

	if (!p->t.moved_names.nr ||
	    ask_about(p, &p->t.moved_names, true, &out, NULL))
		goto cleanup;
	for (line = out.buf; *line; line += len + (line[len] == '\n')) {
		struct value *row = NULL;

		len = strcspn(line, "\n");
		if (!json_parse(&row, line, len, "stat-remote", NULL))
			want_of_record(p, row, here, wave, tried);
		value_free(row);
	}

cleanup:
	strvec_clear(&p->t.moved_names);
	strbuf_release(&out);
}

/* Of those that went well, what is here as it will be. */
static void take_out_moved(const struct pull *p, struct strvec *here)
{
	struct strvec moved = STRVEC_INIT;
	size_t i;

	strvec_pushv(&moved, p->t.moved_names.v);
	strvec_sort(&moved, true);
	for (i = 0; i < p->t.well.nr; i++)
		if (strvec_find(&moved, p->t.well.v[i]) < 0)
			strvec_push(here, p->t.well.v[i]);
	strvec_release(&moved);
}

/* What those that came need, is not here, and was not yet asked for. Returns
 * whether what one of them needs cannot be told, or is another run. */
static bool next_wave(struct pull *p, struct strvec *wave,
		      struct strvec *tried)
{
	struct strvec have = STRVEC_INIT, missing = STRVEC_INIT;
	size_t i;
	bool bad;

	strvec_clear(wave);
	if (p->t.dry_run) {
		struct strvec here = STRVEC_INIT;

		take_out_moved(p, &here);
		want_of_store(p, &here, wave, tried);
		bad = transfer_closure(&p->t, &here, true, &have, &missing);
		strvec_release(&here);
	} else {
		bad = transfer_closure(&p->t, &p->t.well, true, &have,
				       &missing);
	}
	strvec_clear(&p->t.well);
	for (i = 0; i < missing.nr; i++)
		want(p, missing.v[i], NULL, &have, wave, tried);
	strvec_sort(wave, true);
	strvec_release(&missing);
	strvec_release(&have);
	return bad;
}

/* All is here that could be had: is it what was used? */
static void check_needed(struct pull *p, const struct strvec *came)
{
	struct strvec have = STRVEC_INIT, missing = STRVEC_INIT;

	transfer_closure(&p->t, came, false, &have, &missing);
	strvec_release(&missing);
	strvec_release(&have);
}

/* EXPs, and what they need until nothing is missing. */
static int pull_chosen(struct pull *p)
{
	struct strvec wave = STRVEC_INIT, tried = STRVEC_INIT;
	struct strvec came = STRVEC_INIT;
	size_t waves = 0;
	bool bad = false;

	strvec_pushv(&wave, p->names.v);
	while (wave.nr && !p->t.signo) {
		transfer_run(&p->t, &wave);
		strvec_clear(&wave);
		if (!p->dependency || p->t.paths)
			break;
		strvec_pushv(&came, p->t.well.v);
		bad |= next_wave(p, &wave, &tried);
		waves++;
	}
	if (!p->t.dry_run && (bad || waves > 1))
		check_needed(p, &came);
	transfer_print_sum(&p->t);
	transfer_tell_fetched(&p->t);
	strvec_release(&came);
	strvec_release(&tried);
	strvec_release(&wave);
	return items_status(&p->t.items);
}

static int pull(struct pull *p, const char **argv)
{
	struct strbuf err = STRBUF_INIT;
	struct items found = { 0 };
	int status;

	p->t.told = transfer_print_line;
	if (*argv) {
		items_each(&found, argv, NULL, 0, choose_one, p, &err);
		found.done = 0;		/* found is not yet fetched */
		p->t.items = found;
		status = pull_chosen(p);
		goto cleanup;
	}
	if (p->all) {
		transfer_run(&p->t, NULL);
		transfer_print_sum(&p->t);
		transfer_tell_fetched(&p->t);
		status = items_status(&p->t.items);
	} else {
		status = transfer_ask_and_run(&p->t, NULL, p->yes);
	}

cleanup:
	strbuf_release(&err);
	return status;
}

/* Words behind `--` are paths; `--` ends the EXPs. */
static int split_words(struct pull *p, int argc, const char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--")) {
			argv[i] = NULL;
			if (argv[i + 1])
				p->t.paths = argv + i + 1;
			return i;
		}
	return argc;
}

int cmd_pull(int argc, const char **argv)
{
	struct pull p = { .t = TRANSFER_INIT, .dependency = 1,
			  .names = STRVEC_INIT, .there = STRVEC_INIT };
	struct strbuf err = STRBUF_INIT;
	const char *bad;
	int status;
	const struct option options[] = {
		OPT_BOOL('A', "all", &p.all,
			 "all experiments that are missing here or have grown "
			 "there"),
		OPT_BOOL(0, "dependency", &p.dependency,
			 "also what they need (the default)"),
		OPT_BOOL('y', "yes", &p.yes, "do not ask"),
		TRANSFER_OPTIONS(&p.t),
		TRANSFER_FORMS(&p.t),
		OPT_END_OF_TABLE
	};

	p.t.fetch = true;
	argc = parse_options(argc, argv, options, usage, PARSE_KEEP_DASHDASH);
	argc = split_words(&p, argc, argv);
	if (!argc && p.t.paths)
		usage_with_options(usage, options, "the paths of which EXP?");
	if (argc && p.all)
		usage_with_options(usage, options, "'%s' is too much: --all "
				   "is all of them", argv[0]);
	bad = transfer_check_forms(&p.t, !argc && !p.all && !p.yes &&
					 !p.t.dry_run);
	if (bad)
		usage_with_options(usage, options, "%s", bad);
	if (transfer_check(&p.t, &err))
		die_code(ERR_USAGE, &err);
	settle_renames(0);
	status = pull(&p, argv);
	strbuf_release(&err);
	strvec_release(&p.names);
	strvec_release(&p.there);
	transfer_release(&p.t);
	if (p.t.signo)
		signal_die_of(p.t.signo);
	return status;
}
