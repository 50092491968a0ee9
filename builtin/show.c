#include "lib/base/compat.h"
#include "command.h"
#include "builtin/exp-arg.h"
#include "builtin/exp-page.h"
#include "builtin/remote-rows.h"
#include "builtin/store-exp.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/exp-file.h"
#include "lib/exp/record/exp-load.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"show [--remote R] [--json | --format FORMAT] [-z] EXP...",
	"show [--remote R] [-z] EXP:PATH",
	"show [--json | --format FORMAT] [-z] TRIAL...",
	"show [-z] TRIAL:PATH",
	NULL
};

struct showing {
	struct rows rows;
	struct moment now;
	bool as_json;
	size_t shown;
	const char *remote;	/* where to look for what is not here */
};

/* A file's bytes as they are; but a terminal gets no escape sequences. */
static int put_file(int fd, const char *path)
{
	char *buffer = xmalloc(1 << 16);
	ssize_t got;

	for (;;) {
		got = read(fd, buffer, 1 << 16);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		out_text(buffer, (size_t)got);
		/* a disk that is full need not be told so again and again */
		if (ferror(stdout))
			break;
	}
	if (got < 0)
		die("cannot read '%s': %s", path, strerror(errno));
	free(buffer);
	close(fd);
	return 0;
}

static void put_names(const struct strvec *names, bool nul)
{
	struct strbuf line = STRBUF_INIT;
	size_t i;

	for (i = 0; i < names->nr; i++) {
		if (nul)
			strbuf_addstr(&line, names->v[i]);
		else
			quote_c(&line, names->v[i], strlen(names->v[i]));
		strbuf_addch(&line, nul ? '\0' : '\n');
	}
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

static int put_directory(int fd, bool nul)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = exp_file_list(&names, fd, &err);

	if (ret)
		die_code(ret, &err);
	put_names(&names, nul);
	strbuf_release(&err);
	strvec_release(&names);
	return 0;
}

static int show_path_here(const struct exp_arg *found, const char *path,
			  bool nul)
{
	struct strbuf dir = STRBUF_INIT, err = STRBUF_INIT;
	struct stat st;
	int fd = -1, ret;

	exp_arg_dir(&dir, found);
	ret = exp_file_open(&fd, dir.buf, path, &err);
	if (ret)
		die_code(ret, &err);
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		ret = put_directory(fd, nul);
	else
		ret = put_file(fd, path);
	strbuf_release(&err);
	strbuf_release(&dir);
	return ret;
}

/* The bytes go from the store to our output; a person's pass through here. */
static int put_stored_file(const struct exp_arg *found, const char *path)
{
	bool to_person = out_is_for_person();
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret, fd = -1;

	ret = store_exp_cat(&child, found->remote.buf, found->name.buf, path,
			    to_person ? &fd : NULL, &err);
	if (ret)
		die_code(ret, &err);
	if (to_person)
		put_file(fd, path);
	strbuf_release(&err);
	return finish_command(&child);
}

static int show_path_there(const struct exp_arg *found, const char *path,
			   bool nul)
{
	struct strbuf listing = STRBUF_INIT, clean = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	enum store_exp_kind kind = STORE_EXP_FILE;
	int ret;

	ret = store_exp_listing(&listing, found->remote.buf, found->name.buf,
				&err);
	if (!ret)
		ret = store_exp_look(&listing, path, &kind, &clean, &names,
				     &err);
	if (!ret && kind == STORE_EXP_LINK)
		ret = fail(&err, ERR_FAILED, "'%s' is a link, and links are "
			   "not followed in a store; 'resutil pull %s'",
			   clean.buf, found->name.buf);
	if (ret)
		die_code(ret, &err);
	if (kind == STORE_EXP_DIRECTORY)
		put_names(&names, nul);
	else
		ret = put_stored_file(found, clean.buf);
	strvec_release(&names);
	strbuf_release(&err);
	strbuf_release(&clean);
	strbuf_release(&listing);
	return ret;
}

static int show_path(const struct showing *showing, const char *exp,
		     const char *path, bool nul)
{
	struct exp_arg found = EXP_ARG_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = exp_arg_find(&found, exp, showing->remote, &err);

	if (ret)
		die_code(ret, &err);
	ret = found.remote.len ? show_path_there(&found, path, nul) :
				 show_path_here(&found, path, nul);
	strbuf_release(&err);
	exp_arg_release(&found);
	return ret;
}

