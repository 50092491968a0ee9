#include "lib/base/compat.h"
#include "lib/exp/record/trial.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/leftovers.h"
#include "lib/exp/record/record.h"

#include <dirent.h>

/* Somebody who gives up takes back the directories that he made; whoever was
 * about to use them begins again. */
#define MAX_TRIES 100

static bool is_reserved(const char *name, size_t len)
{
	static const char *const names[] = {
		".", "..", RECORD_FILE, TRIAL_LIVE_FILE, "votakvot.yaml"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return true;
	return false;
}

int trial_check_tid(const char *tid, size_t len, struct strbuf *err)
{
	const char *why = NULL, *part = tid;

	if (strlen(tid) != len)
		why = "it holds a NUL";
	else if (!len)
		why = "it is empty";
	else if (!utf8_is_valid(tid, len))
		why = "it is not valid UTF-8";
	else if (len >= PATH_MAX / 2)
		why = "it is too long";
	while (!why) {
		size_t part_len = strcspn(part, "/");

		if (!part_len)
			why = "a part of the path is empty";
		else if (part_len > NAME_MAX)
			why = "a part of the path has more than 255 bytes";
		else if (is_reserved(part, part_len))
			why = "a part of the path means something else";
		if (!part[part_len])
			break;
		part += part_len + 1;
	}
	if (!why)
		return 0;
	return fail(err, ERR_USAGE, "'%s' cannot be the id of a trial: %s",
		    tid, why);
}

/* The root; directories above it may be missing, too. */
static int open_root(struct trial *t, const char *root, struct strbuf *err)
{
	struct strbuf part = STRBUF_INIT;
	const char *end = root;
	int fd;

	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == ENOENT && *end) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		strbuf_reset(&part);
		strbuf_add(&part, root, (size_t)(end - root));
		if (!sys_mkdir(part.buf, 0777))
			strvec_push(&t->made, part.buf);
		else if (errno != EEXIST)
			break;
		errno = ENOENT;
		if (!*end)
			fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		fail_errno(err, "cannot make directory '%s'",
			   part.len ? part.buf : root);
	strbuf_release(&part);
	return fd;
}

/* One directory deeper, made when missing; closes `at`. -1 and errno. */
static int descend(struct trial *t, int at, const char *name)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd, saved;

	fd = openat(at, name, flags);
	if (fd < 0 && errno == ENOENT) {
		if (!sys_mkdirat(at, name, 0777))
			strvec_push(&t->made, t->dir.buf);
		else if (errno != EEXIST)
			goto cleanup;
		fd = openat(at, name, flags);
	}

cleanup:
	saved = errno;
	close(at);
	errno = saved;
	return fd;
}

/* ERR_TRANSIENT: a directory was taken away meanwhile. */
static int make_dirs(struct trial *t, const char *root, const char *tid,
		     struct strbuf *err)
{
	char name[NAME_MAX + 1];
	int fd;

	strbuf_reset(&t->dir);
	strbuf_addstr(&t->dir, root);
	fd = open_root(t, root, err);
	if (fd < 0)
		return ERR_FAILED;
	while (*tid) {
		size_t len = strcspn(tid, "/");

		snprintf(name, sizeof(name), "%.*s", (int)len, tid);
		strbuf_complete_slash(&t->dir);
		strbuf_addstr(&t->dir, name);
		tid += len + (tid[len] == '/');
		fd = descend(t, fd, name);
		if (fd >= 0)
			continue;
		if (errno == ENOENT)
			return ERR_TRANSIENT;
		if (errno == ELOOP || errno == ENOTDIR)
			return fail(err, ERR_CONFLICT, "'%s' is no directory",
				    t->dir.buf);
		fail_errno(err, "cannot make directory '%s'", t->dir.buf);
		return ERR_FAILED;
	}
	close(fd);
	return 0;
}

int trial_open(struct trial *t, const char *root, const char *tid,
	       struct strbuf *err)
{
	int ret, tries = MAX_TRIES;

	ret = trial_check_tid(tid, strlen(tid), err);
	if (ret)
		return ret;
	do {
		strvec_clear(&t->made);
		ret = make_dirs(t, root, tid, err);
	} while (ret == ERR_TRANSIENT && --tries);
	if (ret == ERR_TRANSIENT)
		ret = fail(err, ERR_FAILED, "cannot make directory '%s': it "
			   "is taken away again and again", t->dir.buf);
	if (ret)
		trial_undo(t);
	return ret;
}

int trial_lock(struct trial *t, const char *tid, pid_t program,
	       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	pid_t other;
	int ret;

	strbuf_addf(&path, "%s/" TRIAL_LIVE_FILE, t->dir.buf);
	other = live_program_at(path.buf);
	if (other && other != program)
		ret = fail(err, ERR_CONFLICT, "the program of '%s' still runs "
			   "(process %ld)", tid, (long)other);
	else
		ret = live_start_at(&t->live, path.buf, tid, err);
	if (!ret && program)
		live_note_program(t->live, program, NULL);
	strbuf_release(&path);
	return ret;
}

static void remove_left(const char *path, pid_t pid)
{
	struct leftover l;

	if (!leftover_look(&l, path, pid, false))
		return;
	if (l.hold == HOLD_FREE)
		sys_unlink(path);
	leftover_release(&l);
}

void trial_clean(const struct trial *t)
{
	struct strbuf path = STRBUF_INIT;
	DIR *dir = opendir(t->dir.buf);
	struct dirent *d;
	pid_t pid;

	while (dir && (d = readdir(dir))) {
		if (!temp_name_parse(d->d_name, RECORD_FILE, &pid))
			continue;
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", t->dir.buf, d->d_name);
		remove_left(path.buf, pid);
	}
	if (dir)
		closedir(dir);
	strbuf_release(&path);
}

int trial_sync(const struct trial *t, struct strbuf *err)
{
	size_t i;

	for (i = 0; i < t->made.nr; i++) {
		const char *path = t->made.v[i];
		char *parent = xmemdupz(path, (size_t)(path_basename(path) -
						       path));
		int ret = sys_fsync_dir(parent);

		if (ret)
			fail_errno(err, "cannot sync '%s'", parent);
		free(parent);
		if (ret)
			return ERR_FAILED;
	}
	return 0;
}

void trial_undo(struct trial *t)
{
	size_t i;

	live_end(&t->live);
	for (i = t->made.nr; i-- > 0; )
		if (sys_rmdir(t->made.v[i]) && errno != ENOENT)
			break;
	strvec_clear(&t->made);
}

void trial_release(struct trial *t)
{
	live_end(&t->live);
	strvec_release(&t->made);
	strbuf_release(&t->dir);
}
