#include "lib/base/compat.h"
#include "lib/exp/diff/diff-findings.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"

struct pair {
	struct cell a, b;
};

struct gathering {
	struct pair *pair;	/* by the number of the field */
	size_t nr;
	bool is_b;
};

static int gather(unsigned id, const struct cell *cell, void *data)
{
	struct gathering *g = data;

	if (id < g->nr) {
		struct pair *pair = &g->pair[id];

		*(g->is_b ? &pair->b : &pair->a) = *cell;
	}
	return 0;
}

static void replace(struct strbuf *text, const char *what, const char *by)
{
	size_t len = what ? strlen(what) : 0, at = 0;

	while (len && at + len <= text->len) {
		char *found = memmem(text->buf + at, text->len - at, what,
				     len);

		if (!found)
			return;
		at = (size_t)(found - text->buf);
		strbuf_splice(text, at, len, by, strlen(by));
		at += strlen(by);
	}
}

/* What is too short would be found in words that mean something else. */
#define OWN_MIN 8

void diff_own_text(struct strbuf *out, const struct diff_run *run,
		   const char *text, size_t len)
{
	const char *own[] = {
		value_get_text(run->record, "result_dir"), run->name,
		value_get_text(run->record, "name"),
		value_get_text(run->record, "id"),
		value_get_text(run->record, "tid")
	};
	const char *cwd = value_get_text(run->record, "cwd");
	struct strbuf plain = STRBUF_INIT;
	size_t i;

	strbuf_add(&plain, text, len);
	for (i = 0; i < ARRAY_SIZE(own); i++)
		if (own[i] && strlen(own[i]) >= OWN_MIN)
			replace(&plain, own[i], "{}");
	/* The same project may lie elsewhere on another machine. */
	if (cwd && strlen(cwd) >= OWN_MIN)
		replace(&plain, cwd, ".");
	strbuf_addbuf(out, &plain);
	strbuf_release(&plain);
}

static bool is_text(const struct cell *cell)
{
	return cell->type == CELL_TEXT || cell->type == CELL_BYTES;
}

static bool same_text(const struct diff_run *run_a, const struct cell *a,
		      const struct diff_run *run_b, const struct cell *b)
{
	struct strbuf one = STRBUF_INIT, two = STRBUF_INIT;
	bool same;

	diff_own_text(&one, run_a, a->u.text.data, a->u.text.len);
	diff_own_text(&two, run_b, b->u.text.data, b->u.text.len);
	same = one.len == two.len && !memcmp(one.buf, two.buf, one.len);
	strbuf_release(&two);
	strbuf_release(&one);
	return same;
}

/* Null means the same as an absent key: resutilformat-exp(5). */
static bool is_absent(const struct cell *cell)
{
	return cell->type == CELL_NONE || cell->type == CELL_NULL;
}

static struct value *value_of(const struct cell *cell)
{
	return is_absent(cell) ? NULL : cell_value(cell);
}

/*
 * Whether the record of a run says nothing of all that this field belongs to,
 * as those of predecessors do: then nothing is known of it. A machine without
 * a GPU, and an environment without the variables asked for, have no section
 * either; there it means that there is none.
 */
static bool is_unsaid(const struct diff_run *run, const char *path,
		      struct strbuf *section)
{
	static const char *const absent_is_none[] = {
		"meta.env", "meta.gpu", "meta.container", "meta.slurm",
		"meta.kubernetes", "meta.python"
	};
	size_t len = strcspn(path, "."), i;

	strbuf_reset(section);
	if (!strncmp(path, "params", len) && len == 6) {
		strbuf_addstr(section, "params");
		return !value_map_get(run->record, "params") &&
		       !value_map_get(run->record, "argv");
	}
	if (len != 4 || strncmp(path, "meta.", 5))
		return false;
	strbuf_addstr(section, "meta");
	if (!value_get(run->record, "meta"))
		return true;
	strbuf_reset(section);
	strbuf_add(section, path, 5 + strcspn(path + 5, "."));
	for (i = 0; i < ARRAY_SIZE(absent_is_none); i++)
		if (!strcmp(section->buf, absent_is_none[i]))
			return false;
	return !value_get(run->record, section->buf);
}

/* Whether it is told that one of them says nothing. */
static bool note_unsaid(struct findings *out, const struct diff_run *run,
			const char *path)
{
	struct strbuf section = STRBUF_INIT;
	bool unsaid = is_unsaid(run, path, &section);

	if (unsaid)
		strvec_pushf(&out->unknown, "%s: the record of %s has none",
			     section.buf, run->name);
	strbuf_release(&section);
	return unsaid;
}

static void add_field(struct findings *out, const char *path,
		      const struct diff_run *a, const struct diff_run *b,
		      const struct pair *pair)
{
	struct diff_role role;
	struct finding *finding;

	if (is_absent(&pair->a) && is_absent(&pair->b))
		return;
	if (cell_equal(&pair->a, &pair->b) ||
	    !diff_role_of(path, &role) || role.kind == DIFF_RESULTS)
		return;
	if (role.class != DIFF_CANNOT_ACT && is_text(&pair->a) &&
	    is_text(&pair->b) && strcmp(path, "cwd") &&
	    same_text(a, &pair->a, b, &pair->b))
		return;
	if ((is_absent(&pair->a) && note_unsaid(out, a, path)) ||
	    (is_absent(&pair->b) && note_unsaid(out, b, path)))
		return;
	finding = findings_add(out, role.kind, role.class, role.rank, path);
	finding_values(finding, value_of(&pair->a), value_of(&pair->b));
	if (role.why)
		finding_why(finding, "%s", role.why);
}

/* "NVIDIA A100, NVIDIA A100": the models in their order; NULL: none. */
static struct value *gpu_models(const struct value *record)
{
	const struct value *list = value_get(record, "meta.gpu.devices");
	struct strbuf text = STRBUF_INIT;
	struct value *value = NULL;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		if (i)
			strbuf_addstr(&text, ", ");
		value_format(&text, value_get(list->u.list.item[i], "name"));
	}
	if (text.len)
		value = value_new_text(text.buf, text.len);
	strbuf_release(&text);
	return value;
}

static void add_gpus(struct findings *out, const struct diff_run *run_a,
		     const struct diff_run *run_b)
{
	struct value *a = gpu_models(run_a->record);
	struct value *b = gpu_models(run_b->record);

	/* A record without any of it does not say that there was none. */
	if ((!a && !b) || (a && b && value_equal(a, b)) ||
	    !value_get(run_a->record, "meta") ||
	    !value_get(run_b->record, "meta")) {
		value_free(a);
		value_free(b);
		return;
	}
	finding_values(findings_add(out, DIFF_ENVIRONMENT, DIFF_ACTS, RANK_GPU,
				    "meta.gpu.devices"), a, b);
}

int diff_fields(struct findings *out, const struct field_names *names,
		const struct diff_run *a, const struct diff_run *b,
		struct strbuf *err)
{
	struct gathering g = { NULL, field_names_nr(names), false };
	unsigned id;
	int ret;

	g.pair = xcalloc(g.nr + 1, sizeof(*g.pair));
	ret = run_row_each(&a->row, gather, &g);
	g.is_b = true;
	if (!ret)
		ret = run_row_each(&b->row, gather, &g);
	if (ret)
		fail(err, ret, "the fields of a record are damaged");
	for (id = 0; !ret && id < g.nr; id++)
		add_field(out, field_names_path(names, id), a, b,
			  &g.pair[id]);
	if (!ret)
		add_gpus(out, a, b);
	free(g.pair);
	return ret;
}
