/*
 * rerun --verify: whether a run that was done again left what it left then.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/rerun-parts.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/glob.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/text-compare.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"

/* Larger texts are the same or not, to the byte. */
#define TEXT_MAX_BYTES (64u << 20)
#define SHOWN_BYTES 60
#define BLOCK 65536

struct verify {
	const struct rerun *r;
	const char *name;	/* of the new run */
	struct exp_tree then, now;
	struct text_compare how;
	regex_t *ignore;
	struct value *rows;	/* list of maps: what, path, verdict, detail */
	size_t nr_same, nr_near, nr_differ;
	struct strbuf detail;	/* of the file at hand */
};

/* ---- options ------------------------------------------------------------- */

static int read_tolerance(const char *option, const char *text, double *out,
			  struct strbuf *err)
{
	char *end;

	*out = 0;
	if (!text)
		return 0;
	*out = strtod(text, &end);
	if (end == text || *end || !(*out >= 0) || *out * 0 != 0)
		return fail(err, ERR_USAGE, "'%s' is no number from 0 on for "
			    "%s", text, option);
	return 0;
}

static int compile(const struct strvec *patterns, regex_t **out,
		   struct strbuf *err)
{
	regex_t *list = xcalloc(patterns->nr + 1, sizeof(*list));
	char why[200];
	size_t i;
	int code;

	for (i = 0; i < patterns->nr; i++) {
		code = regcomp(&list[i], patterns->v[i], REG_EXTENDED);
		if (!code)
			continue;
		regerror(code, &list[i], why, sizeof(why));
		while (i-- > 0)
			regfree(&list[i]);
		free(list);
		return fail(err, ERR_USAGE, "--ignore-lines is no regular "
			    "expression: %s", why);
	}
	*out = list;
	return 0;
}

static void free_patterns(regex_t *list, size_t nr)
{
	while (list && nr-- > 0)
		regfree(&list[nr]);
	free(list);
}

static int configure(struct verify *v, struct strbuf *err)
{
	const struct rerun *r = v->r;
	int ret = read_tolerance("--rtol", r->rtol, &v->how.rtol, err);

	if (!ret)
		ret = read_tolerance("--atol", r->atol, &v->how.atol, err);
	if (!ret)
		ret = compile(&r->ignore_lines, &v->ignore, err);
	v->how.numbers = r->rtol || r->atol;
	v->how.ignore = v->ignore;
	v->how.nr_ignore = r->ignore_lines.nr;
	return ret;
}

int rerun_check_verify(const struct rerun *r, struct strbuf *err)
{
	struct verify v = { .r = r };
	int ret = configure(&v, err);

	free_patterns(v.ignore, r->ignore_lines.nr);
	return ret;
}

/* ---- what counts --------------------------------------------------------- */

static bool begins(const char *path, const char *with)
{
	return !strncmp(path, with, strlen(with));
}

/* A file of measurements, whose rows begin with a time; `series` as of
 * metrics_parse_name(). */
static bool is_metrics(const char *path, const char **series, size_t *len)
{
	enum metrics_format format;
	uint64_t number;

	return !strchr(path, '/') &&
	       metrics_parse_name(path, &format, &number, series, len);
}

static bool is_system_series(const char *path)
{
	static const char name[] = "system";
	const char *series;
	size_t len;

	return is_metrics(path, &series, &len) && len == strlen(name) &&
	       !memcmp(series, name, len);
}

/*
 * What the code was is no outcome, nor is what tells how it went: times, where
 * a program waited, memory.
 */
static bool counts(const struct verify *v, const struct exp_entry *e)
{
	const struct strvec *ignore = &v->r->ignore;
	const char *path = e->path;
	size_t i;

	if (S_ISDIR(e->mode) || !strcmp(path, RECORD_FILE) ||
	    !strcmp(path, "stderr.log") || !strcmp(path, "traceback.txt") ||
	    !strcmp(path, "uncommited.patch") ||
	    begins(path, "uncommited_files/") ||
	    begins(path, "resutil-snapshot") || is_system_series(path))
		return false;
	for (i = 0; i < ignore->nr; i++)
		if (glob_match(ignore->v[i], path) ||
		    (!strchr(ignore->v[i], '/') &&
		     glob_match(ignore->v[i], path_basename(path))))
			return false;
	return true;
}

