#include "lib/base/compat.h"
#include "lib/exp/record/rename-journal.h"

#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/conf/store-url.h"

#include <dirent.h>

#define JOURNAL_DIR "renames"
#define JOURNAL_HEAD "resutil-rename 1\n"
#define ANSWER_MAX_BYTES 65536
#define NOTE_TRIES 200		/* of 5 milliseconds */
#define NOTE_OLD 300		/* seconds */

/* One rename, while its note is ours. */
struct renaming {
	const struct project *p;
	const struct rename_plan *plan;
	unsigned limit;		/* seconds for the store; 0: none */
	int note;		/* the note, locked */
};

/* Which of the two names is there. */
struct names_seen {
	bool from, to;
};

/*
 * Runs a plumbing command; `out` gets what it printed. Returns its exit status,
 * or a negative code. `why` gets the last thing that it said.
 *
 * Its stdin, which it does not read, is the note: when we are killed it works
 * on, and holds the lock until it is done, so that nobody settles what still
 * changes.
 */
static int ask(const struct renaming *r, struct strvec *args, bool in_store,
	       struct strbuf *out, struct strbuf *why)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf said = STRBUF_INIT;
	const char *line;
	int ret;

	child.resutil_cmd = 1;
	child.limit = in_store ? r->limit : 0;
	child.in = fcntl(r->note, F_DUPFD_CLOEXEC, 3);
	if (child.in < 0)
		return fail_errno(why, "cannot keep the note of a rename");
	strvec_pushv(&child.args, args->v);
	ret = pipe_command(&child, NULL, 0, out, &said, ANSWER_MAX_BYTES, why);
	if (ret > 0) {
		strbuf_trim(&said);
		line = strrchr(said.buf, '\n');
		line = line ? line + 1 : said.buf;
		if (!strncmp(line, "resutil: ", 9))
			line += 9;
		strbuf_addf(why, "%s", *line ? line : "it was not told why");
	}
	strbuf_release(&said);
	return ret;
}

/* The code that an exit status, or what pipe_command() gave, stands for. */
static int code_of(int status)
{
	if (status == ERR_TRANSIENT)	/* the limit was passed */
		return ERR_UNREACHABLE;
	return status <= 0 ? status : error_of_exit_status(status);
}

/* Changes one name, here (remote NULL) or there. */
static int change_name(const struct renaming *r, bool in_store,
		       const char *from, const char *to, struct strbuf *err)
{
	struct strvec args = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT;
	int ret;

	strvec_push(&args, "rename-exp");
	if (in_store)
		strvec_pushf(&args, "--remote=%s", r->plan->remote);
	else
		strvec_push(&args, "-l");
	strvec_pushl(&args, "--", from, to, NULL);
	ret = code_of(ask(r, &args, in_store, &out, err));
	strbuf_release(&out);
	strvec_release(&args);
	return ret;
}

