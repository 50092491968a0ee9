/*
 * Uploads. A file that is written meanwhile is found out before the store has
 * the last byte of it, so that nothing of two states is ever there.
 *
 * What an interrupted upload left is not gone on with: the note for that needs
 * a place that outlives the process and belongs to this directory, which only
 * a project has (.resutil/uploads); a directory of data gets no hidden files of
 * ours. A connection that is cut is no interruption: the same put goes on.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "transport/transport.h"

struct upload {
	struct put_source base;	/* must be the first */
	struct put_file file;
	struct keys_item *item;
	struct stat before;
	bool changed;
};

static int upload_open(struct put_source *s, uint64_t offset,
		       struct strbuf *err)
{
	struct upload *u = (struct upload *)s;

	return u->file.source.open(&u->file.source, offset, err);
}

static int fail_changed(struct upload *u, struct strbuf *err)
{
	u->changed = true;
	return fail(err, ERR_CONFLICT, "'%s' was changed while it was "
		    "uploaded", u->item->key);
}

/* The last byte goes only when all of them are of one state; what comes after
 * a change need not go either. */
static int check_unchanged(struct upload *u, struct strbuf *err)
{
	struct stat after;

	if (!fstat(u->file.fd, &after) && keys_unchanged(&u->before, &after))
		return 0;
	return fail_changed(u, err);
}

static int upload_read(struct put_source *s, void *buf, size_t len,
		       size_t *got, struct strbuf *err)
{
	struct upload *u = (struct upload *)s;
	int ret;

	if (keys_stopped(u->item->run))
		return fail(err, ERR_FAILED, "'%s' was not uploaded to its "
			    "end", u->item->key);
	ret = u->file.source.read(&u->file.source, buf, len, got, err);
	/* It became shorter. */
	u->changed |= ret == ERR_CONTENT;
	if (!ret)
		ret = check_unchanged(u, err);
	if (!ret && u->item->progress)
		progress_bytes(u->item->progress, u->file.pos);
	return ret;
}

static int put_once(struct upload *u, struct strbuf *err)
{
	struct keys_item *item = u->item;
	struct put_request request = {
		.key = item->key, .source = &u->base,
		.expect = item->there ? EXPECT_VERSION : EXPECT_ABSENT,
		.version = item->there ? item->object.version : NULL
	};
	int fd, ret;

	ret = keys_open_file(item, &fd, &u->before, err);
	if (ret)
		return ret;
	ret = put_file_init(&u->file, fd, item->key, err);
	if (!ret) {
		/* as long as it is open, and not as it was listed */
		u->base.size = u->file.source.size;
		u->base.open = upload_open;
		u->base.read = upload_read;
		ret = transport_put(item->run->t, &request, NULL, err);
	}
	if (!ret)
		item->bytes = u->base.size;
	close(fd);
	return ret;
}

/* A file that was changed is tried once more. */
static int put(struct keys_item *item, struct strbuf *err)
{
	struct upload u = { .item = item };
	int ret = put_once(&u, err);

	if (ret && u.changed) {
		strbuf_reset(err);
		u.changed = false;
		ret = put_once(&u, err);
	}
	if (!ret || !u.changed)
		return ret;
	/* A store may have taken it for a conflict of its own. */
	strbuf_reset(err);
	return fail_changed(&u, err);
}

void keys_upload(struct keys_item *item)
{
	struct strbuf why = STRBUF_INIT;
	bool same;
	int ret = keys_begin(item, item->there, &same, &why);

	if (!ret && !same)
		ret = put(item, &why);
	if (ret)
		keys_fail(item, ret, &why);
	else
		item->status = same ? "same" : "uploaded";
	strbuf_release(&why);
	keys_tell(item);
	keys_finish(item);
}
