#include "lib/base/compat.h"
#include "lib/exp/diff/diff-results.h"

#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "lib/base/glob.h"
#include "lib/exp/diff/diff-files.h"
#include "lib/exp/conf/project.h"

#include <pthread.h>

#define REPEATS_MAX 10000u
#define PATCH_MAX (256u << 20)

/* Two sums that two rows share when all counted fields are the same, in
 * whatever order they come. */
struct signature {
	uint64_t one, two;
};

struct looking {
	struct diff_results *results;
	const struct diff_repeat_options *options;
	const struct field_names *names;	/* of the rows that are read */
	const char *name_a, *name_b;
	struct signature a, b;
	bool dirty;		/* A or B has changes beside the commit */
	unsigned state, commit;	/* fields; UINT_MAX: nobody has it */
	struct cell commit_a, commit_b;
	pthread_mutex_t lock;	/* of the samples and counts */
};

struct signing {
	const struct diff_repeat_options *options;
	const struct field_names *names;
	struct diff_run run;	/* its name alone */
	struct signature sum;
};

static const char *const seeds[] = {
	"seed", "*_seed", "*-seed", "random_state", "random-state", "repeat",
	"replicate"
};

static bool is_seed(const char *path, const struct strvec *over)
{
	struct strvec parts = STRVEC_INIT;
	const char *last;
	bool found = false;
	size_t i;

	if (field_path_split(&parts, path, NULL) || parts.nr < 2) {
		strvec_release(&parts);
		return false;
	}
	last = parts.v[parts.nr - 1];
	for (i = 0; i < ARRAY_SIZE(seeds) && !found; i++)
		found = glob_match(seeds[i], last);
	for (i = 0; over && i < over->nr && !found; i++)
		found = glob_match(over->v[i], last) ||
			field_glob_match(over->v[i], path);
	strvec_release(&parts);
	return found;
}

/* Whether A and B differ there in what acts, so that only those with A's are
 * A's repeats. */
static bool is_told_apart(const char *path, const struct findings *findings)
{
	size_t i;

	for (i = 0; i < findings->nr; i++) {
		const struct finding *f = &findings->item[i];

		if (f->class != DIFF_ACTS)
			continue;
		if (f->kind == DIFF_PACKAGES && !strcmp(path, "meta.packages"))
			return true;
		if (f->kind == DIFF_ENVIRONMENT && !strcmp(path, f->name))
			return true;
	}
	return false;
}

static bool counts(const struct signing *s, const char *path)
{
	struct diff_role role;

	if (!strncmp(path, "params.", 7))
		return diff_role_of(path, &role) && role.class == DIFF_ACTS &&
		       !is_seed(path, s->options->over);
	if (!strncmp(path, "meta.", 5))
		return is_told_apart(path, s->options->findings);
	return !strcmp(path, "argv") || !strcmp(path, "function") ||
	       !strcmp(path, "dependency") ||
	       !strcmp(path, "git.commit_hash") ||
	       !strcmp(path, "git.uncommited_files");
}

static void add_argv(struct strbuf *out, const struct cell *cell,
		     const struct diff_run *run)
{
	struct strvec words = STRVEC_INIT, bare = STRVEC_INIT;
	const unsigned char *at = cell->u.list.data;
	struct strbuf word = STRBUF_INIT;
	struct cell member;
	size_t i;

	while (cell_list_next(cell, &at, &member)) {
		strbuf_reset(&word);
		cell_format(&word, &member);
		strvec_push(&words, word.buf);
	}
	diff_bare_words(&bare, &words, run);
	for (i = 0; i < bare.nr; i++)
		strbuf_add(out, bare.v[i], strlen(bare.v[i]) + 1);
	strbuf_release(&word);
	strvec_release(&bare);
	strvec_release(&words);
}