static void add_row(struct verify *v, const char *what, const char *path,
		    const char *verdict, const char *detail)
{
	struct value *row = value_new_map();

	value_map_set_str(row, "what", what);
	value_map_set(row, "path", value_new_text(path, strlen(path)));
	value_map_set_str(row, "verdict", verdict);
	if (detail && *detail)
		value_map_set(row, "detail",
			      value_new_text(detail, strlen(detail)));
	value_list_add(v->rows, row);
	if (!strcmp(verdict, "same"))
		v->nr_same++;
	else if (!strcmp(verdict, "near"))
		v->nr_near++;
	else
		v->nr_differ++;
}

/* ---- files --------------------------------------------------------------- */

static int open_file(const struct exp_tree *tree, const struct exp_entry *e)
{
	return open_beneath(tree->fd, e->path, O_RDONLY | O_NONBLOCK);
}

/* 1: the same bytes, 0: not, -1: one cannot be read. */
static int same_bytes(int a, int b)
{
	static char buf_a[BLOCK], buf_b[BLOCK];
	off_t at = 0;

	for (;;) {
		ssize_t na = pread(a, buf_a, BLOCK, at);
		ssize_t nb = pread(b, buf_b, BLOCK, at);

		if (na < 0 || nb < 0)
			return -1;
		if (na != nb || memcmp(buf_a, buf_b, (size_t)na))
			return 0;
		if (!na)
			return 1;
		at += na;
	}
}

static void replace(struct strbuf *text, const char *old, const char *by)
{
	size_t old_len = strlen(old), by_len = strlen(by), at = 0;
	const char *found;

	while (old_len && at < text->len &&
	       (found = memmem(text->buf + at, text->len - at, old,
			       old_len)) != NULL) {
		at = (size_t)(found - text->buf);
		strbuf_splice(text, at, old_len, by, by_len);
		at += by_len;
	}
}

static void show_line(struct strbuf *out, const char *when, size_t line,
		      const char *text, size_t len)
{
	if (!line) {
		strbuf_addf(out, "no more lines %s", when);
		return;
	}
	strbuf_addch(out, '\'');
	quote_terminal(out, text, MINIMUM(len, (size_t)SHOWN_BYTES));
	strbuf_addf(out, "%s' %s", len > SHOWN_BYTES ? "..." : "", when);
}

static bool is_text(const struct strbuf *text)
{
	return !memchr(text->buf, '\0', text->len);
}

/* The detail says where they differ, when they do. */
static const char *judge_texts(struct verify *v, const struct exp_entry *e,
			       int a, int b)
{
	struct strbuf then = STRBUF_INIT, now = STRBUF_INIT;
	struct text_compare how = v->how;
	struct text_difference d;
	const char *verdict = "differs", *series;
	size_t len;

	if (strbuf_read_fd(&then, a, TEXT_MAX_BYTES) ||
	    strbuf_read_fd(&now, b, TEXT_MAX_BYTES) || !is_text(&then) ||
	    !is_text(&now))
		goto cleanup;
	/* Where it ran and what it is called now is no outcome. */
	replace(&now, v->name, v->r->name.buf);
	if (v->r->tree.len && v->r->old_top.len)
		replace(&now, v->r->tree.buf, v->r->old_top.buf);
	how.first_field = is_metrics(e->path, &series, &len);
	if (then.len == now.len && !memcmp(then.buf, now.buf, then.len)) {
		verdict = "same";
	} else if (text_compare(&how, then.buf, then.len, now.buf, now.len,
				&d)) {
		verdict = "near";
	} else {
		strbuf_addf(&v->detail, "line %zu: ",
			    d.line_a ? d.line_a : d.line_b);
		show_line(&v->detail, "then", d.line_a, d.a, d.len_a);
		strbuf_addstr(&v->detail, ", ");
		show_line(&v->detail, "now", d.line_b, d.b, d.len_b);
	}

cleanup:
	strbuf_release(&then);
	strbuf_release(&now);
	return verdict;
}

