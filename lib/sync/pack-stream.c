#include "lib/base/compat.h"
#include "lib/sync/pack-stream.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/pack/pack-write.h"
#include "lib/wrap/zstream.h"
#include "transport/transport.h"

#define RING_BYTES ((size_t)4 << 20)
#define MEMORY_MAX ((size_t)16 << 20)
#define CHECK_BLOCK ((uint64_t)1 << 20)

/*
 * Threads: whoever reads the source, one at a time, and the packer. `lock`
 * guards what they share. The packer alone has the checks; the reader looks at
 * them when there is no packer.
 */
struct pack_stream {
	struct put_source source;	/* first */
	const char *dir;
	struct pack_options options;
	struct pack_result result;
	bool packed;			/* `result` is whole */
	int failed;

	/* packed first: in memory, or in a file without a name */
	struct strbuf memory;
	int fd;				/* -1: in memory */
	uint64_t len, pos;

	/* packed by a thread */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t more, room;
	unsigned char *ring;
	size_t begin, filled;
	bool stop, ended;
	struct strbuf err;		/* of `failed` */
	uint64_t skip;			/* bytes that nobody wants again */
	uint64_t given;			/* where its reader is; atomic */

	/* what was packed before must be packed again */
	uint64_t at, seen;		/* bytes of this time; of the longest */
	uint32_t crc, seen_crc;		/* of the block that has just begun */
	uint32_t *block;		/* of each whole block */
	size_t blocks, alloc;
};

/* ---- packed first ------------------------------------------------------- */

static int write_spool(struct pack_stream *s, const void *buf, size_t len,
		       struct strbuf *err)
{
	if (!sys_write_all(s->fd, buf, len))
		return 0;
	fail_errno(err, "cannot keep the pack of '%s' for the upload", s->dir);
	return ERR_FAILED;
}

/* The file lies beside the experiment: where that has room its pack has. */
static int spill(struct pack_stream *s, struct strbuf *err)
{
	size_t len = strlen(s->dir) - strlen(path_basename(s->dir));
	char *parent = xmemdupz(len ? s->dir : ".", len ? len : 1);
	int ret = tempfile_unnamed(&s->fd, parent, err);

	free(parent);
	if (!ret)
		ret = write_spool(s, s->memory.buf, s->memory.len, err);
	strbuf_release(&s->memory);
	return ret;
}

static int keep(void *data, const void *buf, size_t len, struct strbuf *err)
{
	struct pack_stream *s = data;
	int ret = 0;

	if (s->fd < 0 && s->memory.len + len > MEMORY_MAX)
		ret = spill(s, err);
	if (!ret && s->fd >= 0)
		ret = write_spool(s, buf, len, err);
	else if (!ret)
		strbuf_add(&s->memory, buf, len);
	s->len += len;
	return ret;
}

static int keep_anew(void *data, struct strbuf *err)
{
	struct pack_stream *s = data;

	s->len = 0;
	strbuf_reset(&s->memory);
	if (s->fd < 0 ||
	    (!sys_ftruncate(s->fd, 0) && !lseek(s->fd, 0, SEEK_SET)))
		return 0;
	fail_errno(err, "cannot keep the pack of '%s' anew", s->dir);
	return ERR_FAILED;
}

static int open_kept(struct put_source *source, uint64_t offset,
		     struct strbuf *err)
{
	struct pack_stream *s = (struct pack_stream *)source;

	if (offset > s->len)
		return fail(err, ERR_CONTENT, "the pack of '%s' has %" PRIu64
			    " bytes, not %" PRIu64, s->dir, s->len, offset);
	s->pos = offset;
	return 0;
}

