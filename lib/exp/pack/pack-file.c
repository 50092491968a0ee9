#include "lib/base/compat.h"
#include "lib/exp/pack/pack-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"

/* Of a long file, read at once to hash it. */
#define HASH_PIECE ((uint64_t)128 << 10)

/* Of the clock of a file system, and some more. */
#define STEP_MS 20

/* What a small file held, now in the slot's `in`. */
struct content {
	struct stat st;
	size_t len;
	uint32_t crc;
	bool fresh;		/* as of pack_item_fd() */
	bool unchanged;		/* and all of it */
};

#ifdef RESUTIL_FAULT_POINTS
/*
 * For tests that change a file at a certain moment: RESUTIL_TEST_PACK_PAUSE is
 * POINT:PATH:FIFO, and at that point of that entry we read the FIFO to its
 * end. Whoever opens it for writing has us wait until it is closed again.
 */
void pack_pause(const char *point, const char *path)
{
	const char *hook = getenv("RESUTIL_TEST_PACK_PAUSE");
	size_t n = strlen(point), m = strlen(path);
	char room[256];
	int fd;

	if (!hook || strncmp(hook, point, n) || hook[n] != ':' ||
	    strncmp(hook + n + 1, path, m) || hook[n + 1 + m] != ':')
		return;
	fd = open(hook + n + m + 2, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (read(fd, room, sizeof(room)) > 0)
		;
	close(fd);
}
#else
void pack_pause(const char *point UNUSED, const char *path UNUSED)
{
}
#endif

void pack_add_path(struct strbuf *out, const struct pack_run *run, size_t i)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, run->dir);
	strbuf_complete_slash(&path);
	strbuf_addstr(&path, run->tree.entry[i].path);
	quote_c(out, path.buf, path.len);
	strbuf_release(&path);
}

int pack_fail_at(const struct pack_run *run, size_t i, const char *what,
		 struct strbuf *err)
{
	int saved = errno;
	struct strbuf path = STRBUF_INIT;

	pack_add_path(&path, run, i);
	fail(err, ERR_FAILED, "cannot %s '%s': %s", what, path.buf,
	     strerror(saved));
	strbuf_release(&path);
	return ERR_FAILED;
}

/* What errno says when something else, or nothing, is at a path now. */
static bool has_gone(int errno_value)
{
	return errno_value == ENOENT || errno_value == ENOTDIR ||
	       errno_value == ELOOP || errno_value == ENXIO ||
	       errno_value == EINVAL || errno_value == ESTALE;
}

void pack_close_dir(struct pack_worker *w)
{
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	w->dir_fd = -1;
}

/* The directory that a file or link lies in. It stays open, for the next. */
static int open_parent(struct pack_run *run, struct pack_worker *w,
		       const struct exp_entry *e, const char **base)
{
	size_t len = e->path_len;

	while (len && e->path[len - 1] != '/')
		len--;
	*base = e->path + len;
	if (!len)
		return run->tree.fd;
	if (w->dir_fd >= 0 && w->dir_len == len &&
	    !memcmp(w->dir, e->path, len))
		return w->dir_fd;
	pack_close_dir(w);
	w->dir_fd = open_parent_beneath(run->tree.fd, e->path, base);
	w->dir = e->path;
	w->dir_len = len;
	return w->dir_fd;
}

/*
 * Many file systems count time in steps (4 ms, at most 10): of two writes in
 * one step the second one leaves no trace. `before`: taken before the stat. A
 * clock that is ahead of ours makes everything fresh, which costs time only.
 */
static bool is_fresh(const struct stat *st, const struct timespec *before)
{
	const struct timespec *at = &st->st_ctim;
	int64_t ms = ((int64_t)before->tv_sec - (int64_t)at->tv_sec) * 1000 +
		     (before->tv_nsec - at->tv_nsec) / 1000000;

	return ms < STEP_MS;
}

void pack_let_age(const struct pack_run *run)
{
	const struct timespec step = { 0, STEP_MS * 1000 * 1000 };

	if (run->options->live)
		nanosleep(&step, NULL);
}

