/*
 * rerun --script: the same with git and a POSIX shell alone. All that was
 * uncommitted is in the script, as one patch.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/rerun-parts.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/exp/git/git-restore.h"
#include "lib/exp/record/name.h"

/* Nobody else's, and nobody made it before. */
#define MAKE_TREE "mkdir -m 700 \"$tree\"\ntrap 'rm -rf \"$tree\"' EXIT\n"

#define PATCH_MAX_BYTES (256u << 20)

/* Stand in words for what only the script knows; no word of a command line can
 * be mistaken for them, since a record takes them out. */
#define MARK '\001'
#define TREE "\001T"
#define RESULTS "\001R"
#define OUT "\001O"

struct script {
	const struct rerun *r;
	struct strbuf text;
	const char *commit;	/* NULL: before the first */
	struct strbuf patch;
};

static void add_word(struct script *s, const char *word)
{
	quote_shell(&s->text, word);
}

/* Pieces of text as the shell takes them, variables for the marks. */
static void add_marked(struct script *s, const char *word)
{
	struct strbuf piece = STRBUF_INIT;

	if (!strchr(word, MARK)) {
		add_word(s, word);
		return;
	}
	while (*word) {
		size_t len = strcspn(word, "\001");

		strbuf_reset(&piece);
		strbuf_add(&piece, word, len);
		if (len)
			add_word(s, piece.buf);
		word += len;
		if (*word != MARK)
			continue;
		strbuf_addstr(&s->text, word[1] == 'T' ? "\"$tree\"" :
			      word[1] == 'R' ? "\"$results\"" : "\"$out\"");
		word += 2;
	}
	strbuf_release(&piece);
}

static void add_command(struct script *s)
{
	const struct value *subst = value_map_get(s->r->record, "subst");
	bool holes = !s->r->cmd && subst && subst->type == VALUE_BOOL &&
		     subst->u.truth;
	struct strbuf word = STRBUF_INIT, mapped = STRBUF_INIT;
	const char *hole, *p;
	size_t i;

	for (i = 0; i < s->r->words.nr; i++) {
		strbuf_reset(&word);
		strbuf_reset(&mapped);
		for (p = s->r->words.v[i]; *p; p++)
			if (*p != MARK)
				strbuf_addch(&word, *p);
		if (s->r->cmd)
			strbuf_addbuf(&mapped, &word);
		else
			rerun_map_word(s->r, word.buf, TREE, RESULTS, &mapped);
		while (holes && (hole = strstr(mapped.buf, "{}")) != NULL)
			strbuf_splice(&mapped, (size_t)(hole - mapped.buf), 2,
				      OUT, 2);
		strbuf_addch(&s->text, ' ');
		add_marked(s, mapped.buf);
	}
	strbuf_release(&word);
	strbuf_release(&mapped);
}

/* In comments: one line, and nothing that moves a terminal. */
static void add_comment(struct script *s, const char *before, const char *text)
{
	struct strbuf safe = STRBUF_INIT;

	quote_terminal(&safe, text, strlen(text));
	strbuf_addf(&s->text, "# %s%s\n", before, safe.buf);
	strbuf_release(&safe);
}

static void add_head(struct script *s)
{
	const char *created = value_get_text(s->r->record, "at.created");
	const char *user = value_get_text(s->r->record, "user");
	size_t i;

	strbuf_addstr(&s->text, "#!/bin/sh\n");
	add_comment(s, "Runs again, with git alone: ", s->r->name.buf);
	if (user && created) {
		struct strbuf line = STRBUF_INIT;

		strbuf_addf(&line, "by %s, %s", user, created);
		add_comment(s, "Recorded ", line.buf);
		strbuf_release(&line);
	}
	strbuf_addstr(&s->text,
		"#\n"
		"# usage: sh SCRIPT [OUT]\n"
		"# Start it in a clone of the repository. What the program\n"
		"# leaves comes to OUT, a new directory; the work tree of\n"
		"# the clone is not touched. RESULTS is the directory with\n"
		"# the results of other runs, where they are needed.\n");
	for (i = 0; i < s->r->missing.nr; i++)
		add_comment(s, "NOT AS IT WAS: ", s->r->missing.v[i]);
	strbuf_addstr(&s->text, "set -eu\n");
}