/* The user's command, which knows more of such files: 0 is the same. */
static bool command_agrees(struct verify *v, const struct exp_entry *e)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf script = STRBUF_INIT;
	int status;

	strbuf_addf(&script, "%s \"$@\"", v->r->compare);
	strvec_pushl(&child.args, "sh", "-c", script.buf, "sh", NULL);
	strvec_pushf(&child.args, "%s/%s", v->then.dir, e->path);
	strvec_pushf(&child.args, "%s/%s", v->now.dir, e->path);
	child.no_stdin = 1;
	child.out = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (child.out < 0) {
		child.out = 0;
		child.no_stdout = 1;
	}
	status = run_command(&child);
	if (status)
		strbuf_addf(&v->detail, "; '%s' ends with %d", v->r->compare,
			    status);
	strbuf_release(&script);
	if (!status)
		strbuf_reset(&v->detail);
	return !status;
}

static const char *judge_files(struct verify *v, const struct exp_entry *then,
			       const struct exp_entry *now)
{
	int a = open_file(&v->then, then), b = open_file(&v->now, now);
	const char *verdict = "differs";
	int same = a < 0 || b < 0 ? -1 : same_bytes(a, b);

	if (same < 0) {
		strbuf_addf(&v->detail, "cannot be read: %s", strerror(errno));
	} else if (same) {
		verdict = "same";
	} else {
		verdict = judge_texts(v, then, a, b);
	}
	if (!same && *verdict == 'd' && !v->detail.len) {
		if (then->size == now->size)
			strbuf_addf(&v->detail, "%" PRIu64 " other bytes",
				    now->size);
		else
			strbuf_addf(&v->detail, "%" PRIu64 " bytes then, %"
				    PRIu64 " now", then->size, now->size);
	}
	if (!same && *verdict == 'd' && v->r->compare &&
	    command_agrees(v, then))
		verdict = "near";
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	return verdict;
}

static bool same_links(const struct verify *v, const struct exp_entry *then,
		       const struct exp_entry *now)
{
	char a[PATH_MAX + 1] = "", b[PATH_MAX + 1] = "";
	const char *base;
	ssize_t na = -1, nb = -1;
	int dir = open_parent_beneath(v->then.fd, then->path, &base);

	if (dir >= 0) {
		na = readlinkat(dir, base, a, sizeof(a));
		close(dir);
	}
	dir = open_parent_beneath(v->now.fd, now->path, &base);
	if (dir >= 0) {
		nb = readlinkat(dir, base, b, sizeof(b));
		close(dir);
	}
	return na >= 0 && na == nb && !memcmp(a, b, (size_t)na);
}

static void compare_entries(struct verify *v, const struct exp_entry *then,
			    const struct exp_entry *now)
{
	const char *verdict;

	strbuf_reset(&v->detail);
	if ((then->mode & S_IFMT) != (now->mode & S_IFMT)) {
		verdict = "differs";
		strbuf_addstr(&v->detail, S_ISLNK(now->mode) ?
			      "a link now" : "no link any more");
	} else if (S_ISLNK(then->mode)) {
		verdict = same_links(v, then, now) ? "same" : "differs";
		if (*verdict == 'd')
			strbuf_addstr(&v->detail, "leads elsewhere");
	} else {
		verdict = judge_files(v, then, now);
		if (*verdict != 'd' && (then->mode & 0100) !=
				       (now->mode & 0100)) {
			verdict = "differs";
			strbuf_addstr(&v->detail, now->mode & 0100 ?
				      "can be run now" :
				      "cannot be run any more");
		}
	}
	add_row(v, "file", then->path, verdict, v->detail.buf);
}

