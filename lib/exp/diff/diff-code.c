#include "lib/base/compat.h"
#include "lib/exp/diff/diff-code.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/tempfile.h"
#include "lib/exp/git/code-reach.h"
#include "lib/exp/diff/diff-files.h"
#include "lib/exp/git/git-restore.h"
#include "lib/exp/git/git-tree-read.h"

#define LIST_MAX (256u << 20)
#define COPIES "uncommited_files"

/* One of the two code states, and which of its files run. */
struct state {
	const struct diff_run *run;
	const char *dir;
	struct strbuf tree;	/* of git; "": not to be had */
	struct strvec paths;	/* in it */
	struct code_reach *reach;
	struct diff_tree copies;	/* uncommited_files, without git */
};

struct diff_code {
	struct git_scratch *scratch;
	struct state a, b;
	bool same_commit;
};

static void state_init(struct state *s, const struct diff_code_side *side)
{
	s->run = side->run;
	s->dir = side->dir;
	strbuf_init(&s->tree);
	strvec_init(&s->paths);
}

static void state_release(struct state *s)
{
	code_reach_free(s->reach);
	strbuf_release(&s->tree);
	strvec_release(&s->paths);
	diff_tree_release(&s->copies);
}

/* The directory in which it ran, from the top of its repository. */
static void add_cwd(struct strbuf *out, const struct value *record)
{
	const char *top = value_get_text(record, "meta.git.repo");
	const char *cwd = value_get_text(record, "cwd");
	size_t len = top ? strlen(top) : 0;

	if (!len || !cwd || strncmp(cwd, top, len) || cwd[len] != '/')
		return;
	strbuf_addf(out, "%s/", cwd + len + 1);
}

/* The words of its command; paths that lie in the repository as they are from
 * the directory in which it ran. */
static void add_words(struct strvec *out, const struct value *record,
		      const char *cwd)
{
	const char *top = value_get_text(record, "meta.git.repo");
	size_t len = top ? strlen(top) : 0, i;
	struct strvec words = STRVEC_INIT;
	struct strbuf up = STRBUF_INIT;

	for (; *cwd; cwd++)
		if (*cwd == '/')
			strbuf_addstr(&up, "../");
	diff_words(&words, record);
	for (i = 0; i < words.nr; i++) {
		const char *word = words.v[i];

		if (len && !strncmp(word, top, len) && word[len] == '/')
			strvec_pushf(out, "%s%s", up.buf, word + len + 1);
		else
			strvec_push(out, word);
	}
	strbuf_release(&up);
	strvec_release(&words);
}

static const char *variable(const struct finding *finding)
{
	return finding->kind == DIFF_ENVIRONMENT &&
	       !strncmp(finding->name, "meta.env.", 9) ? finding->name + 9 :
							 NULL;
}

static void take_text(const char *path, const char *text, size_t len,
		      void *data)
{
	code_reach_text(data, path, text, len);
}

static int walk(struct git_scratch *scratch, struct state *s,
		const struct findings *found, struct strbuf *err)
{
	const char *function = value_get_text(s->run->record, "function");
	struct strbuf cwd = STRBUF_INIT;
	struct strvec words = STRVEC_INIT, next = STRVEC_INIT;
	size_t i;
	int ret = git_tree_paths(scratch, s->tree.buf, &s->paths, err);

	if (ret)
		return ret;
	s->reach = code_reach_new(&s->paths);
	for (i = 0; i < found->nr; i++)
		if (variable(&found->item[i]))
			code_reach_look_for(s->reach,
					    variable(&found->item[i]));
	add_cwd(&cwd, s->run->record);
	add_words(&words, s->run->record, cwd.buf);
	code_reach_command(s->reach, words.v, cwd.buf);
	if (function)
		code_reach_function(s->reach, function, cwd.buf);
	for (;;) {
		strvec_clear(&next);
		code_reach_next(s->reach, &next);
		if (ret || !next.nr)
			break;
		ret = git_tree_read(scratch, s->tree.buf, &next,
				    CODE_REACH_MAX_FILE, CODE_REACH_MAX_BYTES,
				    take_text, s->reach, err);
	}
	strvec_release(&next);
	strvec_release(&words);
	strbuf_release(&cwd);
	return ret;
}

static void upgrade_variables(const struct diff_code *code,
			      struct findings *out)
{
	size_t i;

