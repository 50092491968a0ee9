/*
 * What lies beside the experiments: .resutil, the conf, the caches.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/proc-env.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/exp/check/check-internal.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/git/git-worktree.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/record/rename-journal.h"
#include "lib/exp/record/tids.h"
#include "lib/exp/recording/ticket.h"
#include "lib/exp/record/trial-roots.h"

/* Of what has no process number in its name. */
#define NO_PROCESS INT_MAX

/* Of copies between stores: resutilformat-copy(5). */
#define COPY_HEX 32
#define COPY_BYTES ".part"
#define COPY_NOTE ".json"
#define COPY_AGE_MAX (7 * 24 * 60 * 60)

static int remove_file(struct check *c UNUSED, const char *path)
{
	return sys_unlink(path);
}

/* ---- temporary files ----------------------------------------------------- */

static void look_at_temp(struct check *c, const char *dir, const char *entry,
			 const char *base, const char *id)
{
	struct strbuf path = STRBUF_INIT;
	struct leftover l;
	pid_t pid;

	strbuf_addf(&path, "%s/%s", dir, entry);
	if (temp_name_parse(entry, base, &pid) &&
	    leftover_look(&l, path.buf, pid, false)) {
		check_leftover(c, id, path.buf, NULL, &l, remove_file,
			       "a file that was not written to its end");
		leftover_release(&l);
	}
	strbuf_release(&path);
}

/* Regular files of `dir` that are called BASE.PID.N.tmp. */
static void look_for_temps(struct check *c, const char *dir, const char *base,
			   const char *id)
{
	struct strvec entries = STRVEC_INIT;
	size_t i;

	check_entries(dir, &entries);
	for (i = 0; i < entries.nr; i++)
		/* A comment may look like that. */
		if (!name_is_valid(entries.v[i]))
			look_at_temp(c, dir, entries.v[i], base, id);
	strvec_release(&entries);
}

/* All of `dir`, which is ours alone, and of the directories in it. */
static void look_for_temps_below(struct check *c, const char *dir,
				 const char *id)
{
	struct strvec entries = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	size_t i;

	look_for_temps(c, dir, NULL, id);
	check_entries(dir, &entries);
	for (i = 0; i < entries.nr; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir, entries.v[i]);
		if (!lstat(path.buf, &st) && S_ISDIR(st.st_mode))
			look_for_temps(c, path.buf, NULL, id);
	}
	strbuf_release(&path);
	strvec_release(&entries);
}

/* ---- .resutil ------------------------------------------------------------ */

static void look_at_mark(struct check *c, const char *path, const char *name)
{
	struct leftover l;

	if (!name_is_valid(name) || exp_name_is_taken(c->p, name) ||
	    !leftover_look(&l, path, NO_PROCESS, false))
		return;
	/* Once more, now that no pull can have just begun with it. */
	if (!exp_name_is_taken(c->p, name))
		check_leftover(c, "partial-mark", path, name, &l, remove_file,
			       "the mark of an experiment that is not here");
	leftover_release(&l);
}

static int remove_hint(struct check *c, const char *path)
{
	return tid_remove_hint(c->p, path);
}

/* Each removal of an experiment leaves one, so it is no sign of a crash and is
 * told only where it is removed. */
static void look_at_hint(struct check *c, const char *path)
{
	struct strbuf name = STRBUF_INIT;
	struct leftover l;

	tid_read_hint(path, &name);
	if ((c->options->flags & CHECK_PRUNE) &&
	    (!name.len || !exp_is_here(c->p, name.buf)) &&
	    leftover_look(&l, path, NO_PROCESS, false)) {
		check_leftover(c, "run-hint", path, name.len ? name.buf : NULL,
			       &l, remove_hint, "it names the experiment of "
			       "an id, which is not here");
		leftover_release(&l);
	}
	strbuf_release(&name);
}

static int remove_root(struct check *c, const char *path)
{
	return trial_root_remove(c->p, path);
}

/* Whoever removes trials leaves one: told like a hint. */
static void look_at_root(struct check *c, const char *path)
{
	struct strbuf root = STRBUF_INIT;
	struct leftover l;

	if ((c->options->flags & CHECK_PRUNE) &&
	    trial_root_read(c->p, path, &root) == ERR_NOT_FOUND &&
	    leftover_look(&l, path, NO_PROCESS, false)) {
		check_leftover(c, "trial-root", path, NULL, &l, remove_root,
			       "it names where trials were, which is not "
			       "there");
		leftover_release(&l);
	}
	strbuf_release(&root);
}