/* Both are sorted; the record, which comes first, does not count. */
static void compare_trees(struct verify *v)
{
	size_t i = v->then.has_record, j = v->now.has_record;

	while (i < v->then.nr || j < v->now.nr) {
		const struct exp_entry *a = i < v->then.nr ?
					    &v->then.entry[i] : NULL;
		const struct exp_entry *b = j < v->now.nr ?
					    &v->now.entry[j] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);

		i += order <= 0;
		j += order >= 0;
		if (!counts(v, order <= 0 ? a : b))
			continue;
		if (!order)
			compare_entries(v, a, b);
		else
			add_row(v, "file", order < 0 ? a->path : b->path,
				order < 0 ? "missing" : "new", NULL);
	}
}

/* ---- the record ---------------------------------------------------------- */

static bool number_of(const struct value *value, double *out)
{
	if (!value || (value->type != VALUE_INT &&
		       value->type != VALUE_FLOAT))
		return false;
	*out = value->type == VALUE_INT ? (double)value->u.number :
					  value->u.real;
	return true;
}

static bool values_agree(const struct verify *v, const struct value *a,
			 const struct value *b)
{
	double x, y;
	size_t i;

	if (!a || !b)
		return a == b;
	if (v->how.numbers && number_of(a, &x) && number_of(b, &y))
		return numbers_are_near(x, y, v->how.rtol, v->how.atol);
	if (a->type != b->type)
		return false;
	if (a->type == VALUE_LIST) {
		for (i = 0; i < a->u.list.nr && i < b->u.list.nr; i++)
			if (!values_agree(v, a->u.list.item[i],
					  b->u.list.item[i]))
				return false;
		return a->u.list.nr == b->u.list.nr;
	}
	if (a->type == VALUE_MAP) {
		for (i = 0; i < a->u.map.nr; i++)
			if (!values_agree(v, a->u.map.pair[i].value,
					  value_map_get(b,
						a->u.map.pair[i].key)))
				return false;
		return a->u.map.nr == b->u.map.nr;
	}
	return value_equal(a, b);
}

static void format_value(struct strbuf *out, const struct value *value)
{
	struct strbuf text = STRBUF_INIT;

	if (!value) {
		strbuf_addstr(out, "nothing");
		return;
	}
	value_format(&text, value);
	quote_terminal(out, text.buf, MINIMUM(text.len, (size_t)SHOWN_BYTES));
	if (text.len > SHOWN_BYTES)
		strbuf_addstr(out, "...");
	strbuf_release(&text);
}

static void compare_key(struct verify *v, const char *key, const char *shown,
			const struct value *then, const struct value *now)
{
	const char *verdict = "differs";

	if (!then && !now)
		return;
	strbuf_reset(&v->detail);
	if (then && now && value_equal(then, now)) {
		verdict = "same";
	} else if (values_agree(v, then, now)) {
		verdict = "near";
	} else {
		format_value(&v->detail, then);
		strbuf_addstr(&v->detail, " then, ");
		format_value(&v->detail, now);
		strbuf_addstr(&v->detail, " now");
	}
	add_row(v, key, shown, verdict, v->detail.buf);
}

static void compare_info(struct verify *v, const struct value *then,
			 const struct value *now)
{
	struct strvec keys = STRVEC_INIT;
	struct strbuf shown = STRBUF_INIT;
	const struct value *maps[2] = { then, now };
	size_t i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; maps[i] && maps[i]->type == VALUE_MAP &&
		     j < maps[i]->u.map.nr; j++)
			strvec_push(&keys, maps[i]->u.map.pair[j].key);
	strvec_sort(&keys, true);
	for (i = 0; i < keys.nr; i++) {
		strbuf_reset(&shown);
		strbuf_addf(&shown, "info.%s", keys.v[i]);
		compare_key(v, "record", shown.buf,
			    value_map_get(then, keys.v[i]),
			    value_map_get(now, keys.v[i]));
	}
	strvec_release(&keys);
	strbuf_release(&shown);
}