	for (i = 0; i < out->nr; i++) {
		struct finding *f = &out->item[i];
		const char *name = variable(f), *by = NULL;

		if (name && code->b.reach)
			by = code_reach_word(code->b.reach, name);
		if (name && !by && code->a.reach)
			by = code_reach_word(code->a.reach, name);
		if (!by)
			continue;
		f->class = DIFF_ACTS;
		f->rank = RANK_VARIABLE;
		finding_why(f, "used in %s", by);
	}
}

/* What a change of that file does. */
static struct finding *add_file(struct findings *out,
				const struct diff_code *code,
				const char *path, char status)
{
	const char *why = code->b.reach ?
			  code_reach_why(code->b.reach, path) : NULL;
	struct strbuf name = STRBUF_INIT;
	struct finding *finding;

	if (!why && code->a.reach)
		why = code_reach_why(code->a.reach, path);
	strbuf_addf(&name, "code:%s", path);
	finding = findings_add(out, DIFF_CODE, DIFF_MAY_ACT, RANK_OTHER_CODE,
			       name.buf);
	finding->status = status;
	if (why) {
		finding->class = DIFF_ACTS;
		finding->rank = RANK_CODE;
		finding_why(finding, "%s", why);
	} else if (diff_is_document(path)) {
		finding->class = DIFF_CANNOT_ACT;
		finding->rank = RANK_TEXT;
		finding_why(finding, "no program reads such files");
	}
	strbuf_release(&name);
	return finding;
}

static int64_t read_count(const char **at)
{
	char *end;
	int64_t count = strtoll(*at, &end, 10);

	if (end == *at)	/* "-": not a text */
		count = -1;
	*at = strchrnul(*at, '\t');
	*at += **at == '\t';
	return count;
}

/* What `git diff --raw --numstat -z` prints: first ":MODES IDS STATUS" and the
 * path of each file, then "ADDED\tREMOVED\tPATH" in the same order. */
static void read_changes(struct findings *out, const struct diff_code *code,
			 const struct strbuf *list)
{
	const char *at = list->buf, *end = at + list->len;
	size_t i = out->nr;

	for (; at < end && *at == ':'; at += strlen(at) + 1) {
		const char *status = strrchr(at, ' ');

		at += strlen(at) + 1;
		if (!status || at >= end)
			return;
		add_file(out, code, at, strchr("AD", status[1]) ? status[1] :
								  'M');
	}
	for (; at < end && i < out->nr; at += strlen(at) + 1, i++) {
		out->item[i].added = read_count(&at);
		out->item[i].removed = read_count(&at);
	}
}

static void note(struct findings *out, const struct diff_run *run,
		 const char *what)
{
	strvec_pushf(&out->unknown, "code of %s: %s", run->name, what);
}

/* False: its tree cannot be made; that was noted. */
static bool make_tree(struct diff_code *code, struct state *s,
		      struct findings *out)
{
	struct strvec missing = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = git_scratch_tree(code->scratch, s->run->record, s->dir,
				   &s->tree, &missing, &why);
	size_t i;

	if (ret) {
		note(out, s->run, why.buf);
		strbuf_reset(&s->tree);
	}
	for (i = 0; i < missing.nr; i++)
		note(out, s->run, missing.v[i]);
	strbuf_release(&why);
	strvec_release(&missing);
	return !ret;
}

static void compare_commits(const struct diff_code *code,
			    struct findings *out, bool same_files)
{
	const char *a = value_get_text(code->a.run->record, "git.commit_hash");
	const char *b = value_get_text(code->b.run->record, "git.commit_hash");
	struct finding *finding;

	if (code->same_commit || (!a && !b))
		return;
	finding = findings_add(out, DIFF_CODE, same_files ? DIFF_CANNOT_ACT :
			       DIFF_MAY_ACT, same_files ? RANK_ACCOUNT :
			       RANK_OTHER_CODE, "git.commit_hash");
	finding_values(finding, a ? value_new_str(a) : NULL,
		       b ? value_new_str(b) : NULL);
	finding_why(finding, "%s", same_files ? "the files are the same" :
		    "the commits cannot be compared here");
}

static int compare_trees(struct diff_code *code, struct findings *out,
			 struct strbuf *err)
{
	const char *options[] = { "--raw", "--numstat", "-z", NULL };
	struct strbuf list = STRBUF_INIT;
	const bool same = !strcmp(code->a.tree.buf, code->b.tree.buf);
	int ret = walk(code->scratch, &code->b, out, err);

