#include "lib/base/compat.h"
#include "lib/exp/git-internal.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

/*
 * A file that has no name any more. On file systems without O_TMPFILE one is
 * made and unlinked at once, inside a directory that nobody else can enter.
 */
static int nameless_file(struct strbuf *err)
{
	const char *dir = getenv("TMPDIR");
	struct tempfile *scratch = NULL;
	struct strbuf path = STRBUF_INIT;
	int fd;

	fd = sys_open(dir && *dir == '/' ? dir : "/tmp", O_TMPFILE | O_RDWR,
		      0600);
	if (fd >= 0)
		return fd;
	if (tempfile_scratch_dir(&scratch, err))
		return -1;
	strbuf_addf(&path, "%s/patch", tempfile_path(scratch));
	fd = sys_open(path.buf, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		fail_errno(err, "cannot make '%s'", path.buf);
	tempfile_delete(&scratch);
	strbuf_release(&path);
	return fd;
}

static int to_file(struct git_patch *patch, struct strbuf *err)
{
	patch->fd = nameless_file(err);
	if (patch->fd < 0)
		return ERR_FAILED;
	if (sys_write_all(patch->fd, patch->text.buf, patch->text.len))
		return fail(err, ERR_FAILED,
			    "cannot write a temporary file: %s",
			    strerror(errno));
	strbuf_release(&patch->text);
	return 0;
}

int git_patch_add(struct git_patch *patch, const char *text, size_t len,
		  struct strbuf *err)
{
	int ret;

	if (patch->fd < 0 && patch->text.len + len > GIT_PATCH_IN_MEMORY) {
		ret = to_file(patch, err);
		if (ret)
			return ret;
	}
	if (patch->fd < 0)
		strbuf_add(&patch->text, text, len);
	else if (sys_write_all(patch->fd, text, len))
		return fail(err, ERR_FAILED,
			    "cannot write a temporary file: %s",
			    strerror(errno));
	patch->len += len;
	return 0;
}

int git_patch_cut(struct git_patch *patch, uint64_t len, struct strbuf *err)
{
	if (patch->fd < 0) {
		strbuf_setlen(&patch->text, (size_t)len);
	} else if (sys_ftruncate(patch->fd, (off_t)len) ||
		   lseek(patch->fd, (off_t)len, SEEK_SET) < 0) {
		return fail(err, ERR_FAILED, "cannot cut a temporary file: %s",
			    strerror(errno));
	}
	patch->len = len;
	return 0;
}

int git_patch_write(const struct git_patch *patch, const char *path,
		    struct strbuf *err)
{
	int fd = sys_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	int ret = 0;

	if (fd < 0)
		return fail_errno(err, "cannot make '%s'", path);
	if (patch->fd < 0)
		ret = sys_write_all(fd, patch->text.buf, patch->text.len);
	else if (lseek(patch->fd, 0, SEEK_SET) < 0 ||
		 sys_copy(patch->fd, fd, -1) != (int64_t)patch->len)
		ret = -1;
	if (ret)
		ret = fail(err, ERR_FAILED, "cannot write '%s': %s", path,
			   strerror(errno));
	close(fd);
	return ret;
}

void git_patch_clear(struct git_patch *patch)
{
	strbuf_release(&patch->text);
	if (patch->fd >= 0)
		close(patch->fd);
	strbuf_init(&patch->text);
	patch->fd = -1;
	patch->len = 0;
}
