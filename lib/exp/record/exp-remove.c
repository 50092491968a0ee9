#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-remove.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"

#include <dirent.h>

/*
 * Lets the owner enter, list and change each directory at and below `name`.
 * What fails here fails again when it is removed, and is told then.
 */
static void open_up(int at, const char *name)
{
	const struct dirent *entry;
	struct stat st;
	DIR *dir = NULL;
	int place = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW |
			   O_CLOEXEC);
	int fd;

	if (place < 0)
		return;
	/* First the mode: what forbids all cannot be opened to be read. */
	if (!fstat(place, &st) && (st.st_mode & 0700) != 0700)
		sys_fchmod(place, (st.st_mode & 07777) | 0700);
	fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(place);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
		    strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			open_up(fd, entry->d_name);
	closedir(dir);
}

/* The id in the record that goes; nothing when it cannot be known. */
static void read_id(struct strbuf *id, const struct project *p,
		    const char *name, const char *path)
{
	struct value *record = NULL;
	const char *text;

	if (exp_is_here(p, name) && !record_read_raw(&record, path, NULL)) {
		text = value_get_text(record, "id");
		if (text && record_is_id(text))
			strbuf_addstr(id, text);
	}
	value_free(record);
}

/* A run that was lost left its live file behind: whoever holds the writer's
 * lock last removes it, if neither recorder nor program lives. */
static void clear_live_file(const struct project *p, const char *id)
{
	struct strbuf path = STRBUF_INIT, sub = STRBUF_INIT;
	struct live *lock = NULL;

	strbuf_addf(&sub, ".resutil/live/%s", id);
	path_absolute(&path, p->root, sub.buf);
	if (path_exists(path.buf) && !live_lock_writer(&lock, p, id, NULL))
		live_unlock_writer(&lock);
	strbuf_release(&sub);
	strbuf_release(&path);
}

int exp_remove_tree(const char *path)
{
	if (!sys_remove_tree(path))
		return 0;
	if (errno == EACCES || errno == EPERM)
		open_up(AT_FDCWD, path);
	return sys_remove_tree(path);
}

int exp_remove_local(const struct project *p, const char *name,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, hidden = STRBUF_INIT;
	struct strbuf id = STRBUF_INIT;
	int ret = 0, fd;

	if (!name_is_valid(name) && strcmp(name, NAME_DEBUG))
		BUG("'%s' is no name of an experiment", name);
	project_exp_path(p, name, &path);
	strbuf_addf(&hidden, "%s/.%s.%ld.rm", p->results_path, name,
		    (long)getpid());
	read_id(&id, p, name, path.buf);
	/* Held, so that nobody else removes at the same time. */
	fd = open(path.buf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		hold_take(fd, AT_FDCWD, path.buf);
	if (sys_rename_noreplace(path.buf, hidden.buf)) {
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
		goto cleanup;
	}
	/* Before anything of it goes: after a power failure it is there as a
	 * whole, with its mark, or it is not there. */
	if (sys_fsync_dir(p->results_path)) {
		ret = fail_errno(err, "cannot sync '%s'", p->results_path);
		sys_rename_noreplace(hidden.buf, path.buf);
		goto cleanup;
	}
	if (id.len)
		clear_live_file(p, id.buf);
	partial_clear(p, name, NULL);
	if (exp_remove_tree(hidden.buf)) {
		fail_errno(err, "'%s' is removed, but its files are not, see "
			   "'%s'", name, hidden.buf);
		ret = ERR_PARTLY;
	}

cleanup:
	if (fd >= 0)
		close(fd);
	strbuf_release(&id);
	strbuf_release(&hidden);
	strbuf_release(&path);
	return ret;
}