int pack_item_fd(struct pack_run *run, struct pack_worker *w, size_t i,
		 int *fd, struct stat *st, bool *fresh, struct strbuf *err)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
			  O_NOCTTY;
	const struct exp_entry *e = &run->tree.entry[i];
	struct timespec now;
	const char *base;
	int dir;

	pack_pause("open", e->path);
	clock_gettime(CLOCK_REALTIME, &now);
	*fd = -1;
	if (!w) {
		*fd = open_beneath(run->tree.fd, e->path, flags);
	} else {
		dir = open_parent(run, w, e, &base);
		if (dir >= 0)
			*fd = openat(dir, base, flags);
	}
	if (*fd < 0)
		return has_gone(errno) ? PACK_CHANGED :
					 pack_fail_at(run, i, "open", err);
	if (fstat(*fd, st)) {
		close(*fd);
		return pack_fail_at(run, i, "read", err);
	}
	*fresh = is_fresh(st, &now);
	if (S_ISREG(st->st_mode))
		return 0;
	close(*fd);
	return PACK_CHANGED;
}

bool pack_same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A write in place leaves another time of content and the same size. Its writer
 * may be in the middle of it, so to find the same twice says nothing. */
bool pack_only_grew(const struct stat *before, const struct stat *after)
{
	return after->st_size > before->st_size ||
	       (after->st_size == before->st_size &&
		after->st_mtim.tv_sec == before->st_mtim.tv_sec &&
		after->st_mtim.tv_nsec == before->st_mtim.tv_nsec);
}

/* 1: all of it; 0: the file is shorter; -1 and errno. */
static int read_at(int fd, unsigned char *buf, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, buf + done, len - done,
				  (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		done += (size_t)n;
	}
	return 1;
}

bool pack_same_content(int fd, uint64_t len, uint32_t crc, unsigned char *buf)
{
	uint64_t done = 0;
	uint32_t found = 0;

	while (done < len) {
		size_t n = (size_t)MINIMUM(len - done, ZSTREAM_CHUNK);

		if (read_at(fd, buf, n, done) != 1)
			return false;
		found = zcrc32(found, buf, n);
		done += n;
	}
	return found == crc;
}

size_t pack_room(const struct exp_entry *e)
{
	return PACK_LOCAL_MAX + e->path_len +
	       (S_ISDIR(e->mode) ? 0 : zdeflate_bound((size_t)e->size));
}

/* Whether `len` bytes of content still have room, and the entries after. */
static bool fits(const struct pack_slot *s, const struct exp_entry *e,
		 uint64_t len)
{
	return len <= PACK_SMALL_MAX &&
	       s->out_len + s->reserved + PACK_LOCAL_MAX + e->path_len +
	       zdeflate_bound((size_t)len) <= pack_slot_out();
}

/* Reads what was opened. A file that has grown since the tree was walked is
 * taken so, if it is still a small one. */
static int read_opened(struct pack_slot *s, size_t i, int fd,
		       struct content *c)
{
	struct pack_run *run = s->run;
	const struct exp_entry *e = &run->tree.entry[i];
	bool live = run->options->live;
	struct stat after;
	int got;

	c->len = (size_t)c->st.st_size;
	if (!fits(s, e, (uint64_t)c->st.st_size)) {
		if (!live)
			return PACK_CHANGED;
		c->len = (size_t)e->size;
	}
	got = read_at(fd, s->in, c->len, 0);
	if (got < 0)
		return pack_fail_at(run, i, "read", &s->err);
	if (!got)
		return PACK_CHANGED;
	pack_pause("check", e->path);
	c->crc = zcrc32(0, s->in, c->len);
	if (c->fresh)
		pack_let_age(run);
	if (fstat(fd, &after))
		return pack_fail_at(run, i, "read", &s->err);
	c->unchanged = pack_same_stat(&c->st, &after);
	if (!c->unchanged && !(live && pack_only_grew(&c->st, &after)))
		return PACK_CHANGED;
	if ((!c->unchanged || c->fresh) &&
	    !pack_same_content(fd, c->len, c->crc, s->out + s->out_len))
		return PACK_CHANGED;
	c->unchanged = c->unchanged && c->len == (size_t)c->st.st_size;
	return 0;
}

/* A file that changes while it is read is read once more. */
static int read_small(struct pack_slot *s, struct pack_worker *w, size_t i,
		      struct content *c)
{
	int fd, ret, tries;