/* One that is about to be finished is no finding: gc alone tells of it, since
 * it may be asked to leave it. */
static void tell_rename(struct check *c, const char *path, const char *name,
			int fd, const struct stat *st)
{
	static const char *const stuck[] = {
		[RENAME_NOTE_URL] = "a rename in a store by its URL, which is "
			"followed only when it is typed; give that 'resutil "
			"comment' again, or remove the note",
		[RENAME_NOTE_NONE] = "it is no note of a rename, so no command "
			"can end one; remove it"
	};
	struct finding f = { .level = FINDING_LEFTOVER, .id = "rename-note",
			     .name = name };
	struct strbuf text = STRBUF_INIT;
	enum rename_note note = RENAME_NOTE_NONE;

	if (!strbuf_read_fd(&text, fd, RENAME_NOTE_MAX_BYTES))
		note = rename_journal_judge(&text, name);
	strbuf_release(&text);
	/* It may have been ended while we looked. */
	if (!hold_has_name(fd, AT_FDCWD, path))
		return;
	if (note != RENAME_NOTE_GOOD) {
		f.level = FINDING_ERROR;
		f.id = "rename-stuck";
		check_found(c, &f, path, "%s", stuck[note]);
	} else if (c->options->flags & CHECK_PRUNE) {
		f.bytes = (uint64_t)st->st_blocks * 512;
		check_found(c, &f, path, "a rename that was begun; the "
			    "next command about experiments ends it");
	}
}

static void look_at_rename(struct check *c, const char *path, const char *name)
{
	struct stat st;
	int fd;

	if (!name_is_valid(name))
		return;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    filelock_is_held(fd, 0) != 1)
		tell_rename(c, path, name, fd, &st);
	close(fd);
}

/* Under the writer's lock, which looks once more whether it is left over. */
static int remove_live(struct check *c, const char *path)
{
	struct live *lock = NULL;

	errno = EAGAIN;
	if (!path_exists(path))
		return 0;
	if (live_lock_writer(&lock, c->p, path_basename(path), NULL))
		return -1;
	live_unlock_writer(&lock);
	errno = EBUSY;
	return path_exists(path) ? -1 : 0;
}

static void look_at_live(struct check *c, const struct strmap *going,
			 const char *path, const char *id)
{
	struct leftover l;

	if ((!record_is_id(id) && !name_is_valid(id) &&
	     strcmp(id, NAME_DEBUG)) ||
	    strmap_get(going, id) || !live_is_left(c->p, id) ||
	    !leftover_look(&l, path, NO_PROCESS, false))
		return;
	/* Not while it is to be locked in another way. */
	leftover_release(&l);
	check_leftover(c, "live-file", path, NULL, &l, remove_live,
		       "it says that a run is alive, which it is not");
}

static int remove_ticket(struct check *c UNUSED, const char *path)
{
	return ticket_remove_left(path);
}

static void look_at_ticket(struct check *c, const struct strmap *going,
			   const char *path, const char *key)
{
	struct leftover l;

	if (strmap_get(going, key) || !ticket_is_left(path) ||
	    !leftover_look(&l, path, NO_PROCESS, false))
		return;
	leftover_release(&l);
	check_leftover(c, "checkpoint-file", path, NULL, &l, remove_ticket,
		       "it asks for a checkpoint of a run that is not alive");
}

/* Runs that are not over, as far as records here say. */
static void list_going(const struct check *c, struct strmap *going)
{
	size_t i;

	for (i = 0; i < c->names.nr; i++)
		if (c->exp[i].goes_on)
			strmap_put(going, *c->exp[i].id ? c->exp[i].id :
				   c->exp[i].name, &c->exp[i]);
}