static int compare_records(struct verify *v, struct strbuf *err)
{
	static const char *const keys[] = { "state", "exit_code", "signal",
					    "result" };
	const struct value *then = v->r->record;
	struct value *now = NULL;
	int ret = record_read(&now, v->now.dir, err);
	size_t i;

	for (i = 0; !ret && i < ARRAY_SIZE(keys); i++)
		compare_key(v, "record", keys[i], value_map_get(then, keys[i]),
			    value_map_get(now, keys[i]));
	if (!ret)
		compare_info(v, value_map_get(then, "info"),
			     value_map_get(now, "info"));
	value_free(now);
	return ret;
}

/* ---- the verdict --------------------------------------------------------- */

static void print_json(const struct verify *v)
{
	struct value *all = value_new_map(), *missing = value_new_list();
	struct strbuf text = STRBUF_INIT;
	size_t i;

	value_map_set_str(all, "rerun_of", v->r->name.buf);
	value_map_set_str(all, "name", v->name);
	value_map_set_str(all, "verdict", v->nr_differ ? "differs" :
			  v->nr_near ? "near" : "same");
	value_map_set(all, "compared", value_copy(v->rows));
	for (i = 0; i < v->r->missing.nr; i++)
		value_list_add(missing,
			       value_new_text(v->r->missing.v[i],
					      strlen(v->r->missing.v[i])));
	value_map_set(all, "not_restored", missing);
	json_write(&text, all);
	strbuf_addch(&text, '\n');
	out_text(text.buf, text.len);
	strbuf_release(&text);
	value_free(all);
}

static void print_row(const struct value *row)
{
	const char *detail = value_get_text(row, "detail");
	const char *verdict = value_get_text(row, "verdict");
	const char *path = value_get_text(row, "path");
	struct strbuf line = STRBUF_INIT;

	if (!strcmp(verdict, "same") && verbosity <= 0)
		return;
	quote_c(&line, path, strlen(path));
	out_printf("%s\t%s%s%s\n", verdict, line.buf, detail ? "\t" : "",
		   detail ? detail : "");
	strbuf_release(&line);
}

static void print_text(const struct verify *v)
{
	size_t i, nr = v->nr_same + v->nr_near;

	for (i = 0; i < v->rows->u.list.nr; i++)
		print_row(v->rows->u.list.item[i]);
	if (v->nr_differ)
		out_printf("not verified: %zu of %zu outcomes of %s are other "
			   "in %s\n", v->nr_differ, nr + v->nr_differ,
			   v->r->name.buf, v->name);
	else
		out_printf("verified: all %zu outcomes of %s are %s in %s\n",
			   nr, v->r->name.buf,
			   v->nr_near ? "the same, or near enough," :
			   "the same", v->name);
}

int rerun_verify(const struct rerun *r, const char *name, const char *dir)
{
	struct verify v = { .r = r, .name = name, .then = EXP_TREE_INIT,
			    .now = EXP_TREE_INIT, .detail = STRBUF_INIT,
			    .rows = value_new_list() };
	struct strbuf err = STRBUF_INIT;
	int ret = configure(&v, &err);

	if (!ret)
		ret = exp_tree_read(&v.then, r->dir.buf, &err);
	if (!ret)
		ret = exp_tree_read(&v.now, dir, &err);
	if (!ret)
		ret = compare_records(&v, &err);
	if (!ret) {
		compare_trees(&v);
		if (r->json)
			print_json(&v);
		else
			print_text(&v);
		ret = v.nr_differ ? ERR_NO : 0;
	} else {
		error("%s", err.buf);
	}
	exp_tree_release(&v.then);
	exp_tree_release(&v.now);
	free_patterns(v.ignore, r->ignore_lines.nr);
	strbuf_release(&v.detail);
	strbuf_release(&err);
	value_free(v.rows);
	return exit_status_of(ret);
}
