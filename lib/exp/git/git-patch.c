#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

/* What is in the file already; the rest is in memory. */
static uint64_t in_file(const struct git_patch *patch)
{
	return patch->len - patch->text.len;
}

/* The memory goes to the end of the file. */
static int to_file(struct git_patch *patch, struct strbuf *err)
{
	int ret = 0;

	if (patch->fd < 0)
		ret = tempfile_unnamed(&patch->fd, NULL, err);
	if (ret)
		return ret;
	if (sys_pwrite_all(patch->fd, patch->text.buf, patch->text.len,
			   (off_t)in_file(patch)))
		return fail(err, ERR_FAILED,
			    "cannot write a temporary file: %s",
			    strerror(errno));
	strbuf_reset(&patch->text);
	return 0;
}

int git_patch_add(struct git_patch *patch, const char *text, size_t len,
		  struct strbuf *err)
{
	int ret = 0;

	if (patch->text.len + len > GIT_PATCH_IN_MEMORY)
		ret = to_file(patch, err);
	if (ret)
		return ret;
	strbuf_add(&patch->text, text, len);
	patch->len += len;
	return 0;
}

int git_patch_cut(struct git_patch *patch, uint64_t len, struct strbuf *err)
{
	uint64_t kept = in_file(patch);

	if (len < kept && sys_ftruncate(patch->fd, (off_t)len))
		return fail(err, ERR_FAILED, "cannot cut a temporary file: %s",
			    strerror(errno));
	strbuf_setlen(&patch->text, len < kept ? 0 : (size_t)(len - kept));
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
	if (patch->fd >= 0 &&
	    (lseek(patch->fd, 0, SEEK_SET) < 0 ||
	     sys_copy(patch->fd, fd, -1) != (int64_t)in_file(patch)))
		ret = -1;
	if (!ret)
		ret = sys_write_all(fd, patch->text.buf, patch->text.len);
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