static void add_places(struct script *s)
{
	strbuf_addstr(&s->text, "name=");
	add_word(s, s->r->name.buf);
	strbuf_addstr(&s->text,
		"\n"
		"out=${1:-$PWD/$name.again}\n"
		"case $out in /*) ;; *) out=$PWD/$out ;; esac\n"
		"fail () {\n"
		"\tprintf '%s\\n' \"$1\" >&2\n"
		"\texit \"$2\"\n"
		"}\n"
		"top=$(git rev-parse --show-toplevel) ||\n"
		"fail 'start this in a clone of the repository' 10\n"
		"trap 'exit 130' INT\n"
		"trap 'exit 143' TERM\n"
		"trap 'exit 129' HUP\n"
		"tree=${TMPDIR:-/tmp}/$name.$$\n");
	if (*the_project->results_dir == '/')
		strbuf_addstr(&s->text, "results=${RESULTS:-$results_dir}\n");
	else
		strbuf_addstr(&s->text, "results=${RESULTS:-"
			      "$top/${prefix:+$prefix/}$results_dir}\n");
}

static void add_needs(struct script *s)
{
	const struct value *list = value_map_get(s->r->record, "dependency");
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const char *name = value_text(list->u.list.item[i]);

		if (!name || !name_is_valid(name))
			continue;
		strbuf_addstr(&s->text, "need ");
		add_word(s, name);
		strbuf_addch(&s->text, '\n');
	}
}

static void add_commit(struct script *s)
{
	const char *remote = value_get_text(s->r->record, "git.remote");

	if (!s->commit) {
		strbuf_addstr(&s->text, MAKE_TREE "git init -q \"$tree\"\n");
		return;
	}
	strbuf_addf(&s->text,
		"commit=%s\n"
		"git cat-file -e \"$commit^{commit}\" 2>/dev/null ||\n"
		"fail \"the commit $commit is not in this clone\"", s->commit);
	if (remote && *remote && *remote != '-') {
		strbuf_addstr(&s->text, "'; it was in '");
		add_word(s, remote);
	}
	strbuf_addstr(&s->text,
		" 10\n" MAKE_TREE
		"git -c core.hooksPath=/dev/null worktree add -q --detach "
		"\"$tree\" \"$commit\"\n"
		"trap 'cd \"$top\" && git worktree remove --force \"$tree\"' "
		"EXIT\n");
}

/* A line that is not in the patch ends it. */
static void add_patch(struct script *s)
{
	struct strbuf end = STRBUF_INIT, line = STRBUF_INIT;
	unsigned nr = 0;

	if (!s->patch.len)
		return;
	do {
		strbuf_reset(&end);
		strbuf_reset(&line);
		strbuf_addf(&end, "END_OF_PATCH_%u", nr++);
		strbuf_addf(&line, "\n%s\n", end.buf);
	} while (memmem(s->patch.buf, s->patch.len, line.buf, line.len));
	strbuf_addf(&s->text, "git -C \"$tree\" apply --whitespace=nowarn "
		    "<<'%s'\n", end.buf);
	strbuf_addbuf(&s->text, &s->patch);
	if (s->patch.buf[s->patch.len - 1] != '\n')
		strbuf_addch(&s->text, '\n');
	strbuf_addf(&s->text, "%s\n", end.buf);
	strbuf_release(&end);
	strbuf_release(&line);
}

/* The directory of the program, from the top of the tree. */
static const char *cwd_of(const struct rerun *r)
{
	const char *cwd = value_get_text(r->record, "cwd"), *below = NULL;

	if (cwd && r->old_top.len)
		below = path_below(cwd, r->old_top.buf);
	return below ? below : r->prefix.buf;
}

