#include "lib/base/compat.h"
#include "lib/exp/record/partial.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/exp/record/name.h"

#include <dirent.h>

static void add_path(struct strbuf *out, const struct project *p,
		     const char *name)
{
	struct strbuf sub = STRBUF_INIT;

	strbuf_addf(&sub, ".resutil/partial/%s", name);
	path_absolute(out, p->root, sub.buf);
	strbuf_release(&sub);
}

bool partial_is(const struct project *p, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool ret;

	if (!name_is_valid(name))
		return false;
	add_path(&path, p, name);
	ret = path_exists(path.buf);
	strbuf_release(&path);
	return ret;
}

void partial_list(const struct project *p, struct strvec *out)
{
	struct strbuf path = STRBUF_INIT;
	const struct dirent *entry;
	DIR *dir;

	add_path(&path, p, "");
	dir = opendir(path.buf);
	while (dir && (entry = readdir(dir)))
		if (name_is_valid(entry->d_name))
			strvec_push(out, entry->d_name);
	if (dir)
		closedir(dir);
	strvec_sort(out, true);
	strbuf_release(&path);
}

/* The directories above it may be as new as the mark. */
static int sync_mark(const struct project *p, const char *dir,
		     struct strbuf *err)
{
	struct strbuf private = STRBUF_INIT;
	int ret;

	ret = project_private(p, NULL, &private, err);
	if (!ret && (sys_fsync_dir(dir) || sys_fsync_dir(private.buf) ||
		     sys_fsync_dir(p->root)))
		ret = fail_errno(err, "cannot sync directory '%s'", dir);
	strbuf_release(&private);
	return ret;
}

int partial_mark(const struct project *p, const char *name, int *held,
		 struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	bool was_there;
	int ret;

	*held = -1;
	if (!name_is_valid(name))
		BUG("'%s' is no name of an experiment", name);
	was_there = partial_is(p, name);
	ret = project_private(p, "partial/", &dir, err);
	if (ret)
		goto cleanup;
	add_path(&path, p, name);
	*held = hold_open(path.buf, 0666);
	if (*held < 0) {
		fail_errno(err, "cannot make '%s'", path.buf);
		ret = ERR_FAILED;
		goto cleanup;
	}
	/* Where nobody can see who holds it, its age tells. */
	sys_futimens(*held, NULL);
	ret = sync_mark(p, dir.buf, err);

cleanup:
	if (ret && *held >= 0) {
		if (!was_there)
			sys_unlink(path.buf);
		close(*held);
		*held = -1;
	}
	strbuf_release(&path);
	strbuf_release(&dir);
	return ret;
}

int partial_clear(const struct project *p, const char *name,
		  struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	add_path(&path, p, name);
	if (sys_unlink(path.buf) && errno != ENOENT && errno != ENOTDIR)
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
	strbuf_release(&path);
	return ret;
}