static uint64_t hash_text(const struct strbuf *text, uint64_t start)
{
	uint64_t hash = start;
	size_t i;

	for (i = 0; i < text->len; i++)
		hash = (hash ^ (unsigned char)text->buf[i]) * 1099511628211u;
	return hash ^ hash >> 31;
}

static int sign_field(unsigned id, const struct cell *cell, void *data)
{
	struct signing *s = data;
	const char *path = field_names_path(s->names, id);
	struct strbuf text = STRBUF_INIT, plain = STRBUF_INIT;

	if (cell->type == CELL_NULL || !counts(s, path))
		return 0;
	strbuf_addstr(&text, path);
	strbuf_addch(&text, '\0');
	if (!strcmp(path, "argv") && cell->type == CELL_LIST) {
		add_argv(&text, cell, &s->run);
	} else {
		cell_format(&plain, cell);
		diff_own_text(&text, &s->run, plain.buf, plain.len);
	}
	/* An empty list is none. */
	if (cell->type != CELL_LIST || cell->u.list.len) {
		s->sum.one += hash_text(&text, 14695981039346656037u);
		s->sum.two += hash_text(&text, 0x9e3779b97f4a7c15u);
	}
	strbuf_release(&plain);
	strbuf_release(&text);
	return 0;
}

static int sign(struct signature *out, const struct run_row *row,
		const struct field_names *names,
		const struct diff_repeat_options *options)
{
	struct signing s = { .options = options, .names = names };
	int ret;

	s.run.name = row->name;
	ret = run_row_each(row, sign_field, &s);
	*out = s.sum;
	return ret;
}

static bool is_same(const struct signature *a, const struct signature *b)
{
	return a->one == b->one && a->two == b->two;
}

static bool any_path(const char *path, void *data)
{
	const char *name = data;

	return !strncmp(path, name, strlen(name));
}

/* Whether what was changed beside the commit is the same. */
static bool same_changes(const char *dir, const char *other)
{
	struct diff_tree one = DIFF_TREE_INIT, two = DIFF_TREE_INIT;
	struct findings found = FINDINGS_INIT;
	bool same = false;

	if (!dir || !other)
		return !dir && !other;
	if (!diff_tree_read(&one, dir, NULL) &&
	    !diff_tree_read(&two, other, NULL)) {
		char prefix[] = "uncommited";

		diff_files(&found, &one, &two, any_path, prefix);
		same = !found.nr && !found.unknown.nr;
	}
	findings_release(&found);
	diff_tree_release(&two);
	diff_tree_release(&one);
	return same;
}

static bool is_done(const struct looking *l, const struct run_row *row)
{
	struct cell cell;

	return l->state != UINT_MAX && run_row_get(row, l->state, &cell) &&
	       cell.type == CELL_TEXT && cell.u.text.len == 4 &&
	       !memcmp(cell.u.text.data, "done", 4);
}

/* Most runs are told apart by this. */
static bool may_repeat(const struct looking *l, const struct run_row *row)
{
	struct cell cell = CELL_INIT;

	if (!strcmp(row->name, l->name_a) || !strcmp(row->name, l->name_b))
		return false;
	if (l->commit != UINT_MAX)
		run_row_get(row, l->commit, &cell);
	if (cell.type == CELL_NULL)
		cell.type = CELL_NONE;
	return (cell_equal(&cell, &l->commit_a) ||
		cell_equal(&cell, &l->commit_b)) && is_done(l, row);
}

static void take(struct looking *l, const struct run_row *row, bool of_a,
		 bool of_b)
{
	struct diff_results *r = l->results;
	size_t i;

	pthread_mutex_lock(&l->lock);
	if (r->repeats_a + r->repeats_b >= REPEATS_MAX)
		of_a = of_b = false;
	r->repeats_a += of_a;
	r->repeats_b += of_b;
	for (i = 0; (of_a || of_b) && i < r->nr; i++) {
		struct diff_result *one = &r->item[i];
		struct cell cell;
		unsigned id;
		double x;

		if (!one->is_number ||
		    !field_names_find(l->names, one->path, &id) ||
		    !run_row_get(row, id, &cell) || !cell_number(&cell, &x))
			continue;
		if (of_a)
			diff_sample_push(&one->sample_a, x);
		if (of_b)
			diff_sample_push(&one->sample_b, x);
	}
	pthread_mutex_unlock(&l->lock);
}

