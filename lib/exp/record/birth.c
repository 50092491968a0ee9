/*
 * The order of writes, and what each step leaves behind when it is the last:
 * Documentation/technical/durability.adoc.
 *
 * What decides is the rename at the end. Because that comes after the syncs,
 * many runs that start in one second would all sync for the same name and
 * lose all but one. So a name is reserved before: a byte, chosen by a hash of
 * the name, is locked in .resutil/births from the choice to the claim. The
 * kernel frees it when the process dies. Two names of one hash only make one
 * of them take another second; and where locks do not work (some network
 * file systems), or another machine claims the name, the rename still decides.
 */
#include "lib/base/compat.h"
#include "lib/exp/record/birth.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#include <dirent.h>

#define MAX_SECONDS 100000
#define MAX_FSYNC_FILES 4	/* besides the record; more: one syncfs */
#define MAX_FSYNC_ALL 12	/* with the directories they lie in */

struct birth {
	const struct project *project;
	struct tempfile *temp;		/* NULL: claimed */
	struct strbuf dir;		/* where it is now */
	struct strbuf hidden;		/* .NAME.PID.tmp */
	struct strbuf name;
	char *comment;
	struct tm local;		/* the second that the name says */
	unsigned seconds;		/* how many were tried */
	bool results_made;		/* by us: not durable yet */
	int lock_fd;			/* reservations; -1: none can be had */
	off_t lock_byte;		/* -1: none held */
};

/* FNV-1a, folded into what a lock's offset may be. */
static off_t byte_of(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name; name++) {
		hash ^= (unsigned char)*name;
		hash *= UINT64_C(1099511628211);
	}
	return (off_t)(hash >> 2);
}

static void unreserve(struct birth *b)
{
	if (b->lock_fd >= 0 && b->lock_byte >= 0)
		filelock_release(b->lock_fd, b->lock_byte);
	b->lock_byte = -1;
}

/* False: another process is about to claim it. */
static bool reserve(struct birth *b, const char *name)
{
	if (b->lock_fd < 0 || b->lock_byte == byte_of(name))
		return true;
	unreserve(b);
	if (!filelock_take(b->lock_fd, byte_of(name), false)) {
		b->lock_byte = byte_of(name);
		return true;
	}
	return errno != EWOULDBLOCK;
}

static void open_reservations(struct birth *b)
{
	struct strbuf path = STRBUF_INIT;

	if (!project_private(b->project, "births", &path, NULL))
		b->lock_fd = sys_open(path.buf, O_RDWR | O_CREAT, 0666);
	strbuf_release(&path);
}

static bool is_taken(const struct birth *b, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool ret;

	project_exp_path(b->project, name, &path);
	ret = path_exists(path.buf);
	strbuf_release(&path);
	return ret;
}

/* The first free name from `b->local` on. */
static int choose_name(struct birth *b, struct strbuf *err)
{
	for (; b->seconds < MAX_SECONDS; b->seconds++) {
		strbuf_reset(&b->name);
		name_make(&b->name, &b->local, b->comment);
		/* Before the lock because it is cheap, and after it because
		 * its last holder may have claimed the name. */
		if (!is_taken(b, b->name.buf) && reserve(b, b->name.buf) &&
		    !is_taken(b, b->name.buf))
			return 0;
		name_next_second(&b->local);
	}
	return fail(err, ERR_CONFLICT, "no free name in %d seconds before '%s'",
		    MAX_SECONDS, b->name.buf);
}

static int make_hidden(struct birth *b, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret, nr;

	/* What lies there already was left by a dead process of this number,
	 * perhaps of another machine. */
	for (ret = ERR_CONFLICT, nr = 0; ret == ERR_CONFLICT && nr < 1000;
	     nr++) {
		strbuf_reset(&b->hidden);
		strbuf_addf(&b->hidden, "%s/.%s.%ld", b->project->results_path,
			    b->name.buf, (long)getpid());
		if (nr)
			strbuf_addf(&b->hidden, ".%d", nr);
		strbuf_addstr(&b->hidden, ".tmp");
		strbuf_reset(&why);
		ret = tempfile_create_dir(&b->temp, b->hidden.buf, &why);
	}
	if (ret)
		ret = fail(err, ret, "%s", why.buf);
	else
		strbuf_addbuf(&b->dir, &b->hidden);
	strbuf_release(&why);
	return ret;
}

int birth_start(struct birth **out, const struct project *p,
		const struct moment *created, const char *comment,
		struct strbuf *err)
{
	struct birth *b;
	int ret;

	if (comment && *comment) {
		ret = name_check_comment(comment, strlen(comment), err);
		if (ret)
			return ret;
	}
	b = xcalloc(1, sizeof(*b));
	b->project = p;
	b->comment = comment && *comment ? xstrdup(comment) : NULL;
	b->lock_fd = -1;
	b->lock_byte = -1;
	strbuf_init(&b->dir);
	strbuf_init(&b->hidden);
	strbuf_init(&b->name);
	b->results_made = !path_exists(p->results_path);
	name_local_time(&b->local, created);
	ret = project_need_results(p, err);
	if (ret)
		goto cleanup;
	open_reservations(b);
	ret = choose_name(b, err);
	if (!ret)
		ret = make_hidden(b, err);

cleanup:
	if (ret)
		birth_end(&b);
	else
		*out = b;
	return ret;
}

const char *birth_dir(const struct birth *b)
{
	return b->dir.buf;
}