/* What cannot be read cannot be checked; silence would call it sound. */
static void look_at_access(struct check *c)
{
	static const char *const dirs[] = {
		"", "/copies", "/hooks", "/live", "/partial", "/remotes",
		"/renames", "/rerun", "/tids", "/trials", "/uploads"
	};
	static const struct finding f = { .level = FINDING_ERROR,
					  .id = "private-unreadable" };
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/.resutil%s", c->p->root, dirs[i]);
		/* .resutil itself may be a link, its parts are not followed */
		fd = open(path.buf, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			  (i ? O_NOFOLLOW : 0));
		if (fd >= 0)
			close(fd);
		else if (!lstat(path.buf, &st) && S_ISLNK(st.st_mode))
			check_found(c, &f, path.buf, "it is a link, which is "
				    "not followed");
		else if (errno != ENOENT)
			check_found(c, &f, path.buf, "it cannot be looked "
				    "into: %s", strerror(errno));
		if (fd < 0 && !i)
			break;
	}
	strbuf_release(&path);
}

/* Cuts ".json" off. */
static bool is_upload_note(const char *entry, struct strbuf *name)
{
	static const char suffix[] = ".json";
	size_t len = strlen(entry), n = sizeof(suffix) - 1;

	strbuf_reset(name);
	if (len <= n || strcmp(entry + len - n, suffix))
		return false;
	strbuf_add(name, entry, len - n);
	return name_is_valid(name->buf);
}

/* The store has to be asked to withdraw it; one that the conf no longer names
 * cannot be. */
static void look_at_upload(struct check *c, const char *path, const char *name,
			   const char *remote, bool known)
{
	struct finding f = { .level = FINDING_LEFTOVER, .id = "upload-note",
			     .name = name };
	struct leftover l;

	if (!known && leftover_look(&l, path, NO_PROCESS, false)) {
		check_leftover(c, f.id, path, name, &l, remove_file,
			       "an upload to a store that the conf does not "
			       "name any more");
		leftover_release(&l);
	} else if (known && !exp_name_is_taken(c->p, name)) {
		check_found(c, &f, path, "an interrupted upload of what is "
			    "not here; 'resutil gc --remote=%s' withdraws it",
			    remote);
	}
}

/* All notes of uploads end in ".json": what ends otherwise is no name. */
static void look_at_uploads_to(struct check *c, const char *dir,
			       const char *remote, bool known)
{
	struct strvec entries = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT, name = STRBUF_INIT;
	size_t i;

	check_own_entries(dir, &entries);
	for (i = 0; i < entries.nr; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir, entries.v[i]);
		if (is_upload_note(entries.v[i], &name))
			look_at_upload(c, path.buf, name.buf, remote, known);
		else
			look_at_temp(c, dir, entries.v[i], NULL, "temp-file");
	}
	strbuf_release(&name);
	strbuf_release(&path);
	strvec_release(&entries);
}

static void look_at_uploads(struct check *c)
{
	struct strvec remotes = STRVEC_INIT;
	struct remote_confs confs = REMOTE_CONFS_INIT;
	struct strbuf path = STRBUF_INIT;
	size_t i, j, len;
	bool readable;

	strbuf_addf(&path, "%s/.resutil/uploads", c->p->root);
	check_own_entries(path.buf, &remotes);
	strbuf_addch(&path, '/');
	len = path.len;
	readable = remotes.nr && !remotes_read(&confs, c->p, NULL);
	for (i = 0; i < remotes.nr; i++) {
		bool known = !readable;

		for (j = 0; j < confs.nr; j++)
			known |= !strcmp(confs.item[j].name, remotes.v[i]);
		strbuf_setlen(&path, len);
		strbuf_addstr(&path, remotes.v[i]);
		look_at_uploads_to(c, path.buf, remotes.v[i], known);
	}
	remote_confs_release(&confs);
	strbuf_release(&path);
	strvec_release(&remotes);
}

/* ---- copies between stores ----------------------------------------------- */

/* 32 hex digits and `suffix`; adds the path without that. */
static bool is_copy(const char *dir, const char *entry, const char *suffix,
		    struct strbuf *base)
{
	strbuf_reset(base);
	if (strlen(entry) != COPY_HEX + strlen(suffix) ||
	    strspn(entry, "0123456789abcdef") != COPY_HEX ||
	    strcmp(entry + COPY_HEX, suffix))
		return false;
	strbuf_addf(base, "%s/%.*s", dir, COPY_HEX, entry);
	return true;
}

