/*
 * A note is edited as a whole (git notes show, git notes add --force), so that
 * a run that is gone on with has one line. git writes it whatever its hooks
 * and settings of notes are; the index and the work tree are not touched.
 */
#include "lib/base/compat.h"
#include "lib/exp/git/git-notes.h"
#include "lib/base/again.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/sys.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/git/git-hooks.h"
#include "lib/exp/git/git-internal.h"
#include "lib/exp/record/record.h"
#include "lib/exp/conf/settings.h"

#define NOTE_MAX_BYTES (16u << 20)
#define PATIENCE 3		/* seconds, for who else changes that ref */

int git_notes_wanted(bool *wanted, struct strbuf *err)
{
	return settings_get_bool("notes", false, wanted, err);
}

/* ---- the text ----------------------------------------------------------- */

/* "done", "done*": what else somebody writes before a name is his. */
static bool is_state(const char *text, size_t len)
{
	size_t i;

	len -= len && text[len - 1] == '*';
	for (i = 0; exp_state_words[i]; i++)
		if (strlen(exp_state_words[i]) == len &&
		    !memcmp(exp_state_words[i], text, len))
			return true;
	return false;
}

/* "STATE NAME": the state is one word, the rest is the name. */
static bool is_line_of(const char *line, size_t len, const char *name)
{
	const char *blank = memchr(line, ' ', len);
	size_t rest;

	if (!blank || !is_state(line, (size_t)(blank - line)))
		return false;
	rest = len - (size_t)(blank + 1 - line);
	return rest == strlen(name) && !memcmp(blank + 1, name, rest);
}

bool git_note_edit(struct strbuf *text, const char *name, const char *line,
		   bool add)
{
	struct strbuf out = STRBUF_INIT;
	const char *p = text->buf, *end = text->buf + text->len;
	bool differs;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((eol ? eol : end) - p);

		if (!is_line_of(p, len, name))
			strbuf_add(&out, p, len);
		else if (line)
			strbuf_addstr(&out, line);
		if (!is_line_of(p, len, name) || line)
			strbuf_addch(&out, '\n');
		add = add && !is_line_of(p, len, name);
		p += len + (eol != NULL);
	}
	if (add && line)
		strbuf_addf(&out, "%s\n", line);
	differs = out.len != text->len ||
		  memcmp(out.buf, text->buf, out.len);
	strbuf_reset(text);
	strbuf_addbuf(text, &out);
	strbuf_release(&out);
	return differs;
}

/* ---- git ---------------------------------------------------------------- */

/* Who commits notes is who git says, or at least somebody: a machine that only
 * runs things need not have been told. */
static void notes_child(struct child_process *child, const char *dir,
			bool as_user)
{
	const char *email = getenv("EMAIL");

	git_child(child, dir, NULL);
	if (!email || !*email)
		strvec_pushf(&child->env, "EMAIL=%s@%s", record_user(),
			     record_host());
	if (as_user) {
		strvec_pushf(&child->env, "GIT_AUTHOR_NAME=%s", record_user());
		strvec_pushf(&child->env, "GIT_COMMITTER_NAME=%s",
			     record_user());
	}
	strvec_pushl(&child->args, "notes", "--ref=" GIT_NOTES_REF, NULL);
}

static int tell(int status, struct strbuf *complaint, const char *what,
		struct strbuf *err)
{
	const char *line;

	strbuf_trim(complaint);
	if (status < 0)
		return status;
	/* Another git has the ref's lock file. */
	status = strstr(complaint->buf, "File exists") ? ERR_TRANSIENT :
							  ERR_FAILED;
	line = strstr(complaint->buf, "fatal: ");
	line = line ? line : complaint->buf;
	return fail(err, status, "cannot %s: git says: %.*s", what,
		    (int)strcspn(line, "\n"), line);
}

/* No note is an empty one. */
static int read_note(const char *dir, const char *commit, struct strbuf *text,
		     struct strbuf *err)
{
	struct strbuf complaint = STRBUF_INIT;
	struct child_process child;
	int ret;

	notes_child(&child, dir, false);
	strvec_pushl(&child.args, "show", commit, NULL);
	ret = pipe_command(&child, NULL, 0, text, &complaint, NOTE_MAX_BYTES,
			   err);
	if (ret > 0 && strstr(complaint.buf, "no note found")) {
		strbuf_reset(text);
		ret = 0;
	}
	if (ret)
		ret = tell(ret, &complaint, "read the note of a commit", err);
	strbuf_release(&complaint);
	return ret;
}

static int call_notes(const char *dir, const char *commit,
		      const struct strbuf *text, bool as_user,
		      struct strbuf *complaint, struct strbuf *err)
{
	struct strbuf out = STRBUF_INIT;
	struct child_process child;
	int ret;

	notes_child(&child, dir, as_user);
	if (text->len)
		strvec_pushl(&child.args, "add", "--force", "-F", "-", NULL);
	else
		strvec_pushl(&child.args, "remove", "--ignore-missing", NULL);
	strvec_push(&child.args, commit);
	if (text->len)
		child.no_stdin = 0;
	ret = pipe_command(&child, text->len ? text->buf : NULL, text->len,
			   &out, complaint, GIT_MAX_ANSWER, err);
	strbuf_release(&out);
	return ret;
}

