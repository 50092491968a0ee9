/*
 * Big files. Where the pack has restart points a file is inflated by its
 * segments, each a piece of work that writes at its own offset.
 *
 * SHA-256 goes through a file in order. Whoever has written a segment and
 * finds that nobody hashes this file goes on as far as segments are there,
 * reading them back while they are still in the page cache; the segment that
 * is next in turn is hashed as it passes. So no worker waits for another, and
 * nothing is kept in memory.
 *
 * Segments of as many files as there are workers are given in turns: hashing
 * cannot be divided within a file.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/unpack-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/exp/pack/zip-format.h"

/* Of extra fields in a local header, as we and most others write them. */
#define EXTRA_USUAL 64
#define HOLE (64u << 10)	/* zeros that are not written */
#define READ_BACK (256u << 10)

struct big;

struct segment {
	struct work work;
	struct big *file;
	uint32_t crc;
	uint64_t parts;		/* that are no holes: 64 to a segment */
	bool written;		/* under the lock */
	size_t range;		/* of u->range */
};

struct big {
	struct unpack *u;
	const struct pack_entry *e;
	size_t pos;
	struct segment *segment;
	size_t nr;

	pthread_mutex_t lock;	/* for what follows */
	int fd;
	bool bad;		/* a segment is missing */
	size_t left;		/* segments that are not done with */
	struct digest *digest;	/* of whoever hashes */
	size_t hashed;		/* segments, from the first */
	bool hashing;
};

struct big_files {
	struct big *file;
	size_t nr;
	struct segment **order;	/* in which they are given */
	size_t nr_order;
};

/* ---- writing ------------------------------------------------------------ */

struct big_out {
	struct big *file;
	struct segment *segment;
	struct digest *digest;	/* NULL: not now */
	struct strbuf *err;
};