const char *birth_name(const struct birth *b)
{
	return b->name.buf;
}

/*
 * Adds what must be synced below `path`: directories, and files that hold
 * something. False: more than is worth syncing one by one.
 */
static bool add_tree(struct strvec *todo, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool few = true;

	if (!dir)
		return false;
	while (few && (entry = readdir(dir))) {
		struct strbuf sub = STRBUF_INIT;
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		strbuf_addf(&sub, "%s/%s", path, entry->d_name);
		if (lstat(sub.buf, &st))
			few = false;
		else if (S_ISDIR(st.st_mode))
			few = add_tree(todo, sub.buf);
		else if (S_ISREG(st.st_mode) && st.st_size)
			strvec_push(todo, sub.buf);
		few = few && todo->nr <= MAX_FSYNC_ALL;
		strbuf_release(&sub);
	}
	closedir(dir);
	strvec_push(todo, path);
	return few;
}

static int sync_one(const char *path, struct strbuf *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int ret = 0;

	/* Some file systems cannot sync a directory (EINVAL). */
	if (fd < 0 || (sys_fsync(fd) && errno != EINVAL)) {
		fail_errno(err, "cannot sync '%s'", path);
		ret = ERR_FAILED;
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static int sync_file_system(const char *path, struct strbuf *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0 || sys_syncfs(fd)) {
		fail_errno(err, "cannot sync '%s'", path);
		ret = ERR_FAILED;
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static int sync_content(const char *dir, size_t nr_files, struct strbuf *err)
{
	struct strvec todo = STRVEC_INIT;
	size_t i;
	int ret = 0;

	if (nr_files > MAX_FSYNC_FILES || !add_tree(&todo, dir) ||
	    todo.nr > MAX_FSYNC_ALL)
		ret = sync_file_system(dir, err);
	else
		for (i = 0; i < todo.nr && !ret; i++)
			ret = sync_one(todo.v[i], err);
	strvec_release(&todo);
	return ret;
}

/* The record, under the name that it has now; `first`: with all the rest. */
static int write_and_sync(struct birth *b, struct value *record, bool first,
			  size_t nr_files, struct strbuf *err)
{
	int ret;

	record_set_name(record, b->project, b->name.buf);
	/* A clash: all else is durable already. */
	ret = record_write(record, b->dir.buf, !first, err);
	if (ret || !first)
		return ret;
	return sync_content(b->dir.buf, nr_files, err);
}

/* 0, ERR_CONFLICT (no sentence: the caller goes on), or a failure. */
static int rename_to_name(struct birth *b, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	project_exp_path(b->project, b->name.buf, &path);
	if (!sys_rename_noreplace(b->hidden.buf, path.buf)) {
		strbuf_reset(&b->dir);
		strbuf_addbuf(&b->dir, &path);
	} else if (errno == EEXIST || errno == ENOTEMPTY) {
		ret = ERR_CONFLICT;
	} else {
		fail_errno(err, "cannot rename '%s' to '%s'", b->hidden.buf,
			   path.buf);
		ret = ERR_FAILED;
	}
	strbuf_release(&path);
	return ret;
}

static int sync_results(const struct birth *b, struct strbuf *err)
{
	const char *path = b->project->results_path;
	char *parent;
	int ret = 0;

	if (sys_fsync_dir(path))
		ret = fail_errno(err, "cannot sync '%s'", path);
	if (ret || !b->results_made)
		return ret;
	parent = xmemdupz(path, (size_t)(path_basename(path) - path));
	if (sys_fsync_dir(*parent ? parent : "."))
		ret = fail_errno(err, "cannot sync '%s'", parent);
	free(parent);
	return ret;
}

int birth_claim(struct birth *b, struct value *record, size_t nr_files,
		struct strbuf *err)
{
	bool first = true;
	int ret;

	for (;; first = false) {
		/* Somebody without our locks may have taken it meanwhile. */
		ret = choose_name(b, err);
		if (!ret)
			ret = write_and_sync(b, record, first, nr_files, err);
		if (!ret)
			ret = rename_to_name(b, err);
		if (ret != ERR_CONFLICT || b->seconds >= MAX_SECONDS)
			break;
	}
	if (ret)
		return ret;
	ret = sync_results(b, err);
	if (ret) {
		/* Not known to last, so not claimed: back under the hidden
		 * name, which birth_end() removes. */
		if (!sys_rename(b->dir.buf, b->hidden.buf)) {
			strbuf_reset(&b->dir);
			strbuf_addbuf(&b->dir, &b->hidden);
		}
		return ret;
	}
	tempfile_forget(&b->temp);
	unreserve(b);
	return 0;
}

void birth_end(struct birth **bp)
{
	struct birth *b = *bp;

	if (!b)
		return;
	tempfile_delete(&b->temp);
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	strbuf_release(&b->dir);
	strbuf_release(&b->hidden);
	strbuf_release(&b->name);
	free(b->comment);
	free(b);
	*bp = NULL;
}

int birth_undo(struct birth *b, struct strbuf *err)
{
	int ret = 0;

	/* Out of sight at once; what a kill leaves then is never listed. */
	if (sys_rename(b->dir.buf, b->hidden.buf) ||
	    sys_remove_tree(b->hidden.buf)) {
		fail_errno(err, "cannot remove '%s'", b->dir.buf);
		ret = ERR_FAILED;
	}
	return ret;
}