static int write_note(const char *dir, const char *commit,
		      const struct strbuf *text, struct strbuf *err)
{
	struct strbuf complaint = STRBUF_INIT;
	int ret;

	ret = call_notes(dir, commit, text, false, &complaint, err);
	/* Neither git nor the system has a name for this user. */
	if (ret > 0 && strstr(complaint.buf, "ident name")) {
		strbuf_reset(&complaint);
		ret = call_notes(dir, commit, text, true, &complaint, err);
	}
	if (ret)
		ret = tell(ret, &complaint, "write the note of a commit", err);
	strbuf_release(&complaint);
	return ret;
}

/* One at a time in a repository; a file system without locks does without. */
static int lock_notes(const struct git_hooks *g, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int fd = -1;

	strbuf_addf(&path, "%s/resutil", g->common.buf);
	if (!sys_mkdir_all(path.buf, 0777)) {
		strbuf_addstr(&path, "/notes.lock");
		fd = filelock_open(path.buf, 0666);
	}
	if (fd < 0) {
		fail_errno(err, "cannot lock '%s'", path.buf);
		fd = ERR_FAILED;
	}
	strbuf_release(&path);
	return fd;
}

static int edit_once(const char *dir, const char *commit, const char *name,
		     const char *line, bool add, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret = read_note(dir, commit, &text, err);

	if (!ret && git_note_edit(&text, name, line, add))
		ret = write_note(dir, commit, &text, err);
	strbuf_release(&text);
	return ret;
}

/* git refuses while somebody else has that ref: it is tried again. */
static int edit(const char *dir, const char *commit, const char *name,
		const char *line, bool add, struct strbuf *err)
{
	struct git_hooks g = GIT_HOOKS_INIT;
	struct again again;
	int ret = git_hooks_find(&g, dir, err), lock = -1;

	if (!ret) {
		lock = lock_notes(&g, err);
		ret = MINIMUM(lock, 0);
	}
	if (!ret) {
		again_init(&again, PATIENCE);
		do {
			ret = edit_once(g.top.buf, commit, name, line, add,
					&again.why);
		} while (again_wait(&again, ret));
		if (ret)
			strbuf_addbuf(err, &again.why);
		strbuf_release(&again.why);
		ret = ret == ERR_TRANSIENT ? ERR_FAILED : ret;
	}
	if (lock >= 0)
		close(lock);
	git_hooks_release(&g);
	return ret;
}

/* ---- the runs ----------------------------------------------------------- */

/* Full hexadecimal: it becomes a word for git. */
static bool is_commit(const char *commit)
{
	size_t len = commit ? strlen(commit) : 0;

	return (len == 40 || len == 64) &&
	       strspn(commit, "0123456789abcdef") == len;
}

int git_notes_add(const struct project *p, const char *code_dir,
		  const struct value *record, const char *name,
		  struct strbuf *err)
{
	const char *commit = value_get_text(record, "git.commit_hash");
	const char *state = value_get_text(record, "state");
	const struct value *files = value_get(record, "git.uncommited_files");
	const struct value *left = value_get(record, "git.left_out");
	struct strbuf line = STRBUF_INIT;
	bool changed = (files && files->type == VALUE_LIST &&
			files->u.list.nr) ||
		       value_get_text(record, "git.patch") ||
		       (left && left->type == VALUE_LIST && left->u.list.nr);
	int ret;

	if (!is_commit(commit) || !state)
		return 0;
	strbuf_addf(&line, "%s%s %s", state, changed ? "*" : "", name);
	ret = edit(code_dir ? code_dir : p->root, commit, name, line.buf, true,
		   err);
	strbuf_release(&line);
	return ret;
}

int git_notes_add_run(const struct project *p, const char *code_dir,
		      const char *dir, const char *name, struct strbuf *err)
{
	struct value *record = NULL;
	bool wanted = false;
	int ret = git_notes_wanted(&wanted, err);

	if (!ret && wanted)
		ret = record_read(&record, dir, err);
	if (!ret && wanted)
		ret = git_notes_add(p, code_dir, record, name, err);
	value_free(record);
	return ret;
}

/* What the line says of the run stays: it is read before it is changed. */
static bool find_line(const struct strbuf *text, const char *name,
		      struct strbuf *word)
{
	const char *p = text->buf, *end = text->buf + text->len;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((eol ? eol : end) - p);

		if (is_line_of(p, len, name)) {
			strbuf_add(word, p, strcspn(p, " "));
			return true;
		}
		p += len + (eol != NULL);
	}
	return false;
}

int git_notes_rename(const struct project *p, const char *commit,
		     const char *from, const char *to, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;
	int ret = 0;

	if (!is_commit(commit) ||
	    read_note(p->root, commit, &text, &ignored) ||
	    !find_line(&text, from, &line))
		goto cleanup;
	strbuf_addf(&line, " %s", to ? to : "");
	ret = edit(p->root, commit, from, to ? line.buf : NULL, false, err);

cleanup:
	strbuf_release(&ignored);
	strbuf_release(&line);
	strbuf_release(&text);
	return ret;
}

int git_notes_follow(const struct project *p, const char *from, const char *to,
		     struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	bool wanted = false;
	int ret = git_notes_wanted(&wanted, err);

	project_exp_path(p, to, &dir);
	if (!ret && wanted)
		ret = record_read(&record, dir.buf, err);
	if (!ret && wanted)
		ret = git_notes_rename(p, value_get_text(record,
				       "git.commit_hash"), from, to, err);
	value_free(record);
	strbuf_release(&dir);
	return ret;
}