/* The line of `text` about `name`, or NULL. */
static const char *line_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (*text) {
		if (!strncmp(text, name, len) && text[len] == '\t')
			return text;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/* Its fourth field: NAME SIZE VERSION ID. */
static bool has_other_id(const char *line, const char *id)
{
	int tabs;

	for (tabs = 0; tabs < 3; tabs++) {
		line += strcspn(line, "\t\n");
		if (*line != '\t')
			return false;
		line++;
	}
	return *line != '-' && (strncmp(line, id, strlen(id)) ||
				!strchr("\t\n", line[strlen(id)]));
}

/* The id of the run as it is here, under one name or the other; "": none. */
static void own_id(const struct renaming *r, struct strbuf *out)
{
	const char *const names[] = { r->plan->from, r->plan->to };
	size_t i;

	for (i = 0; r->plan->here && !out->len && i < 2; i++) {
		struct strbuf dir = STRBUF_INIT;
		struct value *record = NULL;
		const char *id;

		project_exp_path(r->p, names[i], &dir);
		if (!record_read_raw(&record, dir.buf, NULL)) {
			id = value_get_text(record, "id");
			strbuf_addstr(out, id ? id : "");
		}
		value_free(record);
		strbuf_release(&dir);
	}
}

static int look_there(const struct renaming *r, struct names_seen *seen,
		      struct strbuf *err)
{
	const struct rename_plan *plan = r->plan;
	struct strvec args = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT, why = STRBUF_INIT;
	struct strbuf id = STRBUF_INIT;
	const char *from;
	int ret;

	strvec_push(&args, "stat-remote");
	strvec_pushf(&args, "--remote=%s", plan->remote);
	strvec_pushl(&args, "--", plan->from, plan->to, NULL);
	ret = ask(r, &args, true, &out, &why);
	/* Of two names one is missing, as a rule. */
	if (ret == EXIT_PARTLY || ret == EXIT_NOT_FOUND)
		ret = 0;
	ret = code_of(ret);
	if (ret) {
		strbuf_addbuf(err, &why);
	} else {
		/* Another run that got the name meanwhile keeps it. */
		own_id(r, &id);
		from = line_of(out.buf, plan->from);
		seen->from = from && !(id.len && has_other_id(from, id.buf));
		seen->to = line_of(out.buf, plan->to) != NULL;
	}
	strbuf_release(&id);
	strbuf_release(&why);
	strbuf_release(&out);
	strvec_release(&args);
	return ret;
}

static int look(const struct renaming *r, struct names_seen *here,
		struct names_seen *there, struct strbuf *err)
{
	const struct rename_plan *plan = r->plan;

	memset(here, 0, sizeof(*here));
	memset(there, 0, sizeof(*there));
	if (plan->here) {
		here->from = exp_name_is_taken(r->p, plan->from);
		here->to = exp_name_is_taken(r->p, plan->to);
	}
	return plan->remote ? look_there(r, there, err) : 0;
}

/*
 * One place. A name that is gone meanwhile needs no renaming. In a store both
 * may be the one run, whose renaming was cut off; rename-exp looks at them.
 */
static int go_on(const struct renaming *r, const struct names_seen *seen,
		 bool in_store, struct strbuf *err)
{
	const struct rename_plan *plan = r->plan;
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (seen->from && seen->to && !in_store)
		ret = fail(err, ERR_CONFLICT, "'%s' is here already",
			   plan->to);
	else if (seen->from)
		ret = change_name(r, in_store, plan->from, plan->to, &why);
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

static int go_back(const struct renaming *r, struct strbuf *err)
{
	const struct rename_plan *plan = r->plan;
	struct names_seen here, there;
	int ret = look(r, &here, &there, err);

	if (!ret && there.to && !there.from)
		ret = change_name(r, true, plan->to, plan->from, err);
	if (!ret && here.to && !here.from)
		ret = change_name(r, false, plan->to, plan->from, err);
	return ret;
}

/*
 * Whether a refusal left all as it was. Who may look and not write will never
 * be able to finish it; the note would be a warning for ever.
 */
static bool is_untouched(const struct renaming *r)
{
	struct names_seen here, there;
	struct strbuf why = STRBUF_INIT;
	bool as_it_was = !look(r, &here, &there, &why) &&
			 there.from && !there.to && !here.to;

	strbuf_release(&why);
	return as_it_was;
}

/*
 * What was being sent when the store was looked at may have come there since
 * under the old name, also a second time after the rename there. Who sends it
 * looks here as soon as it is there, so one of the two sees it. Where it is
 * there under both by now, nothing is lost, and the next push tells.
 */
static int follow(const struct renaming *r, struct strbuf *err)
{
	struct names_seen here, there;
	struct strbuf why = STRBUF_INIT;
	int ret = look(r, &here, &there, &why);

	if (!ret)
		ret = go_on(r, &there, true, &why);
	if (ret == ERR_CONFLICT)
		ret = 0;
	if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

/*
 * The store goes first: it is what may refuse, be away, or hold the new name
 * already, and until it has answered nothing here was touched.
 * over: all is settled, the note can go. The result is what became of the
 * rename: 0, or why it was undone or could not be settled.
 */
static int settle(const struct renaming *r, bool *over, struct strbuf *err)
{
	struct names_seen here, there;
	struct strbuf undo = STRBUF_INIT;
	int ret;

	*over = false;
	ret = look(r, &here, &there, err);
	if (ret)
		return ret;
	if (r->plan->remote)
		ret = go_on(r, &there, true, err);
	/* Did it do it before it went away? The next one will see. */
	if (ret == ERR_UNREACHABLE)
		return ret;
	if (ret == ERR_CREDENTIALS) {
		*over = is_untouched(r);
		return ret;
	}
	if (!ret)
		ret = go_on(r, &here, false, err);
	if (!ret && r->plan->remote && here.from) {
		ret = follow(r, err);
		if (ret)
			return ret;
	}
	*over = true;
	if (ret && go_back(r, &undo)) {
		*over = false;
		strbuf_addf(err, ", and '%s' could not be given its old name "
			    "back: %s", r->plan->to, undo.buf);
	}
	strbuf_release(&undo);
	return ret;
}

static bool hold_note(int fd)
{
	return !filelock_take(fd, 0, false) || filelock_is_unsupported(errno);
}

/* The note, locked; `fd` holds the lock until it is closed. */
static int note_plan(const struct project *p, const struct rename_plan *plan,
		     struct strbuf *path, int *fd, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, hidden = STRBUF_INIT;
	struct strbuf parent = STRBUF_INIT;
	struct tempfile *temp = NULL;
	int ret = project_private(p, NULL, &parent, err);

	if (!ret)
		ret = project_private(p, JOURNAL_DIR "/", path, err);
	if (ret)
		goto cleanup;
	strbuf_complete_slash(path);
	strbuf_addf(&hidden, "%s.%s", path->buf, plan->from);
	strbuf_addstr(path, plan->from);
	strbuf_addf(&text, JOURNAL_HEAD "from\t%s\nto\t%s\n", plan->from,
		    plan->to);
	if (plan->here)
		strbuf_addstr(&text, "here\n");
	if (plan->remote)
		strbuf_addf(&text, "remote\t%s\n", plan->remote);

	ret = tempfile_create(&temp, hidden.buf, 0666, err);
	if (ret)
		goto cleanup;
	/* The lock is of the open file, not of the number. */
	*fd = fcntl(tempfile_fd(temp), F_DUPFD_CLOEXEC, 0);
	if (*fd < 0 || !hold_note(*fd) ||
	    sys_write_all(*fd, text.buf, text.len) < 0)
		ret = fail_errno(err, "cannot write '%s'", hidden.buf);
	if (!ret)
		ret = tempfile_commit(&temp, path->buf,
				      TEMPFILE_SYNC | TEMPFILE_NOREPLACE, err);
	if (!ret && sys_fsync_dir(parent.buf))
		ret = fail_errno(err, "cannot sync '%s'", parent.buf);

cleanup:
	tempfile_delete(&temp);
	strbuf_release(&parent);
	strbuf_release(&hidden);
	strbuf_release(&text);
	return ret;
}

/* Durably: a note that came back would rename what is long called otherwise. */
static int drop_note(const char *path, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	int ret = 0;

	strbuf_add(&dir, path, (size_t)(path_basename(path) - path - 1));
	if (sys_unlink(path) || sys_fsync_dir(dir.buf))
		ret = fail_errno(err, "cannot remove '%s'", path);
	strbuf_release(&dir);
	return ret;
}

int rename_journal_run(const struct project *p,
		       const struct rename_plan *plan, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct renaming renaming = { p, plan, 0, -1 };
	bool over;
	int ret;

	ret = note_plan(p, plan, &path, &renaming.note, &why);
	if (ret == ERR_CONFLICT) {
		fail(err, ret, "'%s' is being renamed by another command",
		     plan->from);
		goto cleanup;
	}
	if (ret) {
		strbuf_addbuf(err, &why);
		goto cleanup;
	}
	/* The note keeps others out; one may have been in before. */
	over = plan->here && !exp_name_is_taken(p, plan->from);
	if (over)
		ret = fail(&why, ERR_CONFLICT, "it was renamed or removed "
			   "meanwhile");
	else
		ret = settle(&renaming, &over, &why);
	if (ret)
		fail(err, ret, "cannot rename '%s': %s%s", plan->from, why.buf,
		     over ? "" : "; the next command about experiments "
				 "finishes it or undoes it");
	if (over && drop_note(path.buf, ret ? NULL : err) && !ret)
		ret = ERR_FAILED;

cleanup:
	if (renaming.note >= 0)
		close(renaming.note);
	strbuf_release(&why);
	strbuf_release(&path);
	return ret;
}

/* Cuts `text` into lines; the plan borrows from it. */
static bool parse_plan(struct rename_plan *plan, struct strbuf *text,
		       const char *file)
{
	const size_t head = strlen(JOURNAL_HEAD);
	char *line, *nl;

	memset(plan, 0, sizeof(*plan));
	if (text->len < head || memcmp(text->buf, JOURNAL_HEAD, head) ||
	    strlen(text->buf) != text->len)
		return false;
	for (line = text->buf + head; *line; line = nl + 1) {
		nl = strchr(line, '\n');
		if (!nl)
			return false;
		*nl = '\0';
		if (!strncmp(line, "from\t", 5))
			plan->from = line + 5;
		else if (!strncmp(line, "to\t", 3))
			plan->to = line + 3;
		else if (!strncmp(line, "remote\t", 7))
			plan->remote = line + 7;
		else if (!strcmp(line, "here"))
			plan->here = true;
	}
	return plan->from && plan->to && !strcmp(plan->from, file) &&
	       name_is_valid(plan->from) && name_is_valid(plan->to);
}

/* Where nobody can say that he holds it. */
static bool is_old(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_mtim.tv_sec + NOTE_OLD < time(NULL);
}

/* What is in the hands of another is soon done, as a rule. */
static bool wait_for_note(int fd)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	int tries;

	for (tries = 0; tries < NOTE_TRIES; tries++) {
		if (!filelock_take(fd, 0, false))
			return true;
		if (errno != EWOULDBLOCK)
			return filelock_is_unsupported(errno) && is_old(fd);
		nanosleep(&nap, NULL);
	}
	return false;
}

/* A note that nobody holds: 1 with `fd`; 0: it is none of ours. */
static int take_note(const char *path, int *fd)
{
	struct stat by_path, by_fd;

	*fd = sys_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	if (*fd < 0)
		return 0;
	/* Who had it may have removed it just now. */
	if (wait_for_note(*fd) && !fstat(*fd, &by_fd) &&
	    !lstat(path, &by_path) && S_ISREG(by_fd.st_mode) &&
	    by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev)
		return 1;
	close(*fd);
	return 0;
}

/*
 * Who wrote it is not known: .resutil may have come with a clone. What a URL
 * names, which may be a file that lets ssh run commands, is the user's to name.
 */
static bool is_of_stranger(const struct rename_plan *plan, const char *typed)
{
	return plan->remote && store_url_looks(plan->remote) &&
	       (!typed || strcmp(plan->remote, typed));
}

static int recover_one(const struct project *p, const char *path,
		       const struct rename_limits *limits,
		       struct strbuf *said, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct rename_plan plan;
	struct renaming renaming = { p, &plan, limits->patience, -1 };
	bool over;
	int ret = 0;

	if (!take_note(path, &renaming.note))
		return 0;
	if (strbuf_read_fd(&text, renaming.note, RENAME_NOTE_MAX_BYTES) ||
	    !parse_plan(&plan, &text, path_basename(path))) {
		ret = fail(err, ERR_CONTENT, "'%s' is no note of a rename; "
			   "remove it", path);
		goto cleanup;
	}
	if (is_of_stranger(&plan, limits->url)) {
		ret = fail(err, ERR_FAILED, "'%s' tells of a rename in a store "
			   "by its URL, which is only followed when it is "
			   "typed: give that 'resutil comment' again, or "
			   "remove the note", path);
		goto cleanup;
	}
	ret = settle(&renaming, &over, &why);
	if (over) {
		strbuf_addf(said, ret ? "the unfinished rename of '%s' to "
			    "'%s' was undone\n" : "the unfinished rename of "
			    "'%s' to '%s' was finished\n", plan.from, plan.to);
		ret = drop_note(path, err);
	} else {
		fail(err, ret, "the rename of '%s' to '%s' is not finished: "
		     "%s; the next command tries again", plan.from, plan.to,
		     why.buf);
	}

cleanup:
	close(renaming.note);
	strbuf_release(&why);
	strbuf_release(&text);
	return ret;
}

int rename_journal_recover(const struct project *p,
			   const struct rename_limits *limits,
			   struct strbuf *said, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, one = STRBUF_INIT;
	const struct dirent *entry;
	int ret = 0, first = 0;
	size_t len;
	DIR *dir;

	strbuf_addf(&path, "%s/.resutil/" JOURNAL_DIR, p->root);
	dir = opendir(path.buf);
	strbuf_addch(&path, '/');
	len = path.len;
	while (dir && (entry = readdir(dir))) {
		if (!name_is_valid(entry->d_name))
			continue;
		strbuf_setlen(&path, len);
		strbuf_addstr(&path, entry->d_name);
		strbuf_reset(&one);
		ret = recover_one(p, path.buf, limits, said, &one);
		if (!ret)
			continue;
		if (first)
			strbuf_addch(err, '\n');
		else
			first = ret;
		strbuf_addbuf(err, &one);
	}
	if (dir)
		closedir(dir);
	strbuf_release(&one);
	strbuf_release(&path);
	return first;
}

enum rename_note rename_journal_judge(struct strbuf *text, const char *name)
{
	struct rename_plan plan;

	if (!parse_plan(&plan, text, name))
		return RENAME_NOTE_NONE;
	return is_of_stranger(&plan, NULL) ? RENAME_NOTE_URL :
					     RENAME_NOTE_GOOD;
}

bool rename_journal_has(const struct project *p, const char *from)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	bool has;

	strbuf_addf(&path, "%s/.resutil/" JOURNAL_DIR "/%s", p->root, from);
	has = !lstat(path.buf, &st);
	strbuf_release(&path);
	return has;
}