/* The bytes, and the note of what they are. */
static int remove_copy(struct check *c UNUSED, const char *path)
{
	char *note = xstrfmt("%.*s" COPY_NOTE, (int)(strlen(path) -
			     strlen(COPY_BYTES)), path);
	int ret = sys_unlink(note) && errno != ENOENT ? -1 : sys_unlink(path);

	free(note);
	return ret;
}

/* Whoever is at it locks its first byte. */
static bool is_copied_now(const struct leftover *l)
{
	return l->fd >= 0 && filelock_is_held(l->fd, 0) == 1;
}

static void look_at_copy(struct check *c, const char *path)
{
	struct finding f = { .level = FINDING_LEFTOVER, .id = "copy-rest" };
	struct leftover l;
	struct stat st;

	if (!leftover_look(&l, path, NO_PROCESS, false))
		return;
	f.bytes = l.bytes;
	if (!is_copied_now(&l) && !lstat(path, &st)) {
		l.age = MAXIMUM((int64_t)time(NULL) - st.st_mtim.tv_sec,
				INT64_C(0));
		if (l.age < COPY_AGE_MAX)
			check_found(c, &f, path, "a copy between stores that "
				    "was interrupted; the next one goes on "
				    "with it");
		else
			check_leftover(c, f.id, path, NULL, &l, remove_copy,
				       "a copy between stores that nobody "
				       "went on with for a week");
	}
	leftover_release(&l);
}

/* The bytes are there before their note, and go after it. */
static void look_at_copy_note(struct check *c, const char *path,
			      const char *base)
{
	char *bytes = xstrfmt("%s" COPY_BYTES, base);
	struct leftover l;

	if (!path_exists(bytes) &&
	    leftover_look(&l, path, NO_PROCESS, false)) {
		check_leftover(c, "copy-rest", path, NULL, &l, remove_file,
			       "the note of a copy of which nothing is there");
		leftover_release(&l);
	}
	free(bytes);
}

static void look_at_copies(struct check *c)
{
	struct strvec entries = STRVEC_INIT;
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf base = STRBUF_INIT;
	size_t i;

	strbuf_addf(&dir, "%s/.resutil/copies", c->p->root);
	check_own_entries(dir.buf, &entries);
	for (i = 0; i < entries.nr; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir.buf, entries.v[i]);
		if (is_copy(dir.buf, entries.v[i], COPY_BYTES, &base))
			look_at_copy(c, path.buf);
		else if (is_copy(dir.buf, entries.v[i], COPY_NOTE, &base))
			look_at_copy_note(c, path.buf, base.buf);
	}
	strbuf_release(&base);
	strbuf_release(&path);
	strbuf_release(&dir);
	strvec_release(&entries);
}

/* ---- work trees of rerun ------------------------------------------------- */

/* git has a note of each, which goes with it. */
static int remove_rerun(struct check *c, const char *path)
{
	struct strvec entries = STRVEC_INIT;
	struct strbuf tree = STRBUF_INIT;
	size_t i;
	int ret = 0;

	check_entries(path, &entries);
	for (i = 0; i < entries.nr && !ret; i++) {
		strbuf_reset(&tree);
		strbuf_addf(&tree, "%s/%s", path, entries.v[i]);
		if (path_is_dir(tree.buf))
			ret = git_worktree_remove_left(tree.buf, c->p->root,
						       NULL);
	}
	strbuf_release(&tree);
	strvec_release(&entries);
	return ret ? -1 : sys_remove_tree(path);
}

/* Its program may go on when its recorder was killed; and a person may have
 * wanted to keep it. */
static bool rerun_is_used(const char *path)
{
	struct strbuf text = STRBUF_INIT;
	bool ret;

	strbuf_addf(&text, "%s/keep", path);
	ret = path_exists(text.buf);
	strbuf_reset(&text);
	strbuf_addf(&text, "RESUTIL_WORK_TREE=%s", path);
	ret = ret || proc_env_find(text.buf);
	strbuf_release(&text);
	return ret;
}