	if (!ret && !same)
		ret = walk(code->scratch, &code->a, out, err);
	if (!ret && !same)
		ret = git_scratch_diff(code->scratch, code->a.tree.buf,
				       code->b.tree.buf, options, LIST_MAX,
				       &list, err);
	if (!ret) {
		read_changes(out, code, &list);
		upgrade_variables(code, out);
	}
	if (!ret && same)
		compare_commits(code, out, true);
	strbuf_release(&list);
	return ret;
}

static bool any_path(const char *path UNUSED, void *data UNUSED)
{
	return true;
}

static void read_copies(struct state *s)
{
	struct strbuf dir = STRBUF_INIT;

	if (s->dir) {
		strbuf_addf(&dir, "%s/" COPIES, s->dir);
		if (path_is_dir(dir.buf))
			diff_tree_read(&s->copies, dir.buf, NULL);
	}
	strbuf_release(&dir);
}

/* A file that only one of them has changed is in the other what it is in the
 * commit, which is not here. */
static void compare_copies(struct diff_code *code, struct findings *out)
{
	struct findings files = FINDINGS_INIT;
	size_t i;

	read_copies(&code->a);
	read_copies(&code->b);
	diff_files(&files, &code->a.copies, &code->b.copies, any_path, NULL);
	for (i = 0; i < files.nr; i++) {
		struct line_diff_sum sum = { 0, 0, 0 };
		struct finding *f = &files.item[i], *new;

		new = add_file(out, code, diff_file_path(f), 'M');
		finding_why(new, "changed beside the commit%s%s",
			    f->status == 'M' ? "" : " in ",
			    f->status == 'M' ? " in both" :
			    f->status == 'A' ? code->b.run->name :
					       code->a.run->name);
		if (f->status == 'M' &&
		    diff_file_lines(f, &code->a.copies, &code->b.copies, NULL,
				    &sum, NULL)) {
			new->added = f->added;
			new->removed = f->removed;
		}
	}
	findings_release(&files);
	compare_commits(code, out, false);
}

/* What was left out of both, by its hash. */
static void compare_left_out(const struct diff_code *code,
			     struct findings *out)
{
	const struct value *lists[2] = {
		value_get(code->a.run->record, "git.left_out"),
		value_get(code->b.run->record, "git.left_out")
	};
	size_t i, j;

	for (i = 0; lists[1] && lists[1]->type == VALUE_LIST &&
		    i < lists[1]->u.list.nr; i++) {
		const struct value *two = lists[1]->u.list.item[i];
		const char *path = value_get_text(two, "path");
		const char *sum = value_get_text(two, "sha256");

		for (j = 0; path && sum && lists[0] &&
			    lists[0]->type == VALUE_LIST &&
			    j < lists[0]->u.list.nr; j++) {
			const struct value *one = lists[0]->u.list.item[j];
			const char *other = value_get_text(one, "sha256");
			struct finding *finding;

			if (!other || !strcmp(other, sum) || strcmp(path,
			     value_get_text(one, "path") ?
			     value_get_text(one, "path") : ""))
				continue;
			finding = add_file(out, code, path, 'M');
			value_get_int(one, "size", &finding->size_a);
			value_get_int(two, "size", &finding->size_b);
			if (!finding->why)
				finding_why(finding, "its content was not "
					    "kept; its hash differs");
		}
	}
}

static bool same_commit(const struct value *a, const struct value *b)
{
	const char *one = value_get_text(a, "git.commit_hash");
	const char *two = value_get_text(b, "git.commit_hash");

	return one && two && !strcmp(one, two);
}

int diff_code_open(struct diff_code **out_code, const char *repository,
		   const struct diff_code_side *a,
		   const struct diff_code_side *b, struct findings *out,
		   struct strbuf *err)
{
	struct diff_code *code = xcalloc(1, sizeof(*code));
	const bool has_a = git_record_has_code(a->run->record);
	const bool has_b = git_record_has_code(b->run->record);
	struct strbuf why = STRBUF_INIT;
	bool made = false;
	int ret = 0;

