#include "lib/base/compat.h"
#include "builtin/diff.h"
#include "builtin/exp-page.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"

#include <math.h>

#define SHOWN_FINDINGS 30	/* of a class */
#define SHOWN_RESULTS 40
#define SHOWN_FILES 30
#define SHOWN_NAMES 12		/* of what cannot act */
#define SHOWN_VALUE 60		/* bytes of a value */
#define SHOWN_LINE 500		/* bytes of a line of a patch */
#define NAME_WIDTH_MAX 36
#define PATCHED_FILES 50
/* Of a page: with --patch there is no limit but memory. */
#define PAGE_PATCH_MAX (1u << 20)
#define PATCH_MAX (1u << 30)

static void add_safe(struct strbuf *out, const char *text)
{
	quote_terminal(out, text, strlen(text));
}

/* One line, not too long; the end of a character is not cut off. */
static void add_short(struct strbuf *out, const struct strbuf *text)
{
	size_t len = text->len;

	if (len > SHOWN_VALUE) {
		len = SHOWN_VALUE;
		while (len && ((unsigned char)text->buf[len] & 0xc0) == 0x80)
			len--;
	}
	quote_terminal(out, text->buf, len);
	if (len < text->len)
		strbuf_addstr(out, "...");
}

static void add_value(struct strbuf *out, const struct value *value)
{
	struct strbuf text = STRBUF_INIT;

	if (!value) {
		strbuf_addstr(out, _("(none)"));
		return;
	}
	value_format(&text, value);
	if (!text.len)
		strbuf_addstr(out, "\"\"");
	add_short(out, &text);
	strbuf_release(&text);
}

static void add_cell(struct strbuf *out, const struct cell *cell)
{
	struct value *value = cell->type == CELL_NONE ||
			      cell->type == CELL_NULL ? NULL :
			      cell_value(cell);

	add_value(out, value);
	value_free(value);
}

static void add_title(struct strbuf *out, const char *title)
{
	strbuf_addf(out, "\n%s%s%s\n", color_on(STDOUT_FILENO, COLOR_BOLD),
		    title, color_off(STDOUT_FILENO));
}

static void add_more(struct strbuf *out, size_t nr, size_t shown)
{
	if (nr > shown)
		strbuf_addf(out, _("  and %zu more (--json has all)\n"),
			    nr - shown);
}

static void pad(struct strbuf *out, const char *text, size_t width)
{
	size_t has = utf8_width(text, strlen(text));

	for (; has < width; has++)
		strbuf_addch(out, ' ');
}

static void add_padded(struct strbuf *out, const char *text, size_t width)
{
	struct strbuf safe = STRBUF_INIT;

	add_safe(&safe, text);
	strbuf_addbuf(out, &safe);
	pad(out, safe.buf, width);
	strbuf_release(&safe);
}

/* ---- who they are ---- */

static void add_side(struct strbuf *out, char letter,
		     const struct diff_side *side, const char *found_in)
{
	const char *state = value_get_text(side->run.record, "state");
	const char *cmd = value_get_text(side->run.record, "cmd");
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(out, "%s%c  ", color_on(STDOUT_FILENO, letter == 'A' ?
		    COLOR_RED : COLOR_GREEN), letter);
	add_safe(out, side->run.name);
	strbuf_addf(out, "%s  ", color_off(STDOUT_FILENO));
	add_safe(out, state ? state : "-");
	if (*found_in) {
		strbuf_addf(&text, _(", only in %s"), found_in);
		add_safe(out, text.buf);
		strbuf_reset(&text);
	}
	strbuf_addch(out, '\n');
	if (cmd) {
		strbuf_addstr(&text, cmd);
		strbuf_addstr(out, "   ");
		add_short(out, &text);
		strbuf_addch(out, '\n');
	}
	strbuf_release(&text);
}

/* ---- gates ---- */