/* NAME.PID */
static void look_at_rerun(struct check *c, const char *path)
{
	const char *dot = strrchr(path_basename(path), '.');
	struct leftover l;

	if (!dot || !dot[1] || dot[1 + strspn(dot + 1, "0123456789")] ||
	    strlen(dot) > 10 ||
	    !leftover_look(&l, path, (pid_t)strtol(dot + 1, NULL, 10), true))
		return;
	if (!rerun_is_used(path))
		check_leftover(c, "rerun-tree", path, NULL, &l, remove_rerun,
			       "the work tree of a rerun that was killed");
	leftover_release(&l);
}

static void look_at_reruns(struct check *c)
{
	static const struct finding f = { .level = FINDING_LEFTOVER,
					  .state = FINDING_REMOVED,
					  .id = "rerun-tree" };
	struct strvec entries = STRVEC_INIT, gone = STRVEC_INIT;
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	unsigned flags = c->options->flags;
	size_t i;

	strbuf_addf(&dir, "%s/.resutil/rerun", c->p->root);
	check_own_entries(dir.buf, &entries);
	for (i = 0; i < entries.nr; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir.buf, entries.v[i]);
		look_at_rerun(c, path.buf);
	}
	/* of which git still has a note */
	if ((flags & CHECK_PRUNE) && !(flags & CHECK_DRY_RUN) &&
	    !finding_is_kept(c->options, f.id) && path_is_dir(dir.buf))
		git_worktree_list_gone(&gone, c->p->root, dir.buf, NULL);
	for (i = 0; i < gone.nr; i++)
		if (!git_worktree_remove_left(gone.v[i], c->p->root, NULL))
			check_found(c, &f, gone.v[i], "git's note of a work "
				    "tree that is gone");
	strbuf_release(&path);
	strbuf_release(&dir);
	strvec_release(&gone);
	strvec_release(&entries);
}

/* As files of tids and trials are called; of others nobody says what they
 * are. */
static bool is_hash(const char *entry)
{
	return strlen(entry) == 16 &&
	       strspn(entry, "0123456789abcdef") == 16;
}

static void look_at_private(struct check *c)
{
	static const char *const dirs[] = { "live", "partial", "renames",
					    "tids", "trials" };
	struct strbuf path = STRBUF_INIT;
	struct strbuf key = STRBUF_INIT;
	struct strvec entries = STRVEC_INIT;
	struct strmap going = STRMAP_INIT;
	size_t i, j, len;

	look_at_access(c);
	list_going(c, &going);
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/.resutil/%s", c->p->root, dirs[i]);
		strvec_clear(&entries);
		check_own_entries(path.buf, &entries);
		strbuf_addch(&path, '/');
		len = path.len;
		for (j = 0; j < entries.nr; j++) {
			strbuf_setlen(&path, len);
			strbuf_addstr(&path, entries.v[j]);
			strbuf_reset(&key);
			if (i == 0 && ticket_name_parse(entries.v[j], &key))
				look_at_ticket(c, &going, path.buf, key.buf);
			else if (i == 0)
				look_at_live(c, &going, path.buf,
					     entries.v[j]);
			else if (i == 1)
				look_at_mark(c, path.buf, entries.v[j]);
			else if (i == 2)
				look_at_rename(c, path.buf, entries.v[j]);
			else if (!is_hash(entries.v[j]))
				continue;
			else if (i == 3)
				look_at_hint(c, path.buf);
			else
				look_at_root(c, path.buf);
		}
	}
	strmap_release(&going);
	strvec_release(&entries);
	strbuf_release(&key);
	strbuf_release(&path);
}

/* ---- caches -------------------------------------------------------------- */

static void look_at_hashes(struct check *c, const char *cache)
{
	struct strvec entries = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;
	struct leftover l;
	size_t i;

	strbuf_addf(&path, "%shash", cache);
	check_entries(path.buf, &entries);
	for (i = 0; i < entries.nr; i++) {
		const char *name = entries.v[i];

		strbuf_reset(&path);
		strbuf_addf(&path, "%shash/%s", cache, name);
		if (!name_is_valid(name) || exp_name_is_taken(c->p, name) ||
		    !leftover_look(&l, path.buf, NO_PROCESS, false))
			continue;
		check_leftover(c, "cache", path.buf, name, &l, remove_file,
			       "hashes of an experiment that is not here");
		leftover_release(&l);
	}
	strbuf_release(&path);
	strvec_release(&entries);
}

#define LOCK_SUFFIX ".lock"