static void add_run(struct script *s)
{
	const char *cwd = cwd_of(s->r);

	strbuf_addstr(&s->text, "mkdir \"$out\"\n");
	strbuf_addstr(&s->text, "cwd=$tree");
	if (*cwd) {
		strbuf_addch(&s->text, '/');
		add_word(s, cwd);
	}
	strbuf_addstr(&s->text,
		"\n"
		"mkdir -p \"$cwd\"\n"
		"cd \"$cwd\"\n"
		"status=0\n"
		"env RESUTIL_EX_DIR=\"$out\"");
	add_command(s);
	strbuf_addstr(&s->text, " || status=$?\n"
		"printf '%s\\n' \"$out\" >&2\n"
		"exit $status\n");
}

/* Where words lead to results by a name in the project. */
static void add_link(struct script *s)
{
	const char *dir = the_project->results_dir;

	if (*dir == '/' || !strncmp(dir, "..", 2))
		return;
	strbuf_addstr(&s->text, "link=$tree/${prefix:+$prefix/}$results_dir\n"
		"if test -d \"$results\" && test ! -e \"$link\"\n"
		"then\n"
		"\tmkdir -p \"$link\" && rmdir \"$link\" &&\n"
		"\tln -s \"$results\" \"$link\"\n"
		"fi\n");
}

static void write_script(struct script *s)
{
	add_head(s);
	strbuf_addstr(&s->text, "prefix=");
	add_word(s, s->r->prefix.buf);
	strbuf_addstr(&s->text, "\nresults_dir=");
	add_word(s, the_project->results_dir);
	strbuf_addch(&s->text, '\n');
	add_places(s);
	strbuf_addstr(&s->text,
		"case $results in /*) ;; *) results=$PWD/$results ;; esac\n"
		"need () {\n"
		"\ttest -e \"$results/$1\" ||\n"
		"\tfail \"the run read '$1', which is not in '$results'\" 10\n"
		"}\n");
	add_needs(s);
	strbuf_addstr(&s->text, "test ! -e \"$out\" || "
		      "fail \"'$out' exists already\" 14\n");
	add_commit(s);
	add_patch(s);
	add_link(s);
	add_run(s);
}

/* All changes of then against the commit, as one patch. */
static int make_patch(struct script *s, struct strvec *missing,
		      struct strbuf *err)
{
	static const char *const options[] = { "-p", "--binary",
					       "--full-index", NULL };
	struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	struct value *bare = value_new_map();
	struct git_scratch *g = NULL;
	int ret = git_scratch_open(&g, s->r->origin.buf, err);

	/* the commit alone, or the empty tree */
	value_set(bare, "git.commit_hash", value_new_str(s->commit));
	value_set(bare, "git.branch", value_new_str("-"));
	if (!ret)
		ret = git_scratch_tree(g, bare, NULL, &before, NULL, err);
	if (!ret)
		ret = git_scratch_tree(g, s->r->record, s->r->dir.buf, &after,
				       missing, err);
	if (!ret)
		ret = git_scratch_diff(g, before.buf, after.buf, options,
				       PATCH_MAX_BYTES, &s->patch, err);
	git_scratch_close(g);
	value_free(bare);
	strbuf_release(&before);
	strbuf_release(&after);
	return ret;
}

int rerun_print_script(struct rerun *r, struct strbuf *err)
{
	struct script s = { .r = r, .text = STRBUF_INIT,
			    .patch = STRBUF_INIT };
	int ret;

	s.commit = value_get_text(r->record, "git.commit_hash");
	ret = make_patch(&s, &r->missing, err);
	if (!ret) {
		write_script(&s);
		out_text(s.text.buf, s.text.len);
	}
	strbuf_release(&s.text);
	strbuf_release(&s.patch);
	return ret;
}