	for (tries = 0; tries < 2; tries++) {
		ret = pack_item_fd(s->run, w, i, &fd, &c->st, &c->fresh,
				   &s->err);
		if (!ret) {
			ret = read_opened(s, i, fd, c);
			close(fd);
		}
		if (ret != PACK_CHANGED)
			break;
	}
	return ret;
}

static int hash_bytes(struct pack_worker *w, const void *data, size_t len,
		      unsigned char *raw, struct strbuf *err)
{
	int ret = w->digest ? 0 : digest_start(&w->digest, err);

	if (ret)
		return ret;
	digest_once(w->digest, data, len, raw);
	return 0;
}

static struct zdeflate *deflate_of(const struct pack_run *run,
				   struct pack_worker *w)
{
	if (!w->deflate)
		w->deflate = zdeflate_new(run->options->level);
	return w->deflate;
}

/* Local header and data of what is in the slot's `in`. */
static void put_small(struct pack_slot *s, struct pack_worker *w, size_t i,
		      size_t len)
{
	const struct exp_entry *e = &s->run->tree.entry[i];
	struct pack_item *item = &s->run->item[i];
	unsigned char *header = s->out + s->out_len;
	size_t header_len = pack_local_len(item, e->path_len);
	unsigned char *data = header + header_len;
	size_t packed = len;

	if (len && S_ISREG(item->mode) && s->run->options->level)
		packed = zdeflate_chunk(deflate_of(s->run, w), s->in, 0, len,
					true, data);
	item->deflated = packed < len;
	if (!item->deflated) {
		memcpy(data, s->in, len);
		packed = len;
	}
	item->size = len;
	item->packed = packed;
	item->offset = s->out_len;
	pack_local_header(header, item, e->path, e->path_len);
	s->out_len += header_len + packed;
}

static int pack_small(struct pack_slot *s, struct pack_worker *w, size_t i,
		      unsigned char *hash)
{
	struct pack_run *run = s->run;
	struct hash_cache *cache = run->options->cache;
	struct pack_item *item = &run->item[i];
	const char *path = run->tree.entry[i].path;
	struct content c;
	int ret;

	ret = read_small(s, w, i, &c);
	if (ret)
		return ret;
	if (!hash_cache_find(cache, path, &c.st, hash) || !c.unchanged) {
		ret = hash_bytes(w, s->in, c.len, hash, &s->err);
		if (ret)
			return ret;
		if (c.unchanged)
			hash_cache_note(cache, path, &c.st, hash);
	}
	/* The first entry is in one piece only: nobody else writes this. */
	if (!i && run->tree.has_record)
		pack_note_record(run, s->in, c.len);
	item->mode = c.st.st_mode;
	item->mtime = c.st.st_mtime;
	item->crc = c.crc;
	put_small(s, w, i, c.len);
	return 0;
}

static int pack_link(struct pack_slot *s, struct pack_worker *w, size_t i,
		     unsigned char *hash)
{
	struct pack_run *run = s->run;
	const struct exp_entry *e = &run->tree.entry[i];
	const char *base;
	ssize_t len = -1;
	int dir, ret;

	dir = open_parent(run, w, e, &base);
	if (dir >= 0)
		len = readlinkat(dir, base, (char *)s->in, PATH_MAX);
	if (len < 0)
		return has_gone(errno) ? PACK_CHANGED :
					 pack_fail_at(run, i, "read", &s->err);
	if (!fits(s, e, (uint64_t)len))
		return PACK_CHANGED;
	ret = hash_bytes(w, s->in, (size_t)len, hash, &s->err);
	if (ret)
		return ret;
	run->item[i].crc = zcrc32(0, s->in, (size_t)len);
	put_small(s, w, i, (size_t)len);
	return 0;
}

/*
 * It is opened for what lies in it, which comes next. Its time tells whether
 * something was added or removed since the tree was walked.
 */
static int pack_directory(struct pack_slot *s, struct pack_worker *w, size_t i)
{
	struct pack_run *run = s->run;
	const struct exp_entry *e = &run->tree.entry[i];
	struct stat st;

	pack_pause("open", e->path);
	pack_close_dir(w);
	w->dir_fd = open_beneath(run->tree.fd, e->path,
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
	w->dir = e->path;
	w->dir_len = e->path_len;
	if (w->dir_fd < 0 || fstat(w->dir_fd, &st))
		return has_gone(errno) ? PACK_CHANGED :
					 pack_fail_at(run, i, "read", &s->err);
	if (!run->options->live && st.st_mtime != e->mtime)
		return PACK_CHANGED;
	put_small(s, w, i, 0);
	return 0;
}

static bool needs_utf8_flag(const char *path, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)path[i] >= 0x80)
			return utf8_is_valid(path, len);
	return false;
}

