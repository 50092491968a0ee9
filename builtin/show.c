#include "lib/base/compat.h"
#include "command.h"
#include "builtin/exp-page.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/exp/config.h"
#include "lib/exp/exp-file.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/exp-load.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"show [--json | --format FORMAT] [-z] EXP...",
	"show [-z] EXP:PATH",
	NULL
};

struct showing {
	struct rows rows;
	struct moment now;
	bool as_json;
	size_t shown;
};

/* A file's bytes as they are; but a terminal gets no escape sequences. */
static int put_bytes(const char *data, size_t len, bool to_person)
{
	struct strbuf safe = STRBUF_INIT;
	const char *end = data + len;
	size_t put;

	if (!to_person)
		return fwrite(data, 1, len, stdout) == len ? 0 : -1;
	while (data < end) {
		const char *s = data;

		while (s < end && *s != '\n' && *s != '\t')
			s++;
		quote_terminal(&safe, data, (size_t)(s - data));
		if (s < end)
			strbuf_addch(&safe, *s++);
		data = s;
	}
	put = fwrite(safe.buf, 1, safe.len, stdout);
	len = safe.len;
	strbuf_release(&safe);
	return put == len ? 0 : -1;
}

static int put_file(int fd, const char *path)
{
	bool to_person = isatty(STDOUT_FILENO) || pager_shows(STDOUT_FILENO);
	char *buffer = xmalloc(1 << 16);
	ssize_t got;

	for (;;) {
		got = read(fd, buffer, 1 << 16);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (put_bytes(buffer, (size_t)got, to_person) < 0)
			die("cannot write to standard output: %s",
			    strerror(errno));
	}
	if (got < 0)
		die("cannot read '%s': %s", path, strerror(errno));
	free(buffer);
	close(fd);
	return 0;
}

static int put_directory(int fd, bool nul)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf line = STRBUF_INIT, err = STRBUF_INIT;
	int ret = exp_file_list(&names, fd, &err);
	size_t i;

	if (ret)
		die_code(ret, &err);
	for (i = 0; i < names.nr; i++) {
		if (nul)
			strbuf_addstr(&line, names.v[i]);
		else
			quote_c(&line, names.v[i], strlen(names.v[i]));
		strbuf_addch(&line, nul ? '\0' : '\n');
	}
	fwrite(line.buf, 1, line.len, stdout);
	strbuf_release(&err);
	strbuf_release(&line);
	strvec_release(&names);
	return 0;
}

static int show_path(const char *exp, const char *path, bool nul)
{
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct stat st;
	int fd = -1, ret;

	ret = exp_find(the_project, exp, &name, &err);
	if (!ret) {
		project_exp_path(the_project, name.buf, &dir);
		ret = exp_file_open(&fd, dir.buf, path, &err);
	}
	if (ret)
		die_code(ret, &err);
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		ret = put_directory(fd, nul);
	else
		ret = put_file(fd, path);
	strbuf_release(&err);
	strbuf_release(&dir);
	strbuf_release(&name);
	return ret;
}

/* The record, with the state that it means now. */
static void put_json(const struct showing *showing, const struct exp_row *row)
{
	struct value *record = value_copy(row->item->record);
	struct strbuf line = STRBUF_INIT;

	value_map_set_str(record, "name", row->item->name);
	value_map_set_str(record, "state", row->state.buf);
	json_write(&line, record);
	strbuf_addch(&line, showing->rows.nul ? '\0' : '\n');
	fwrite(line.buf, 1, line.len, stdout);
	strbuf_release(&line);
	value_free(record);
}

static void put_page(struct showing *showing, const struct exp_row *row)
{
	struct strbuf page = STRBUF_INIT, dir = STRBUF_INIT;

	project_exp_path(the_project, row->item->name, &dir);
	if (showing->shown)
		strbuf_addch(&page, '\n');
	exp_page(&page, row, dir.buf, &showing->now);
	fwrite(page.buf, 1, page.len, stdout);
	strbuf_release(&dir);
	strbuf_release(&page);
}

static int show_one(const char *arg, void *data)
{
	struct showing *showing = data;
	struct exp_items items = EXP_ITEMS_INIT;
	struct strvec names = STRVEC_INIT;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	struct exp_row row;
	int ret = exp_find(the_project, arg, &name, &err);

	if (ret) {
		error("%s", err.buf);
		goto cleanup;
	}
	strvec_push(&names, name.buf);
	exp_load(&items, the_project, &names);
	if (items.item[0].problem) {
		error("%s", items.item[0].problem);
		ret = items.item[0].code;
		goto cleanup;
	}
	exp_row_init(&row, the_project, &items.item[0], &showing->now);
	if (showing->as_json)
		put_json(showing, &row);
	else if (showing->rows.state)
		rows_add(&showing->rows, &row);
	else
		put_page(showing, &row);
	showing->shown++;
	exp_row_release(&row);

cleanup:
	exp_items_release(&items);
	strvec_release(&names);
	strbuf_release(&err);
	strbuf_release(&name);
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

int cmd_show(int argc, const char **argv)
{
	struct showing showing = {
		.rows = { .fields = exp_record_fields }
	};
	struct strbuf err = STRBUF_INIT;
	struct rows *rows = &showing.rows;
	const char *colon;
	int ret;
	const struct option options[] = {
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

	colon = strchr(argv[0], ':');	/* which no name holds */
	if (colon && (argc > 1 || rows->json || rows->format))
		usage_with_options(usage, options,
				   "a file is shown alone, and as it is");
	pager_start(config_get_str("core.pager", NULL));
	if (colon) {
		char *exp = xmemdupz(argv[0], (size_t)(colon - argv[0]));

		ret = show_path(exp, colon + 1, rows->nul);
		free(exp);
	} else {
		ret = show_all(&showing, argv);
	}
	process_end_stdout();
	strbuf_release(&err);
	return ret;
}