static int read_kept(struct put_source *source, void *buf, size_t len,
		     size_t *got, struct strbuf *err)
{
	struct pack_stream *s = (struct pack_stream *)source;
	size_t want = (size_t)MINIMUM(len, s->len - s->pos), done = 0;
	ssize_t n;

	if (s->fd < 0 && want)
		memcpy(buf, s->memory.buf + s->pos, want);
	while (s->fd >= 0 && done < want) {
		n = pread(s->fd, (char *)buf + done, want - done,
			  (off_t)(s->pos + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(err, ERR_FAILED, "cannot read back the "
				    "pack of '%s'", s->dir);
		done += (size_t)n;
	}
	s->pos += want;
	*got = want;
	__atomic_store_n(&s->given, s->pos, __ATOMIC_RELAXED);
	return 0;
}

static int pack_first(struct pack_stream *s, struct strbuf *err)
{
	const struct pack_sink sink = { keep, keep_anew, s };
	int ret = pack_write(s->dir, &s->options, &sink, &s->result, err);

	if (ret)
		return ret;
	s->packed = true;
	s->source.size = s->len;
	if (s->fd < 0 && s->len)
		s->source.bytes = s->memory.buf;
	s->source.open = open_kept;
	s->source.read = read_kept;
	return 0;
}

/* ---- packed while it is sent -------------------------------------------- */

static int check_block(struct pack_stream *s, bool good, struct strbuf *err)
{
	if (good)
		return 0;
	return fail(err, ERR_CONFLICT, "'%s' has changed since its upload "
		    "began; try again", s->dir);
}

/* All that is packed passes here, in pieces that end where a block does, or
 * where an earlier time ended. */
static int check_again(struct pack_stream *s, const unsigned char *buf,
		       size_t len, struct strbuf *err)
{
	int ret = 0;

	while (!ret && len) {
		uint64_t end = (s->at / CHECK_BLOCK + 1) * CHECK_BLOCK;
		size_t n;

		if (s->at < s->seen)
			end = MINIMUM(end, s->seen);
		n = (size_t)MINIMUM(len, end - s->at);
		s->crc = zcrc32(s->crc, buf, n);
		s->at += n;
		buf += n;
		len -= n;
		if (s->at % CHECK_BLOCK) {
			if (s->at == s->seen)
				ret = check_block(s, s->crc == s->seen_crc,
						  err);
			continue;
		}
		if (s->at <= s->seen) {
			ret = check_block(s, s->crc ==
					  s->block[s->at / CHECK_BLOCK - 1],
					  err);
		} else {
			ARRAY_GROW(s->block, s->blocks + 1, s->alloc);
			s->block[s->blocks++] = s->crc;
		}
		s->crc = 0;
	}
	return ret;
}

static void begin_checks(struct pack_stream *s)
{
	if (s->at > s->seen) {
		s->seen = s->at;
		s->seen_crc = s->crc;
	}
	s->at = 0;
	s->crc = 0;
}

/* Puts all of it into the ring; waits for room. ERR_NO: nobody wants it. */
static int give(struct pack_stream *s, const unsigned char *buf, size_t len)
{
	size_t n, at;
	int ret = 0;

	pthread_mutex_lock(&s->lock);
	while (len && !ret) {
		while (s->filled == RING_BYTES && !s->stop)
			pthread_cond_wait(&s->room, &s->lock);
		if (s->stop) {
			ret = ERR_NO;
			break;
		}
		at = (s->begin + s->filled) % RING_BYTES;
		n = MINIMUM(len, RING_BYTES - s->filled);
		n = MINIMUM(n, RING_BYTES - at);
		/* What is free is the packer's: no lock while copying. */
		pthread_mutex_unlock(&s->lock);
		memcpy(s->ring + at, buf, n);
		pthread_mutex_lock(&s->lock);
		s->filled += n;
		buf += n;
		len -= n;
		pthread_cond_signal(&s->more);
	}
	if (s->stop)
		ret = ERR_NO;
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static int pass_on(void *data, const void *buf, size_t len,
		   struct strbuf *err)
{
	struct pack_stream *s = data;
	uint64_t before = s->at;
	size_t pass_over = 0;
	int ret = check_again(s, buf, len, err);

	if (ret)
		return ret;
	if (before < s->skip)
		pass_over = (size_t)MINIMUM(len, s->skip - before);
	ret = give(s, (const unsigned char *)buf + pass_over,
		   len - pass_over);
	return ret ? fail(err, ret, "the upload of '%s' stopped", s->dir) : 0;
}

static void *packer(void *data)
{
	struct pack_stream *s = data;
	const struct pack_sink sink = { .write = pass_on, .data = s };
	struct strbuf err = STRBUF_INIT;
	int ret = pack_write(s->dir, &s->options, &sink, &s->result, &err);

	if (!ret && s->at < s->seen)
		ret = check_block(s, false, &err);
	if (!ret && s->at < s->skip)
		ret = fail(&err, ERR_CONTENT, "the pack of '%s' has %" PRIu64
			   " bytes, not %" PRIu64, s->dir, s->at, s->skip);
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	s->packed = !ret;
	s->failed = ret == ERR_NO ? 0 : ret;
	strbuf_addbuf(&s->err, &err);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	strbuf_release(&err);
	return NULL;
}

static void stop_packer(struct pack_stream *s)
{
	if (!s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->room);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->running = false;
}

static int open_stream(struct put_source *source, uint64_t offset,
		       struct strbuf *err)
{
	struct pack_stream *s = (struct pack_stream *)source;
	sigset_t all, before;
	int ret;

	stop_packer(s);
	begin_checks(s);
	s->begin = s->filled = 0;
	s->stop = s->ended = s->packed = false;
	s->failed = 0;
	s->skip = offset;
	__atomic_store_n(&s->given, offset, __ATOMIC_RELAXED);
	strbuf_reset(&s->err);
	if (!s->ring)
		s->ring = xmalloc(RING_BYTES);
	/* The program's handlers run where they always do. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&s->thread, NULL, packer, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return fail(err, ERR_FAILED, "cannot start a thread to pack "
			    "'%s': %s", s->dir, strerror(ret));
	s->running = true;
	return 0;
}

/* How much can be copied at once, when there is something; 0: the end. */
static size_t wait_for_more(struct pack_stream *s, size_t len, int *ret,
			    struct strbuf *err)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	while (!s->filled && !s->ended)
		pthread_cond_wait(&s->more, &s->lock);
	/* What lacks its end is of no use: a failure is told at once. */
	if (s->failed)
		*ret = fail(err, s->failed, "%s", s->err.buf);
	n = MINIMUM(len, s->filled);
	n = MINIMUM(n, RING_BYTES - s->begin);
	pthread_mutex_unlock(&s->lock);
	return *ret ? 0 : n;
}

static int read_stream(struct put_source *source, void *buf, size_t len,
		       size_t *got, struct strbuf *err)
{
	struct pack_stream *s = (struct pack_stream *)source;
	int ret = 0;
	size_t n;

	*got = 0;
	if (!s->running)
		ret = open_stream(source, 0, err);
	while (!ret && *got < len) {
		n = wait_for_more(s, len - *got, &ret, err);
		if (!n)
			break;
		memcpy((unsigned char *)buf + *got, s->ring + s->begin, n);
		*got += n;
		__atomic_fetch_add(&s->given, n, __ATOMIC_RELAXED);
		pthread_mutex_lock(&s->lock);
		s->begin = (s->begin + n) % RING_BYTES;
		s->filled -= n;
		pthread_cond_signal(&s->room);
		pthread_mutex_unlock(&s->lock);
	}
	return ret;
}

/* ---- both --------------------------------------------------------------- */

int pack_stream_open(struct pack_stream **out, const char *dir,
		     uint64_t bytes, const struct pack_options *options,
		     struct strbuf *err)
{
	static const struct pack_result empty = PACK_RESULT_INIT;
	struct pack_stream *s = xcalloc(1, sizeof(*s));
	int ret = 0;

	s->dir = dir;
	s->options = *options;
	s->result = empty;
	s->fd = -1;
	strbuf_init(&s->memory);
	strbuf_init(&s->err);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	pthread_cond_init(&s->room, NULL);
	if (bytes < PACK_STREAM_SMALL && !options->jobs)
		s->options.jobs = 1;
	if (bytes < PACK_STREAM_SMALL || options->live) {
		/* What still changes is not the same when packed again. */
		ret = pack_first(s, err);
	} else {
		s->source.size = OBJECT_SIZE_UNKNOWN;
		s->source.open = open_stream;
		s->source.read = read_stream;
	}
	if (ret)
		pack_stream_release(s);
	else
		*out = s;
	return ret;
}

struct put_source *pack_stream_source(struct pack_stream *s)
{
	return &s->source;
}

static bool is_packed(struct pack_stream *s)
{
	bool packed;

	pthread_mutex_lock(&s->lock);
	packed = s->packed;
	pthread_mutex_unlock(&s->lock);
	return packed;
}

const struct pack_result *pack_stream_result(const struct pack_stream *s)
{
	/* The lock is no part of what is told. */
	return is_packed((struct pack_stream *)s) ? &s->result : NULL;
}

uint64_t pack_stream_given(const struct pack_stream *s)
{
	return __atomic_load_n(&s->given, __ATOMIC_RELAXED);
}

int pack_stream_failed(const struct pack_stream *s)
{
	struct pack_stream *locked = (struct pack_stream *)s;
	int failed;

	pthread_mutex_lock(&locked->lock);
	failed = s->failed;
	pthread_mutex_unlock(&locked->lock);
	return failed;
}

void pack_stream_release(struct pack_stream *s)
{
	if (!s)
		return;
	stop_packer(s);
	if (s->fd >= 0)
		close(s->fd);
	pthread_cond_destroy(&s->room);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	pack_result_release(&s->result);
	strbuf_release(&s->memory);
	strbuf_release(&s->err);
	free(s->ring);
	free(s->block);
	free(s);
}