	*out_code = code;
	state_init(&code->a, a);
	state_init(&code->b, b);
	code->same_commit = same_commit(a->run->record, b->run->record);
	if (!has_a || !has_b) {
		if (has_a != has_b)
			note(out, has_a ? b->run : a->run,
			     "nothing was recorded of it");
		goto cleanup;
	}
	if (git_scratch_open(&code->scratch, repository, &why)) {
		strvec_pushf(&out->unknown, "code: %s", why.buf);
	} else {
		made = make_tree(code, &code->a, out);
		made = make_tree(code, &code->b, out) && made;
	}
	if (made)
		ret = compare_trees(code, out, err);
	else
		compare_copies(code, out);
	if (!ret)
		compare_left_out(code, out);

cleanup:
	strbuf_release(&why);
	return ret;
}

void diff_code_close(struct diff_code *code)
{
	if (!code)
		return;
	git_scratch_close(code->scratch);
	state_release(&code->b);
	state_release(&code->a);
	free(code);
}

const struct code_reach *diff_code_reach(const struct diff_code *code,
					 bool of_b)
{
	return of_b || !code->a.reach ? code->b.reach : code->a.reach;
}

/* A pattern of git that means this path alone. */
static void add_pattern(struct strbuf *out, const char *path)
{
	for (; *path; path++) {
		if (strchr("*?[\\", *path))
			strbuf_addch(out, '\\');
		strbuf_addch(out, *path);
	}
	strbuf_addch(out, '\n');
}

/* git(1) takes the order of files from a file of patterns. */
static int write_order(struct tempfile **dir, struct strbuf *path,
		       const struct findings *findings, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;
	int ret = tempfile_scratch_dir(dir, err);

	for (i = 0; i < findings->nr; i++)
		if (!strncmp(findings->item[i].name, "code:", 5))
			add_pattern(&text, findings->item[i].name + 5);
	if (!ret) {
		strbuf_addf(path, "%s/order", tempfile_path(*dir));
		ret = write_file_atomic(path->buf, text.buf, text.len, 0600,
					0, err);
	}
	strbuf_release(&text);
	return ret;
}

static int patch_of_trees(struct diff_code *code,
			  const struct findings *findings,
			  const char *const *paths, unsigned context,
			  size_t max, struct strbuf *out, struct strbuf *err)
{
	struct tempfile *dir = NULL;
	struct strbuf order = STRBUF_INIT;
	struct strvec options = STRVEC_INIT;
	int ret = write_order(&dir, &order, findings, err);

	strvec_pushf(&options, "-O%s", order.buf);
	strvec_pushf(&options, "-U%u", context);
	strvec_push(&options, "--");
	for (; paths && *paths; paths++)
		strvec_pushf(&options, ":(top,literal)%s", *paths);
	if (!ret)
		ret = git_scratch_diff(code->scratch, code->a.tree.buf,
				       code->b.tree.buf, options.v, max, out,
				       err);
	strvec_release(&options);
	strbuf_release(&order);
	tempfile_delete(&dir);
	return ret;
}

static bool is_wanted(const char *path, const char *const *paths)
{
	if (!paths || !*paths)
		return true;
	for (; *paths; paths++) {
		size_t len = strlen(*paths);

		while (len && (*paths)[len - 1] == '/')
			len--;
		if (!strncmp(path, *paths, len) &&
		    (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

int diff_code_patch(struct diff_code *code, const struct findings *findings,
		    const char *const *paths,
		    const struct line_diff_options *options, size_t max,
		    struct strbuf *out, struct strbuf *err)
{
	struct findings files = FINDINGS_INIT;
	struct line_diff_sum sum = { 0, 0, 0 };
	size_t i;

	if (code->a.tree.len && code->b.tree.len)
		return strcmp(code->a.tree.buf, code->b.tree.buf) ?
		       patch_of_trees(code, findings, paths, options->context,
				      max, out, err) : 0;
	diff_files(&files, &code->a.copies, &code->b.copies, any_path, NULL);
	for (i = 0; i < files.nr; i++)
		if (files.item[i].status == 'M' &&
		    is_wanted(diff_file_path(&files.item[i]), paths))
			diff_file_lines(&files.item[i], &code->a.copies,
					&code->b.copies, options, &sum, out);
	findings_release(&files);
	if (out->len > max)
		return fail(err, ERR_CONTENT, "the patch is longer than %zu "
			    "bytes", max);
	return 0;
}