static void add_gates(struct strbuf *out, const struct comparison *c)
{
	size_t i;

	if (c->gates)
		add_title(out, _("gates"));
	for (i = 0; i < c->gates; i++) {
		const struct gate_answer *gate = &c->gate[i];
		const char *at = gate->why.buf;

		strbuf_addf(out, "  %s%s%s  ", color_on(STDOUT_FILENO,
			    gate->fails ? COLOR_RED : COLOR_GREEN),
			    gate->fails ? _("failed") : _("passed"),
			    color_off(STDOUT_FILENO));
		add_safe(out, gate->text);
		strbuf_addch(out, '\n');
		while (*at) {
			size_t len = strcspn(at, "\n");

			strbuf_addf(out, "          %.*s\n", (int)len, at);
			at += len + (at[len] == '\n');
		}
	}
}

/* ---- results ---- */

static bool is_last(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && !strcmp(path + len - 5, ".last");
}

/* Of a series only its last value, and one duration: the page is to be read. */
static bool is_on_page(const struct diff_result *r)
{
	return diff_result_differs(r) && strcmp(r->path, "usage.wall") &&
	       (strncmp(r->path, "metrics.", 8) || is_last(r->path));
}

static double weight(const struct diff_result *r)
{
	double relative;

	if (!r->is_number)
		return INFINITY;	/* a state, an error */
	relative = fabs(diff_relative(r->x, r->y));
	return relative == relative ? relative : INFINITY;
}