/* The record, with the state that it means now. */
static void put_json(const struct showing *showing, const struct exp_row *row)
{
	struct value *record = value_copy(row->item->record);
	struct strbuf line = STRBUF_INIT;

	if (!row->is_trial)
		value_map_set_str(record, "name", row->item->name);
	value_map_set_str(record, "state", row->state.buf);
	json_write(&line, record);
	strbuf_addch(&line, showing->rows.nul ? '\0' : '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
	value_free(record);
}

static int put_page(struct showing *showing, const struct exp_row *row,
		    const struct exp_arg *found, struct strbuf *err)
{
	struct strbuf page = STRBUF_INIT, dir = STRBUF_INIT;
	struct strbuf listing = STRBUF_INIT;
	const bool here = !found->remote.len;
	int ret = 0;

	if (!here)
		ret = store_exp_listing(&listing, found->remote.buf,
					found->name.buf, err);
	if (ret)
		goto cleanup;
	exp_arg_dir(&dir, found);
	if (showing->shown)
		strbuf_addch(&page, '\n');
	exp_page(&page, row, here ? dir.buf : NULL, &showing->now);
	if (!here)
		exp_page_stored(&page, found->remote.buf, &listing);
	out_safe(&page);

cleanup:
	strbuf_release(&listing);
	strbuf_release(&dir);
	strbuf_release(&page);
	return ret;
}

static int show_one(const char *arg, void *data)
{
	struct showing *showing = data;
	struct exp_items items = EXP_ITEMS_INIT;
	struct exp_arg found = EXP_ARG_INIT;
	struct strbuf err = STRBUF_INIT;
	struct exp_row row;
	int ret = exp_arg_find(&found, arg, showing->remote, &err);

	if (!ret)
		ret = exp_arg_load(&items, &found, &err);
	if (ret)
		goto cleanup;
	if (found.trial.len)
		exp_row_init_trial(&row, found.trial.buf, &items.item[0],
				   &showing->now);
	else
		exp_row_init(&row, the_project, &items.item[0],
			     &showing->now);
	if (found.remote.len)
		remote_row_live(&row, &showing->now);
	if (showing->as_json)
		put_json(showing, &row);
	else if (showing->rows.state)
		rows_add(&showing->rows, &row);
	else
		ret = put_page(showing, &row, &found, &err);
	showing->shown += !ret;
	exp_row_release(&row);

cleanup:
	if (ret)
		error("%s", err.buf);
	exp_items_release(&items);
	exp_arg_release(&found);
	strbuf_release(&err);
	return ret;
}

static int show_all(struct showing *showing, const char **argv)
{
	struct items counted = { 0 };
	struct strbuf err = STRBUF_INIT;

	if (items_each(&counted, argv, NULL, '\n', show_one, showing, &err))
		die("%s", err.buf);
	if (showing->rows.state)
		rows_end(&showing->rows);
	strbuf_release(&err);
	return items_status(&counted);
}

/* The colon before a path, which no name holds, but the path of a trial may;
 * NULL: there is none. */
static const char *find_colon(const char *arg)
{
	const char *colon = strchr(arg, ':'), *at;
	struct strbuf dir = STRBUF_INIT;
	bool found;

	if (!colon || (!strchr(arg, '/') && strncmp(arg, ".:", 2)))
		return colon;
	found = exp_arg_find_trial(&dir, arg);
	if (found)
		colon = NULL;
	for (at = colon; at && !found; at = strchr(at + 1, ':')) {
		char *head = xmemdupz(arg, (size_t)(at - arg));

		found = exp_arg_find_trial(&dir, head);
		if (found)
			colon = at;
		free(head);
	}
	strbuf_release(&dir);
	return colon;
}

int cmd_show(int argc, const char **argv)
{
	struct showing showing = {
		.rows = { .fields = exp_record_fields },
		.remote = "origin"
	};
	struct strbuf err = STRBUF_INIT, exp = STRBUF_INIT;
	struct rows *rows = &showing.rows;
	const char *colon;
	int ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &showing.remote, "R", "the store to "
			   "look in for what is not here (default: origin)"),
		OPT_ROWS(&showing.rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options, "which experiment?");
	showing.now = moment_now();
	if ((rows->json || rows->format) && rows_begin(rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	/* a whole record is more than its fields */
	showing.as_json = rows->json ||
			  (rows->format && !strcmp(rows->format, "json"));

	colon = find_colon(argv[0]);
	if (colon && (argc > 1 || rows->json || rows->format))
		usage_with_options(usage, options,
				   "a file is shown alone, and as it is");
	pager_start(settings_get_str("core.pager", NULL));
	if (colon) {
		strbuf_add(&exp, argv[0], (size_t)(colon - argv[0]));
		ret = show_path(&showing, exp.buf, colon + 1, rows->nul);
	} else {
		ret = show_all(&showing, argv);
	}
	process_end_stdout();
	strbuf_release(&exp);
	strbuf_release(&err);
	return ret;
}