void pack_item_init(struct pack_run *run, size_t i)
{
	const struct exp_entry *e = &run->tree.entry[i];
	struct pack_item *item = &run->item[i];

	item->mode = e->mode;
	item->mtime = e->mtime;
	item->utf8 = needs_utf8_flag(e->path, e->path_len);
}

void pack_batch(struct work *work, unsigned worker)
{
	struct pack_slot *s = (struct pack_slot *)work;
	struct pack_run *run = s->run;
	struct pack_worker *w = &run->worker[worker];
	size_t i, end = s->entry + s->nr;

	for (i = s->entry; i < end && !s->ret; i++) {
		const struct exp_entry *e = &run->tree.entry[i];
		unsigned char *hash = run->hash[i];

		if (__atomic_load_n(&run->stop, __ATOMIC_RELAXED))
			return;
		if (run->item[i].left_out)
			continue;
		pack_item_init(run, i);
		s->reserved -= pack_room(e);
		if (S_ISREG(e->mode))
			s->ret = pack_small(s, w, i, hash);
		else if (S_ISLNK(e->mode))
			s->ret = pack_link(s, w, i, hash);
		else
			s->ret = pack_directory(s, w, i);
		if (s->ret != PACK_CHANGED)
			continue;
		s->changed = i;
		if (run->options->live) {
			run->item[i].left_out = true;
			s->ret = 0;
		}
	}
}

void pack_hash_long(struct work *work, unsigned worker UNUSED)
{
	struct pack_long *f = (struct pack_long *)work;
	uint64_t at = 0, size = (uint64_t)f->st.st_size;
	unsigned char *buf = xmalloc(HASH_PIECE);

	pack_pause("hash", f->run->tree.entry[f->entry].path);
	while (at < size && !__atomic_load_n(&f->run->stop, __ATOMIC_RELAXED)) {
		size_t n = (size_t)MINIMUM(size - at, HASH_PIECE);
		int got = read_at(f->fd, buf, n, at);

		if (got != 1) {
			f->read_errno = errno;
			f->ret = got ? ERR_FAILED : PACK_CHANGED;
			break;
		}
		digest_add(f->digest, buf, n);
		f->crc = zcrc32(f->crc, buf, n);
		at += n;
	}
	free(buf);
}

/*
 * Holes are read as everything else is: lseek(2) with SEEK_DATA has called
 * what was just written a hole (OpenZFS before 2.1.14 and 2.2.2), and nobody
 * would notice that zeros were packed.
 */
void pack_chunk(struct work *work, unsigned worker)
{
	struct pack_slot *s = (struct pack_slot *)work;
	struct pack_run *run = s->run;
	struct pack_worker *w = &run->worker[worker];
	struct pack_long *f = s->file;
	unsigned char *in = s->in + ZSTREAM_DICT;
	size_t dict = s->chunk % ZSTREAM_GROUP ? ZSTREAM_DICT : 0;
	int got;

	if (__atomic_load_n(&run->stop, __ATOMIC_RELAXED))
		return;
	got = read_at(f->fd, in - dict, dict + s->len,
		      s->chunk * ZSTREAM_CHUNK - dict);
	if (got < 0)
		s->ret = pack_fail_at(run, f->entry, "read", &s->err);
	else if (!got)
		s->ret = PACK_CHANGED;
	s->changed = f->entry;
	if (s->ret)
		return;
	s->crc = zcrc32(0, in, s->len);
	/* A single worker does all in order, and has the bytes at hand. */
	if (!f->known && workers_nr(run->workers) == 1) {
		digest_add(f->digest, in, s->len);
		f->crc = zcrc32_join(f->crc, s->crc, s->len);
	}
	s->out_len = zdeflate_chunk(deflate_of(run, w), in, dict, s->len,
				    s->chunk + 1 == f->chunks, s->out);
}