/* Whether it is called as a remote may be, or the lock beside that. */
static bool may_be_remote(const char *name)
{
	size_t len = strlen(name), suffix = strlen(LOCK_SUFFIX);
	char *stem;
	bool may;

	if (len > suffix && !strcmp(name + len - suffix, LOCK_SUFFIX))
		len -= suffix;
	stem = xmemdupz(name, len);
	may = !remote_check_name(stem, NULL);
	free(stem);
	return may;
}

/* A remote of the conf, or what is kept beside the index of one. */
static bool is_of_remote(const struct remote_confs *confs, const char *name)
{
	static const char *const ends[] = {
		"", LOCK_SUFFIX, "-journal", "-shm", "-wal"
	};
	size_t i, j;

	for (i = 0; i < confs->nr; i++) {
		size_t len = strlen(confs->item[i].name);

		if (strncmp(name, confs->item[i].name, len))
			continue;
		for (j = 0; j < ARRAY_SIZE(ends); j++)
			if (!strcmp(name + len, ends[j]))
				return true;
	}
	return false;
}

/* DIR/PREFIXNAME of a remote that the conf does not name any more; that of a
 * store which is given by its URL begins with '@' or '.'. */
static void look_at_remote_caches(struct check *c, const char *dir,
				  const char *prefix,
				  const struct remote_confs *confs)
{
	struct strvec entries = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;
	size_t len = strlen(prefix), i;
	struct leftover l;

	check_entries(dir, &entries);
	for (i = 0; i < entries.nr; i++) {
		const char *name = entries.v[i] + len;

		strbuf_reset(&path);
		strbuf_addf(&path, "%s%s", dir, entries.v[i]);
		if (strncmp(entries.v[i], prefix, len) ||
		    !may_be_remote(name) || is_of_remote(confs, name) ||
		    !leftover_look(&l, path.buf, NO_PROCESS, false))
			continue;
		check_leftover(c, "cache", path.buf, NULL, &l, remove_file,
			       "what was known of a store that the conf does "
			       "not name any more");
		leftover_release(&l);
	}
	strbuf_release(&path);
	strvec_release(&entries);
}

static void look_at_caches(struct check *c)
{
	struct remote_confs confs = REMOTE_CONFS_INIT;
	struct strbuf path = STRBUF_INIT, remotes = STRBUF_INIT;

	if (project_cache_path(c->p, &path, NULL))
		goto cleanup;
	look_at_hashes(c, path.buf);
	if (!remotes_read(&confs, c->p, NULL)) {
		strbuf_addf(&remotes, "%sremotes/", path.buf);
		look_at_remote_caches(c, path.buf, "index@", &confs);
		look_at_remote_caches(c, remotes.buf, "", &confs);
	}
	strbuf_setlen(&path, path.len - 1);
	look_for_temps_below(c, path.buf, "cache");

cleanup:
	remote_confs_release(&confs);
	strbuf_release(&remotes);
	strbuf_release(&path);
}

/* What is the user's, outside of all projects: it may be secret. */
static void look_at_users(struct check *c)
{
	static const struct {
		const char *variable, *fallback, *below, *base;
	} places[] = {
		{ "XDG_CONFIG_HOME", ".config", "", "config.yaml" },
		{ "XDG_CONFIG_HOME", ".config", "/logins", NULL },
		{ "XDG_DATA_HOME", ".local/share", "", "trusted" }
	};
	struct strbuf path = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		strbuf_reset(&path);
		if (path_xdg(&path, places[i].variable, places[i].fallback,
			     NULL))
			continue;
		strbuf_addstr(&path, places[i].below);
		look_for_temps(c, path.buf, places[i].base, "temp-file");
	}
	strbuf_release(&path);
}

void check_private(struct check *c)
{
	struct strbuf path = STRBUF_INIT;

	look_for_temps(c, c->p->root, CONF_FILE, "temp-file");
	look_for_temps(c, c->p->root, ".gitignore", "temp-file");
	look_at_users(c);
	look_at_private(c);
	strbuf_addf(&path, "%s/.resutil", c->p->root);
	look_for_temps_below(c, path.buf, "temp-file");
	look_at_uploads(c);
	look_at_copies(c);
	look_at_reruns(c);
	look_at_caches(c);
	strbuf_release(&path);
}