static bool all_zero(const unsigned char *buf, size_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

/* Up to the next boundary, so that the holes do not depend on the pieces. */
static size_t block_at(uint64_t offset, size_t len)
{
	return MINIMUM(len, (size_t)(HOLE - offset % HOLE));
}

/* The bit of the part of a segment that holds `offset`. */
static uint64_t part_bit(const struct big *file, uint64_t offset)
{
	return UINT64_C(1) << (offset >> (file->e->unit_log2 - 6) & 63);
}

static int write_part(struct big_out *out, const unsigned char *buf, size_t len,
		      uint64_t offset)
{
	uint64_t at;

	/* The bits are for reading back, which is for segments alone. */
	for (at = offset; out->file->nr > 1 && at < offset + len; at += HOLE)
		out->segment->parts |= part_bit(out->file, at);
	if (out->file->nr > 1)
		out->segment->parts |= part_bit(out->file, offset + len - 1);
	return sys_pwrite_all(out->file->fd, buf, len, (off_t)offset);
}

/* What is left out is a hole: the file has its length from the beginning. */
static int write_sparse(struct big_out *out, const unsigned char *buf,
			size_t len, uint64_t offset)
{
	while (len) {
		size_t block = block_at(offset, len), nr = block;

		if (!all_zero(buf, block)) {
			for (; nr < len; nr += block) {
				block = block_at(offset + nr, len - nr);
				if (all_zero(buf + nr, block))
					break;
			}
			if (write_part(out, buf, nr, offset))
				return -1;
		}
		buf += nr;
		len -= nr;
		offset += nr;
	}
	return 0;
}

static int put_piece(const unsigned char *buf, size_t len, uint64_t offset,
		     void *data)
{
	struct big_out *out = data;
	struct big *file = out->file;

	if (unpack_stops(file->u))	/* the sentence is that of another */
		return ERR_FAILED;
	if (write_sparse(out, buf, len, offset))
		return unpack_errno(file->u, file->e->path, file->e->path_len,
				    "write", out->err);
	if (out->digest)
		digest_add(out->digest, buf, len);
	unpack_count(file->u, 0, len);
	return 0;
}

/* ---- hashing ------------------------------------------------------------ */

/* Where the content of a segment begins; of one behind the last, the end. */
static uint64_t segment_start(const struct big *file, size_t nr)
{
	if (!nr)
		return 0;
	if (nr >= file->nr)
		return file->e->size;
	return (uint64_t)nr << file->e->unit_log2;
}

/*
 * Up to the end of a part. What was not written is not read either: the kernel
 * would fill the cache with pages of zeros.
 */
static ssize_t read_part(const struct big *file, const struct segment *segment,
			 unsigned char *buf, uint64_t at, uint64_t end)
{
	uint64_t part = UINT64_C(1) << (file->e->unit_log2 - 6);
	size_t len = (size_t)MINIMUM(READ_BACK, end - at);
	ssize_t n;

	len = (size_t)MINIMUM(len, part - at % part);
	if (!(segment->parts & part_bit(file, at))) {
		memset(buf, 0, len);
		return (ssize_t)len;
	}
	do {
		n = pread(file->fd, buf, len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n;
}

static int read_back(struct big *file, size_t nr, struct strbuf *err)
{
	const struct pack_entry *e = file->e;
	uint64_t at = segment_start(file, nr);
	uint64_t end = segment_start(file, nr + 1);
	unsigned char *buf = xmalloc(READ_BACK);
	ssize_t n = 0;
	int ret = 0;

	for (; at < end; at += (uint64_t)n) {
		n = read_part(file, &file->segment[nr], buf, at, end);
		if (n <= 0)
			break;
		digest_add(file->digest, buf, (size_t)n);
	}
	if (n < 0)
		ret = unpack_errno(file->u, e->path, e->path_len, "read back",
				   err);
	else if (at < end)
		ret = pack_entry_fail(file->u->p, e, ERR_FAILED, err,
				      "it became shorter while it was written");
	free(buf);
	return ret;
}

/* With `file->hashing` ours, up to the first segment that is not there. */
static int hash_on(struct big *file, struct strbuf *err)
{
	int ret = 0;

	pthread_mutex_lock(&file->lock);
	while (!ret && file->hashed < file->nr &&
	       file->segment[file->hashed].written) {
		pthread_mutex_unlock(&file->lock);
		if (!unpack_stops(file->u))
			ret = read_back(file, file->hashed, err);
		pthread_mutex_lock(&file->lock);
		file->hashed++;
	}
	file->hashing = false;
	pthread_mutex_unlock(&file->lock);
	return ret;
}

/* ---- one segment -------------------------------------------------------- */

/* The first that comes makes the file. */
static int need_file(struct big *file, struct strbuf *err)
{
	struct dir_cursor at;
	int ret = 0;

	pthread_mutex_lock(&file->lock);
	if (file->bad || file->fd >= 0) {
		ret = file->bad ? ERR_FAILED : 0;
		goto unlock;
	}
	dir_cursor_init(&at, file->u->root);
	ret = unpack_create(file->u, &at, file->e,
			    file->u->digest ? O_RDWR : O_WRONLY, &file->fd,
			    err);
	dir_cursor_release(&at);
	if (!ret && sys_ftruncate(file->fd, (off_t)file->e->size))
		ret = unpack_errno(file->u, file->e->path, file->e->path_len,
				   "write", err);
	if (!ret && file->u->digest)
		ret = digest_start(&file->digest, err);
	if (ret)
		file->bad = true;

unlock:
	pthread_mutex_unlock(&file->lock);
	return ret;
}

/* Whether segment `nr` is the one to be hashed next; then hashing is ours. */
static bool take_turn(struct big *file, size_t nr)
{
	bool ours;

	pthread_mutex_lock(&file->lock);
	ours = file->digest && !file->hashing && file->hashed == nr;
	if (ours)
		file->hashing = true;
	pthread_mutex_unlock(&file->lock);
	return ours;
}

/* It is written. True when hashing is ours from here on. */
static bool note_written(struct big *file, size_t nr, bool ours)
{
	pthread_mutex_lock(&file->lock);
	file->segment[nr].written = true;
	if (ours)
		file->hashed++;
	else if (file->digest && !file->hashing && file->hashed == nr)
		file->hashing = ours = true;
	pthread_mutex_unlock(&file->lock);
	return ours;
}

static int read_segment(struct big *file, size_t nr, struct pack_reader *reader,
			struct strbuf *err)
{
	struct segment *segment = &file->segment[nr];
	struct big_out out = { .file = file, .segment = segment, .err = err };
	const struct pack *p = file->u->p;
	bool ours;
	int ret;

	ret = need_file(file, err);
	if (ret)
		return ret;
	ours = take_turn(file, nr);
	if (ours)
		out.digest = file->digest;
	if (file->nr == 1)
		ret = pack_read_entry(p, file->e, reader, put_piece, &out,
				      err);
	else
		ret = pack_read_segment(p, file->e, nr, reader,
					&segment->crc, put_piece, &out, err);
	if (ret)
		return ret;
	if (note_written(file, nr, ours))
		ret = hash_on(file, err);
	return ret;
}

/* ---- one file ----------------------------------------------------------- */

static int check_crc(struct big *file, struct strbuf *err)
{
	uint32_t *crc;
	size_t i;
	int ret;

	if (file->nr == 1)
		return 0;
	crc = xmalloc(file->nr * sizeof(*crc));
	for (i = 0; i < file->nr; i++)
		crc[i] = file->segment[i].crc;
	ret = pack_check_segments(file->u->p, file->e, crc, err);
	free(crc);
	return ret;
}

/* By whoever did the last segment, when no other is at the file. */
static int finish_file(struct big *file, struct strbuf *err)
{
	unsigned char unused[DIGEST_RAWSZ];
	struct unpack *u = file->u;
	bool bad = file->bad || unpack_stops(u);
	int ret = 0;

	if (file->digest)
		digest_finish(&file->digest, bad ? unused :
			      u->digest + file->pos * DIGEST_RAWSZ);
	if (!bad) {
		ret = check_crc(file, err);
		if (!ret)
			ret = unpack_close(u, file->e, &file->fd, err);
		unpack_count(u, 1, 0);
	}
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	return ret;
}

static void do_segment(struct work *work, unsigned worker)
{
	struct segment *segment = (struct segment *)work;
	struct big *file = segment->file;
	struct unpack *u = file->u;
	struct strbuf err = STRBUF_INIT;
	bool last;
	int ret = ERR_FAILED;

	if (!unpack_stops(u)) {
		ret = read_segment(file, (size_t)(segment - file->segment),
				   u->reader[worker], &err);
		if (ret)
			unpack_fail(u, file->pos, ret, &err);
	}
	pack_source_done(u->p->source, segment->range);
	pthread_mutex_lock(&file->lock);
	file->bad |= ret != 0;
	last = !--file->left;
	pthread_mutex_unlock(&file->lock);
	if (last) {
		strbuf_reset(&err);
		ret = finish_file(file, &err);
		if (ret)
			unpack_fail(u, file->pos, ret, &err);
	}
	strbuf_release(&err);
}

/* ---- all of them -------------------------------------------------------- */

static void init_file(struct big *file, struct unpack *u, size_t pos)
{
	file->u = u;
	file->pos = pos;
	file->e = unpack_at(u, pos);
	file->fd = -1;
}

/* Now that the file does not move any more. */
static void add_segments(struct big *file)
{
	size_t i;

	file->nr = file->left = pack_segments(file->e);
	file->segment = xcalloc(file->nr, sizeof(*file->segment));
	for (i = 0; i < file->nr; i++) {
		file->segment[i].work.fn = do_segment;
		file->segment[i].file = file;
	}
	pthread_mutex_init(&file->lock, NULL);
}

/* The longest first, so that at the end all workers are busy. */
static int compare_files(const void *a, const void *b)
{
	const struct big *one = a, *two = b;

	if (one->e->size != two->e->size)
		return one->e->size > two->e->size ? -1 : 1;
	return one->pos < two->pos ? -1 : 1;
}

/*
 * Where the next segment of a file lies: exactly for the first and the last,
 * for others as far as is known without their local header. *at: where it
 * begins; then where the one after it does.
 */
static struct pack_range range_of(const struct big *file, size_t nr,
				  uint64_t *at)
{
	const struct pack_entry *e = file->e;
	uint64_t begin = *at, end = e->limit;

	if (nr + 1 < file->nr) {
		*at += zip_get32(e->points + 4 * nr);
		if (!nr)
			*at += ZIP_LOCAL_LEN + e->name_len;
		end = MINIMUM(end, *at + EXTRA_USUAL);
	}
	return (struct pack_range){ begin, end - begin };
}

/* Rounds: a segment of each of nr files, until all are given. */
static void order_group(struct big_files *files, struct unpack *u,
			struct big *file, size_t nr)
{
	uint64_t *at = xcalloc(nr, sizeof(*at));
	size_t round, i;
	bool any = true;

	for (i = 0; i < nr; i++)
		at[i] = file[i].e->offset;
	for (round = 0; any; round++) {
		any = false;
		for (i = 0; i < nr; i++) {
			if (round >= file[i].nr)
				continue;
			file[i].segment[round].range = u->nr_ranges;
			u->range[u->nr_ranges++] = range_of(&file[i], round,
							    &at[i]);
			files->order[files->nr_order++] =
				&file[i].segment[round];
			any = true;
		}
	}
	free(at);
}

struct big_files *unpack_big_plan(struct unpack *u, size_t *pieces)
{
	struct big_files *files = xcalloc(1, sizeof(*files));
	size_t pos, i;

	for (pos = 0; pos < u->p->nr; pos++)
		files->nr += unpack_is_big(unpack_at(u, pos));
	if (!files->nr)
		return files;
	files->file = xcalloc(files->nr, sizeof(*files->file));
	for (pos = i = 0; pos < u->p->nr; pos++)
		if (unpack_is_big(unpack_at(u, pos)))
			init_file(&files->file[i++], u, pos);
	qsort(files->file, files->nr, sizeof(*files->file), compare_files);
	for (i = 0; i < files->nr; i++) {
		add_segments(&files->file[i]);
		*pieces += files->file[i].nr;
	}
	return files;
}

void unpack_big_order(struct big_files *files, struct unpack *u,
		      unsigned workers)
{
	size_t all = 0, i;

	for (i = 0; i < files->nr; i++)
		all += files->file[i].nr;
	files->order = xcalloc(all + 1, sizeof(*files->order));
	for (i = 0; i < files->nr; i += workers)
		order_group(files, u, files->file + i,
			    MINIMUM(workers, files->nr - i));
}

void unpack_big_start(struct big_files *files, struct workers *workers)
{
	size_t i;

	for (i = 0; i < files->nr_order; i++)
		workers_add(workers, &files->order[i]->work);
}

void unpack_big_free(struct big_files *files)
{
	size_t i;

	if (!files)
		return;
	for (i = 0; i < files->nr; i++) {
		pthread_mutex_destroy(&files->file[i].lock);
		free(files->file[i].segment);
	}
	free(files->order);
	free(files->file);
	free(files);
}