static int look_at(const struct run_row *row, size_t nr UNUSED,
		   unsigned worker UNUSED, void *data)
{
	struct looking *l = data;
	struct strbuf dir = STRBUF_INIT;
	struct signature sum;
	bool of_a, of_b;

	if (!may_repeat(l, row) || sign(&sum, row, l->names, l->options))
		return 0;
	of_a = is_same(&sum, &l->a);
	of_b = is_same(&sum, &l->b);
	if (l->dirty && (of_a || of_b)) {
		project_exp_path(l->options->project, row->name, &dir);
		of_a = of_a && same_changes(dir.buf, l->options->dir_a);
		of_b = of_b && same_changes(dir.buf, l->options->dir_b);
	}
	if (of_a || of_b)
		take(l, row, of_a, of_b);
	strbuf_release(&dir);
	return 0;
}

/* Then each is one of the other's repeats. */
static void share(struct diff_results *r)
{
	size_t i;

	r->repeats_a++;
	r->repeats_b++;
	for (i = 0; i < r->nr; i++) {
		struct diff_result *one = &r->item[i];

		if (!one->is_number)
			continue;
		diff_sample_push(&one->sample_a, one->y);
		diff_sample_push(&one->sample_b, one->x);
	}
}

static void commit_of(struct cell *cell, const struct field_names *names,
		      const struct run_row *row)
{
	unsigned id;

	cell->type = CELL_NONE;
	if (field_names_find(names, "git.commit_hash", &id))
		run_row_get(row, id, cell);
	if (cell->type == CELL_NULL)
		cell->type = CELL_NONE;
}

static bool is_dirty(const struct diff_run *run)
{
	const struct value *files = value_get(run->record,
					      "git.uncommited_files");

	return value_get_text(run->record, "git.patch") ||
	       (files && files->type == VALUE_LIST && files->u.list.nr);
}

static unsigned find(const struct field_names *names, const char *path)
{
	unsigned id;

	return field_names_find(names, path, &id) ? id : UINT_MAX;
}

int diff_repeats(struct diff_results *r, struct runs *runs,
		 const struct diff_run *a, const struct diff_run *b,
		 const struct field_names *names,
		 const struct diff_repeat_options *options, struct strbuf *err)
{
	struct looking l = { .results = r, .options = options,
			     .names = runs_names(runs), .name_a = a->name,
			     .name_b = b->name };
	int ret;

	ret = sign(&l.a, &a->row, names, options);
	if (!ret)
		ret = sign(&l.b, &b->row, names, options);
	if (ret)
		return fail(err, ret, "the fields of a record are damaged");
	l.dirty = is_dirty(a) || is_dirty(b);
	l.state = find(l.names, "state");
	l.commit = find(l.names, "git.commit_hash");
	commit_of(&l.commit_a, names, &a->row);
	commit_of(&l.commit_b, names, &b->row);
	r->judged = true;
	r->repeats_a = r->repeats_b = 1;
	r->same_group = is_same(&l.a, &l.b) &&
			(!l.dirty || same_changes(options->dir_a,
						  options->dir_b));
	if (pthread_mutex_init(&l.lock, NULL))
		return fail(err, ERR_FAILED, "no lock can be made");
	ret = runs_each(runs, look_at, &l, err);
	pthread_mutex_destroy(&l.lock);
	if (r->same_group && strcmp(a->name, b->name))
		share(r);
	if (!ret)
		diff_results_judge(r);
	return ret;
}