/* How it ended comes first, what the machine did last. */
static int place(const struct diff_result *r)
{
	static const char *const ends[] = {
		"state", "exit_code", "signal", "error"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (!strcmp(r->path, ends[i]))
			return (int)i;
	return strncmp(r->path, "usage.", 6) && strcmp(r->path, "duration") ?
	       (int)i : (int)i + 1;
}

static int compare_results(const void *one, const void *two)
{
	const struct diff_result *a = *(const struct diff_result *const *)one;
	const struct diff_result *b = *(const struct diff_result *const *)two;

	if (place(a) != place(b))
		return place(a) < place(b) ? -1 : 1;
	if (a->significant != b->significant)
		return a->significant ? -1 : 1;
	if (weight(a) != weight(b))
		return weight(a) > weight(b) ? -1 : 1;
	return strcmp(a->path, b->path);
}

static void add_judgement(struct strbuf *out, const struct comparison *c,
			  const struct diff_result *r)
{
	const struct diff_sample *a = &r->sample_a, *b = &r->sample_b;

	if (r->p != r->p) {
		if (c->results.same_group && a->stats.nr > 2)
			strbuf_addf(out, _(", repeats: %.4g (sd %.2g)"),
				    a->stats.mean, a->stats.sd);
		return;
	}
	strbuf_addf(out, _(", means %.4g and %.4g, %s"), a->stats.mean,
		    b->stats.mean, color_on(STDOUT_FILENO, r->significant ?
					    COLOR_YELLOW : COLOR_PLAIN));
	if (r->p >= 0.0001)
		strbuf_addf(out, "p = %.2g", r->p);
	else
		strbuf_addstr(out, "p < 0.0001");
	strbuf_addf(out, ", %s%s", r->significant ? _("significant") :
		    _("not significant"), color_off(STDOUT_FILENO));
}

/* What is counted in bytes, as people write it. */
static void add_result_cell(struct strbuf *out, const struct diff_result *r,
			    const struct cell *cell)
{
	double bytes;

	if (!strcmp(r->path, "usage.max_rss") && cell_number(cell, &bytes) &&
	    bytes >= 0)
		size_format(out, (uint64_t)bytes);
	else
		add_cell(out, cell);
}

static void add_percent(struct strbuf *out, double relative)
{
	double percent = 100 * relative;

	if (isfinite(percent))
		strbuf_addf(out, fabs(percent) < 10 ? " (%+.2g %%)" :
						      " (%+.0f %%)", percent);
}

static void add_result(struct strbuf *out, const struct comparison *c,
		       const struct diff_result *r, size_t width)
{
	strbuf_addstr(out, "  ");
	add_padded(out, r->path, width);
	strbuf_addstr(out, "  ");
	add_result_cell(out, r, &r->a);
	strbuf_addstr(out, " -> ");
	add_result_cell(out, r, &r->b);
	if (r->is_number) {
		if (strcmp(r->path, "usage.max_rss"))
			strbuf_addf(out, "  %+.4g", r->y - r->x);
		else
			strbuf_addch(out, ' ');
		add_percent(out, diff_relative(r->x, r->y));
		add_judgement(out, c, r);
	}
	strbuf_addch(out, '\n');
}

static void add_repeats(struct strbuf *out, const struct diff_results *r)
{
	size_t i;

	if (r->judged && r->same_group && r->repeats_a > 1)
		strbuf_addf(out, _("  A and B repeat each other: %zu runs are "
				   "alike in all that acts\n"), r->repeats_a);
	else if (r->judged && r->repeats_a > 1 && r->repeats_b > 1)
		strbuf_addf(out, _("  of %zu runs like A, %zu like B\n"),
			    r->repeats_a, r->repeats_b);
	for (i = 0; i < r->problems.nr; i++) {
		strbuf_addstr(out, _("  not judged: "));
		add_safe(out, r->problems.v[i]);
		strbuf_addch(out, '\n');
	}
}

static void add_results(struct strbuf *out, const struct comparison *c)
{
	const struct diff_results *r = &c->results;
	const struct diff_result **shown = xcalloc(r->nr + 1, sizeof(*shown));
	size_t i, nr = 0, width = 0;

	for (i = 0; i < r->nr; i++)
		if (is_on_page(&r->item[i]))
			shown[nr++] = &r->item[i];
	if (nr) {
		qsort(shown, nr, sizeof(*shown), compare_results);
		add_title(out, _("results"));
	}
	for (i = 0; i < nr && i < SHOWN_RESULTS; i++)
		width = MAXIMUM(width, MINIMUM(strlen(shown[i]->path),
					       (size_t)NAME_WIDTH_MAX));
	for (i = 0; i < nr && i < SHOWN_RESULTS; i++)
		add_result(out, c, shown[i], width);
	add_more(out, nr, SHOWN_RESULTS);
	if (nr)
		add_repeats(out, r);
	free(shown);
}

/* ---- findings ---- */

static void add_counts(struct strbuf *out, const struct finding *f)
{
	if (f->added >= 0 || f->removed >= 0)
		strbuf_addf(out, "+%" PRId64 " -%" PRId64,
			    MAXIMUM(f->added, 0), MAXIMUM(f->removed, 0));
}

static void add_sizes(struct strbuf *out, const struct finding *f)
{
	if (f->size_a >= 0)
		size_format(out, (uint64_t)f->size_a);
	if (f->size_a == f->size_b)
		return;
	if (f->size_a >= 0 && f->size_b >= 0)
		strbuf_addstr(out, " -> ");
	if (f->size_b >= 0)
		size_format(out, (uint64_t)f->size_b);
}

/* "+3 -1" for a file, "0.1 -> 0.2" for a value. */
static void add_what(struct strbuf *out, const struct finding *f)
{
	size_t before = out->len;

	if (f->a || f->b) {
		add_value(out, f->a);
		strbuf_addstr(out, " -> ");
		add_value(out, f->b);
	} else {
		if (f->status != 'M')
			strbuf_addf(out, "%s  ", f->status == 'A' ?
				    _("new") : _("removed"));
		add_counts(out, f);
	}
	if (f->size_a >= 0 || f->size_b >= 0) {
		strbuf_addstr(out, out->len > before ? "  " : "");
		add_sizes(out, f);
	}
	if (f->why) {
		strbuf_addstr(out, out->len > before ? "  (" : "(");
		add_safe(out, f->why);
		strbuf_addch(out, ')');
	}
}

static void add_findings(struct strbuf *out, const struct comparison *c,
			 enum diff_class class, const char *title)
{
	const struct findings *f = &c->findings;
	size_t i, nr = 0, width = 0;

	for (i = 0; i < f->nr; i++) {
		if (f->item[i].class != class || !c->only[f->item[i].kind])
			continue;
		if (nr++ < SHOWN_FINDINGS)
			width = MAXIMUM(width, MINIMUM(strlen(f->item[i].name),
						(size_t)NAME_WIDTH_MAX));
	}
	if (nr)
		add_title(out, title);
	for (i = nr = 0; i < f->nr; i++) {
		if (f->item[i].class != class || !c->only[f->item[i].kind] ||
		    nr++ >= SHOWN_FINDINGS)
			continue;
		strbuf_addf(out, "%4zu  ", i + 1);
		add_padded(out, f->item[i].name, width);
		strbuf_addstr(out, "  ");
		add_what(out, &f->item[i]);
		strbuf_addch(out, '\n');
	}
	add_more(out, nr, SHOWN_FINDINGS);
}

/* Their names are enough. */
static void add_idle(struct strbuf *out, const struct comparison *c)
{
	const struct findings *f = &c->findings;
	size_t i, nr = 0;

	for (i = 0; i < f->nr; i++) {
		if (f->item[i].class != DIFF_CANNOT_ACT ||
		    !c->only[f->item[i].kind])
			continue;
		if (!nr)
			add_title(out, _("differs, but cannot act"));
		if (nr < SHOWN_NAMES) {
			strbuf_addstr(out, nr ? ", " : "  ");
			add_safe(out, f->item[i].name);
		}
		nr++;
	}
	if (nr > SHOWN_NAMES)
		strbuf_addf(out, _(", and %zu more"), nr - SHOWN_NAMES);
	if (nr)
		strbuf_addch(out, '\n');
}

static void add_unknown(struct strbuf *out, const struct comparison *c)
{
	const struct strvec *list = &c->findings.unknown;
	size_t i;

	if (list->nr)
		add_title(out, _("not compared"));
	for (i = 0; i < list->nr && i < SHOWN_FINDINGS; i++) {
		strbuf_addstr(out, "  ");
		add_safe(out, list->v[i]);
		strbuf_addch(out, '\n');
	}
	if (list->nr > SHOWN_FINDINGS)
		strbuf_addf(out, _("  and %zu more\n"),
			    list->nr - SHOWN_FINDINGS);
}

static void add_files(struct strbuf *out, const struct comparison *c)
{
	const struct findings *f = &c->files;
	size_t i, width = 0;

	if (f->nr)
		add_title(out, _("files"));
	for (i = 0; i < f->nr && i < SHOWN_FILES; i++)
		width = MAXIMUM(width, MINIMUM(
				strlen(diff_file_path(&f->item[i])),
				(size_t)NAME_WIDTH_MAX));
	for (i = 0; i < f->nr && i < SHOWN_FILES; i++) {
		const struct finding *one = &f->item[i];

		strbuf_addf(out, "  %c  ", one->status);
		add_padded(out, diff_file_path(one), width);
		strbuf_addstr(out, "  ");
		add_sizes(out, one);
		if (one->added >= 0)
			strbuf_addstr(out, "  ");
		add_counts(out, one);
		if (one->why)
			strbuf_addf(out, "  (%s)", one->why);
		strbuf_addch(out, '\n');
	}
	add_more(out, f->nr, SHOWN_FILES);
}

/* ---- patches ---- */

static const char *line_color(const char *line)
{
	enum color color = COLOR_PLAIN;

	if (!strncmp(line, "diff ", 5) || !strncmp(line, "--- ", 4) ||
	    !strncmp(line, "+++ ", 4))
		color = COLOR_BOLD;
	else if (*line == '+')
		color = COLOR_GREEN;
	else if (*line == '-')
		color = COLOR_RED;
	else if (!strncmp(line, "@@ ", 3))
		color = COLOR_CYAN;
	return color == COLOR_PLAIN ? "" : color_on(STDOUT_FILENO, color);
}

/* A line of a page that nobody reads to its end is cut. */
static size_t shown_len(const char *line, size_t len, bool on_page)
{
	if (!on_page || len <= SHOWN_LINE)
		return len;
	len = SHOWN_LINE;
	while (len && ((unsigned char)line[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* To a program the bytes go as they are. */
static void put_patch(const struct comparison *c, const struct strbuf *patch)
{
	const bool safe = out_is_for_person() || color_wanted(STDOUT_FILENO);
	struct strbuf page = STRBUF_INIT;
	const char *at = patch->buf, *end = at + patch->len;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		const char *stop = nl ? nl : end;
		const size_t len = (size_t)(stop - at);
		const size_t shown = shown_len(at, len, c->page);
		const char *color = line_color(at);

		strbuf_addstr(&page, color);
		if (safe)
			quote_terminal_lines(&page, at, shown);
		else
			strbuf_add(&page, at, shown);
		strbuf_addstr(&page, shown < len ? "..." : "");
		if (*color)
			strbuf_addstr(&page, color_off(STDOUT_FILENO));
		strbuf_addch(&page, '\n');
		at = stop + 1;
	}
	out_safe(&page);
	strbuf_release(&page);
}

static int put_code(struct comparison *c, struct strbuf *err)
{
	struct strbuf patch = STRBUF_INIT, why = STRBUF_INIT;
	struct strbuf page = STRBUF_INIT;
	int ret = diff_code_patch(c->code, &c->findings, c->paths, &c->lines,
				  c->page ? PAGE_PATCH_MAX : PATCH_MAX, &patch,
				  &why);

	if (ret == ERR_CONTENT && c->page) {
		add_title(&page, _("code"));
		strbuf_addstr(&page, _("  the patch is longer than 1 MiB: "
				       "--patch --only=code shows it\n"));
		out_safe(&page);
		ret = 0;
	} else if (!ret && patch.len) {
		if (c->page)
			add_title(&page, _("code"));
		out_safe(&page);
		put_patch(c, &patch);
	}
	if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&page);
	strbuf_release(&why);
	strbuf_release(&patch);
	return ret;
}

static void put_files(struct comparison *c)
{
	struct strbuf patch = STRBUF_INIT, page = STRBUF_INIT;
	size_t i, nr = 0;

	for (i = 0; i < c->files.nr; i++) {
		struct finding *f = &c->files.item[i];
		struct line_diff_sum sum = { 0, 0, 0 };

		if (f->added < 0 || (c->page && nr == PATCHED_FILES))
			continue;
		if (!nr++ && c->page) {
			add_title(&page, _("text of files"));
			out_safe(&page);
		}
		strbuf_reset(&patch);
		diff_file_lines(f, &c->a.tree, &c->b.tree, &c->lines, &sum,
				&patch);
		put_patch(c, &patch);
		if (sum.left_out)
			out_printf(_("... %zu more lines: --max-lines=0\n"),
				   sum.left_out);
	}
	strbuf_release(&page);
	strbuf_release(&patch);
}

int diff_page(struct comparison *c, struct strbuf *err)
{
	struct strbuf page = STRBUF_INIT;
	int ret = 0;

	if (c->page) {
		add_side(&page, 'A', &c->a, c->a.found.remote.buf);
		add_side(&page, 'B', &c->b, c->b.found.remote.buf);
		add_gates(&page, c);
		if (c->only[DIFF_RESULTS])
			add_results(&page, c);
		add_findings(&page, c, DIFF_ACTS,
			     _("differs and acts, likeliest first"));
		add_findings(&page, c, DIFF_MAY_ACT,
			     _("differs and may act"));
		add_idle(&page, c);
		add_unknown(&page, c);
		if (c->only[DIFF_FILES])
			add_files(&page, c);
		out_safe(&page);
	}
	if (c->patches && c->only[DIFF_CODE])
		ret = put_code(c, err);
	if (!ret && c->patches && c->only[DIFF_FILES])
		put_files(c);
	strbuf_release(&page);
	return ret;
}
