/*
 * Small files: neighbours by path, a few dozen to a piece of work, so that
 * handing out work costs nothing beside doing it.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/unpack-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/sys.h"

#define BATCH_FILES 64
#define BATCH_BYTES (1u << 20)
#define RANGE_SLACK (64u << 10)	/* read for nothing at most */

struct batch {
	struct work work;
	struct unpack *u;
	size_t first, end;	/* in by_path; others lie between them */
	size_t range;		/* of u->range */
};

struct small_files {
	struct batch *batch;
	size_t nr, alloc;
};

int unpack_create(struct unpack *u, struct dir_cursor *c,
		  const struct pack_entry *e, int access, int *fd,
		  struct strbuf *err)
{
	mode_t mode = e->mode_unknown ? 0666 : e->mode & 0777;

	if (dir_cursor_go(c, e->path, e->path_len))
		return unpack_errno(u, e->path, e->path_len, "make", err);
	*fd = sys_openat(c->fd, c->base,
			 access | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	if (*fd < 0)
		return unpack_errno(u, e->path, e->path_len, "make", err);
	if (!e->mode_unknown && (mode & u->mask) && sys_fchmod(*fd, mode))
		return unpack_errno(u, e->path, e->path_len, "set the mode of",
				    err);
	return 0;
}

int unpack_close(struct unpack *u, const struct pack_entry *e, int *fd,
		 struct strbuf *err)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_sec = e->mtime }
	};
	int ret = 0;

	if (sys_futimens(*fd, times))
		ret = unpack_errno(u, e->path, e->path_len, "set the time of",
				   err);
	if (close(*fd) && errno != EINTR && !ret)	/* NFS says it here */
		ret = unpack_errno(u, e->path, e->path_len, "write", err);
	*fd = -1;
	return ret;
}

struct small_out {
	struct unpack *u;
	const struct pack_entry *e;
	struct digest *digest;
	struct strbuf *err;
	int fd;
};

static int put_piece(const unsigned char *buf, size_t len, uint64_t offset,
		     void *data)
{
	struct small_out *out = data;

	if (sys_pwrite_all(out->fd, buf, len, (off_t)offset))
		return unpack_errno(out->u, out->e->path, out->e->path_len,
				    "write", out->err);
	if (out->digest)
		digest_add(out->digest, buf, len);
	return 0;
}

static int unpack_file(struct unpack *u, size_t pos, struct dir_cursor *at,
		       struct pack_reader *reader, struct strbuf *err)
{
	const struct pack_entry *e = unpack_at(u, pos);
	struct small_out out = { .u = u, .e = e, .err = err, .fd = -1 };
	unsigned char unused[DIGEST_RAWSZ];
	int ret;

	ret = unpack_create(u, at, e, O_WRONLY, &out.fd, err);
	if (!ret && u->digest)
		ret = digest_start(&out.digest, err);
	if (!ret)
		ret = pack_read_entry(u->p, e, reader, put_piece, &out, err);
	if (out.digest)
		digest_finish(&out.digest, ret ? unused :
			      u->digest + pos * DIGEST_RAWSZ);
	if (!ret)
		ret = unpack_close(u, e, &out.fd, err);
	if (out.fd >= 0)
		close(out.fd);
	return ret;
}

static void unpack_batch(struct work *work, unsigned worker)
{
	struct batch *batch = (struct batch *)work;
	struct unpack *u = batch->u;
	struct strbuf err = STRBUF_INIT;
	struct dir_cursor at;
	uint64_t files = 0, bytes = 0;
	size_t pos;
	int ret = 0;

	dir_cursor_init(&at, u->root);
	for (pos = batch->first; !ret && pos < batch->end; pos++) {
		const struct pack_entry *e = unpack_at(u, pos);

		if (!unpack_is_small(e))
			continue;
		if (unpack_stops(u))
			break;
		ret = unpack_file(u, pos, &at, u->reader[worker], &err);
		if (ret)
			unpack_fail(u, pos, ret, &err);
		files++;
		bytes += e->size;
	}
	pack_source_done(u->p->source, batch->range);
	unpack_count(u, files, bytes);
	dir_cursor_release(&at);
	strbuf_release(&err);
}

static void end_batch(struct small_files *files, struct unpack *u, size_t first,
		      size_t end)
{
	struct batch *batch;

	ARRAY_GROW(files->batch, files->nr + 1, files->alloc);
	batch = &files->batch[files->nr++];
	memset(batch, 0, sizeof(*batch));
	batch->work.fn = unpack_batch;
	batch->u = u;
	batch->first = first;
	batch->end = end;
}

struct small_files *unpack_small_plan(struct unpack *u, size_t *pieces)
{
	struct small_files *files = xcalloc(1, sizeof(*files));
	size_t first = 0, nr = 0, pos;
	uint64_t bytes = 0;

	for (pos = 0; pos < u->p->nr; pos++) {
		const struct pack_entry *e = unpack_at(u, pos);

		if (!unpack_is_small(e))
			continue;
		nr++;
		bytes += e->size;
		if (nr < BATCH_FILES && bytes < BATCH_BYTES)
			continue;
		end_batch(files, u, first, pos + 1);
		first = pos + 1;
		nr = 0;
		bytes = 0;
	}
	if (nr)
		end_batch(files, u, first, pos);
	*pieces += files->nr;
	return files;
}

/* Where a batch lies. Where others wrote the pack it may lie all over it; then
 * each of its files is read when its turn comes. */
static struct pack_range range_of(const struct batch *batch)
{
	const struct unpack *u = batch->u;
	uint64_t begin = UINT64_MAX, end = 0, bytes = 0;
	size_t pos;

	for (pos = batch->first; pos < batch->end; pos++) {
		const struct pack_entry *e = unpack_at(u, pos);

		if (!unpack_is_small(e))
			continue;
		begin = MINIMUM(begin, e->offset);
		end = MAXIMUM(end, e->limit);
		bytes += e->limit - e->offset;
	}
	if (end - begin > 2 * bytes + RANGE_SLACK)
		end = begin;
	return (struct pack_range){ begin, end - begin };
}

void unpack_small_order(struct small_files *files, struct unpack *u)
{
	size_t i;

	for (i = 0; i < files->nr; i++) {
		files->batch[i].range = u->nr_ranges;
		u->range[u->nr_ranges++] = range_of(&files->batch[i]);
	}
}

void unpack_small_start(struct small_files *files, struct workers *workers)
{
	size_t i;

	for (i = 0; i < files->nr; i++)
		workers_add(workers, &files->batch[i].work);
}

void unpack_small_free(struct small_files *files)
{
	if (!files)
		return;
	free(files->batch);
	free(files);
}
