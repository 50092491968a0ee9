#include "lib/base/compat.h"
#include "lib/exp/pack/hash-dir.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/trace.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/pack/tree-hash.h"
#include "lib/wrap/digest.h"

#define BIG_FILE (1u << 20)		/* larger: work by itself */
#define READ_SIZE (128u << 10)		/* stays in a processor's cache */
#define BATCH_ENTRIES 64
#define BATCH_BYTES (4u << 20)

/* What a worker uses again and again. */
struct scratch {
	struct digest *digest;
	char *buffer;		/* READ_SIZE; made when first used */
	int parent_fd;		/* -1: none */
	const char *parent;	/* path of the directory, lent of an entry */
	size_t parent_len;
};

struct job {
	struct exp_tree tree;
	unsigned char (*raw)[DIGEST_RAWSZ];	/* of each entry */
	struct hash_cache *cache;
	struct progress *progress;
	struct scratch *scratch;	/* of each worker */
	struct batch *batch;
	size_t batches, alloc;
	/* Changed by any worker. */
	uint64_t items_done, bytes_done, read, known;
	bool failed;
	pthread_mutex_t lock;		/* of the two below */
	int ret;
	struct strbuf *err;
};

/* Entries one after another. */
struct batch {
	struct work work;
	struct job *job;
	size_t first, end;
	uint64_t big;		/* bytes of a big file; 0: small ones */
};

/* The first failure is told; what others still do is of no use. */
static void note_failure(struct job *job, int code, const struct strbuf *text)
{
	pthread_mutex_lock(&job->lock);
	if (!job->ret) {
		job->ret = code;
		fail(job->err, code, "%s", text->buf);
	}
	pthread_mutex_unlock(&job->lock);
	__atomic_store_n(&job->failed, true, __ATOMIC_RELAXED);
}

static void add_place(struct strbuf *out, const struct job *job,
		      const char *path)
{
	struct strbuf full = STRBUF_INIT;

	strbuf_addstr(&full, job->tree.dir);
	strbuf_complete_slash(&full);
	strbuf_addstr(&full, path);
	quote_c(out, full.buf, full.len);
	strbuf_release(&full);
}

static void note_errno(struct job *job, const char *path)
{
	struct strbuf place = STRBUF_INIT, text = STRBUF_INIT;
	int saved = errno;

	add_place(&place, job, path);
	strbuf_addf(&text, _("cannot read '%s': %s"), place.buf,
		    strerror(saved));
	note_failure(job, ERR_FAILED, &text);
	strbuf_release(&place);
	strbuf_release(&text);
}

static void note_changed(struct job *job, const char *path)
{
	struct strbuf place = STRBUF_INIT, text = STRBUF_INIT;

	add_place(&place, job, path);
	strbuf_addf(&text, _("'%s' changed while it was read; try again "
			     "when nothing writes there"), place.buf);
	note_failure(job, ERR_CONFLICT, &text);
	strbuf_release(&place);
	strbuf_release(&text);
}

static void add_progress(struct job *job, uint64_t items, uint64_t bytes)
{
	if (!job->progress)
		return;
	if (items)
		progress_items(job->progress,
			       __atomic_add_fetch(&job->items_done, items,
						  __ATOMIC_RELAXED));
	if (bytes)
		progress_bytes(job->progress,
			       __atomic_add_fetch(&job->bytes_done, bytes,
						  __ATOMIC_RELAXED));
}

/*
 * The directory that holds the entry, kept open: the next entry is most likely
 * in the same. Returns -1 and errno.
 */
static int enter_parent(struct job *job, struct scratch *s,
			const struct exp_entry *e, const char **base)
{
	size_t len = e->path_len;

	while (len && e->path[len - 1] != '/')
		len--;
	*base = e->path + len;
	if (!len)
		return job->tree.fd;
	if (s->parent_fd >= 0 && s->parent_len == len &&
	    !memcmp(s->parent, e->path, len))
		return s->parent_fd;
	if (s->parent_fd >= 0)
		close(s->parent_fd);
	s->parent_fd = open_parent_beneath(job->tree.fd, e->path, base);
	s->parent = e->path;
	s->parent_len = len;
	return s->parent_fd;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

enum outcome { DONE, CHANGED, UNREADABLE };

static enum outcome hash_content(struct job *job, struct scratch *s, int fd,
				 uint64_t size, unsigned char *raw)
{
	uint64_t left = size;
	ssize_t got = 0;
	int saved;

	while (left) {
		got = read(fd, s->buffer, MINIMUM(left, READ_SIZE));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		digest_add(s->digest, s->buffer, (size_t)got);
		left -= (uint64_t)got;
		if (size > BIG_FILE)
			add_progress(job, 0, (uint64_t)got);
		if (__atomic_load_n(&job->failed, __ATOMIC_RELAXED))
			break;
	}
	saved = errno;
	/* Also after a failure: the context is for the next file, too. */
	digest_next(s->digest, raw);
	errno = saved;
	if (left)
		return got < 0 ? UNREADABLE : CHANGED;
	return DONE;
}

static void trace_read(const struct job *job, const char *path)
{
	struct strbuf place = STRBUF_INIT;

	if (!trace_wanted())
		return;
	add_place(&place, job, path);
	trace_printf("hash: read %s", place.buf);
	strbuf_release(&place);
}

/*
 * What was read is the content at one moment if size and times are the same
 * before and after; the entry takes over what they were then.
 */
static enum outcome hash_open_file(struct job *job, struct scratch *s, int fd,
				   struct exp_entry *e, unsigned char *raw)
{
	struct stat before, after;
	enum outcome outcome;

	if (fstat(fd, &before))
		return UNREADABLE;
	if (!S_ISREG(before.st_mode))
		return CHANGED;
	if (hash_cache_find(job->cache, e->path, &before, raw)) {
		__atomic_add_fetch(&job->known, 1, __ATOMIC_RELAXED);
		if (before.st_size > BIG_FILE)
			add_progress(job, 0, (uint64_t)before.st_size);
	} else {
		__atomic_add_fetch(&job->read, 1, __ATOMIC_RELAXED);
		trace_read(job, e->path);
		outcome = hash_content(job, s, fd, (uint64_t)before.st_size,
				       raw);
		if (outcome)
			return outcome;
		if (fstat(fd, &after))
			return UNREADABLE;
		if (!is_same(&before, &after))
			return CHANGED;
		hash_cache_note(job->cache, e->path, &after, raw);
	}
	e->size = (uint64_t)before.st_size;
	e->mode = before.st_mode & (S_IFMT | 07777);
	return DONE;
}

static bool is_gone(int errno_value)
{
	return errno_value == ENOENT || errno_value == ENOTDIR ||
	       errno_value == ELOOP || errno_value == ENXIO;
}

static enum outcome hash_file(struct job *job, struct scratch *s,
			      struct exp_entry *e, unsigned char *raw)
{
	const char *base;
	enum outcome outcome;
	int fd, at, saved;

	at = enter_parent(job, s, e, &base);
	/* O_NONBLOCK: it may be a FIFO by now. */
	fd = at < 0 ? -1 : openat(at, base, O_RDONLY | O_NOFOLLOW | O_NOCTTY |
				  O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return is_gone(errno) ? CHANGED : UNREADABLE;
	outcome = hash_open_file(job, s, fd, e, raw);
	saved = errno;
	close(fd);
	errno = saved;
	return outcome;
}

/* A link is never changed, only replaced: it is read whole. */
static enum outcome hash_link(struct job *job, struct scratch *s,
			      struct exp_entry *e, unsigned char *raw)
{
	const char *base;
	ssize_t len;
	int at;

	at = enter_parent(job, s, e, &base);
	len = at < 0 ? -1 : readlinkat(at, base, s->buffer, READ_SIZE);
	if (len < 0)
		return is_gone(errno) || errno == EINVAL ? CHANGED : UNREADABLE;
	digest_once(s->digest, s->buffer, (size_t)len, raw);
	e->size = (uint64_t)len;
	return DONE;
}

static void hash_entry(struct job *job, struct scratch *s, size_t i)
{
	struct exp_entry *e = &job->tree.entry[i];
	enum outcome outcome = CHANGED;
	int tries;

	if (S_ISDIR(e->mode))
		return;
	for (tries = 0; outcome == CHANGED && tries < 2; tries++) {
		if (__atomic_load_n(&job->failed, __ATOMIC_RELAXED))
			return;
		outcome = S_ISLNK(e->mode) ?
			hash_link(job, s, e, job->raw[i]) :
			hash_file(job, s, e, job->raw[i]);
	}
	if (outcome == UNREADABLE)
		note_errno(job, e->path);
	else if (outcome == CHANGED)
		note_changed(job, e->path);
}

static void hash_batch(struct work *work, unsigned worker)
{
	struct batch *b = (struct batch *)work;
	struct job *job = b->job;
	struct scratch *s = &job->scratch[worker];
	uint64_t bytes = 0;
	size_t i;

	if (!s->buffer)
		s->buffer = xmalloc(READ_SIZE);
	for (i = b->first; i < b->end; i++) {
		const struct exp_entry *e = &job->tree.entry[i];

		hash_entry(job, s, i);
		if (S_ISREG(e->mode) && e->size <= BIG_FILE)
			bytes += e->size;
	}
	add_progress(job, b->end - b->first, bytes);
}

static bool is_big(const struct exp_entry *e)
{
	return S_ISREG(e->mode) && e->size > BIG_FILE;
}

/* The largest file first, so that none is left to one worker at the end;
 * what is small comes last, in the order of the tree. */
static int compare_batches(const void *a, const void *b)
{
	const struct batch *x = a, *y = b;

	if (x->big != y->big)
		return x->big < y->big ? 1 : -1;
	return x->first < y->first ? -1 : 1;
}

static void add_batch(struct job *job, size_t first, size_t end, uint64_t big)
{
	struct batch *b;

	if (first == end)
		return;
	ARRAY_GROW(job->batch, job->batches + 1, job->alloc);
	b = &job->batch[job->batches++];
	memset(b, 0, sizeof(*b));
	b->work.fn = hash_batch;
	b->job = job;
	b->first = first;
	b->end = end;
	b->big = big;
}

static void plan(struct job *job)
{
	const struct exp_tree *tree = &job->tree;
	uint64_t bytes = 0;
	size_t first = 0, i;

	for (i = 0; i < tree->nr; i++) {
		if (is_big(&tree->entry[i])) {
			add_batch(job, first, i, 0);
			add_batch(job, i, i + 1, tree->entry[i].size);
			first = i + 1;
			bytes = 0;
			continue;
		}
		bytes += tree->entry[i].size;
		if (i + 1 - first == BATCH_ENTRIES || bytes >= BATCH_BYTES) {
			add_batch(job, first, i + 1, 0);
			first = i + 1;
			bytes = 0;
		}
	}
	add_batch(job, first, tree->nr, 0);
	if (job->batches)
		qsort(job->batch, job->batches, sizeof(*job->batch),
		      compare_batches);
}

static int start_scratch(struct job *job, unsigned nr)
{
	unsigned i;
	int ret = 0;

	job->scratch = xcalloc(nr, sizeof(*job->scratch));
	for (i = 0; i < nr; i++)
		job->scratch[i].parent_fd = -1;
	for (i = 0; i < nr && !ret; i++)
		ret = digest_start(&job->scratch[i].digest, job->err);
	return ret;
}

static void free_scratch(struct job *job, unsigned nr)
{
	unsigned i;

	for (i = 0; i < nr && job->scratch; i++) {
		digest_drop(&job->scratch[i].digest);
		free(job->scratch[i].buffer);
		if (job->scratch[i].parent_fd >= 0)
			close(job->scratch[i].parent_fd);
	}
	free(job->scratch);
}

static int hash_entries(struct job *job, unsigned jobs)
{
	struct workers *workers;
	unsigned nr;
	size_t i;
	int ret;

	plan(job);
	job->raw = xrealloc_array(NULL, job->tree.nr + 1, sizeof(*job->raw));
	/* For a few small files the caller's thread is enough. */
	if (!jobs)
		jobs = workers_default();
	if (jobs > job->batches)
		jobs = (unsigned)MAXIMUM(job->batches, 1u);
	/* a file, and the directory that it lies in */
	jobs = workers_with_files(jobs, 2);
	workers = workers_start(jobs);
	nr = workers_nr(workers);
	ret = start_scratch(job, nr);
	if (!ret) {
		for (i = 0; i < job->batches; i++)
			workers_add(workers, &job->batch[i].work);
		workers_wait_all(workers);
		ret = job->ret;
	}
	workers_stop(&workers);
	free_scratch(job, nr);
	trace_printf("hash: %" PRIu64 " files read, %" PRIu64 " known",
		     job->read, job->known);
	return ret;
}

static int sum_up(struct dir_hash *out, struct job *job)
{
	struct exp_tree *tree = &job->tree;
	struct tree_hash *hash;
	size_t i = 0;
	int ret;

	ret = tree_hash_start(&hash, job->err);
	if (ret)
		return ret;
	out->has_record = tree->has_record;
	if (tree->has_record)
		memcpy(out->record, job->raw[i++], DIGEST_RAWSZ);
	out->entries = tree->nr - i;
	out->bytes = 0;
	for (; i < tree->nr; i++) {
		const struct exp_entry *e = &tree->entry[i];

		tree_hash_add(hash, e->mode, e->size, job->raw[i], e->path,
			      e->path_len);
		if (S_ISREG(e->mode))
			out->bytes += e->size;
	}
	tree_hash_finish(&hash, out->tree);
	strvec_clear(&out->skipped);
	strvec_pushv(&out->skipped, tree->skipped.v);
	return 0;
}

int hash_dir(struct dir_hash *out, const char *dir, unsigned jobs,
	     struct hash_cache *cache, struct progress *progress,
	     struct strbuf *err)
{
	struct job job = { .tree = EXP_TREE_INIT, .cache = cache,
			   .progress = progress, .err = err };
	int ret;

	pthread_mutex_init(&job.lock, NULL);
	ret = exp_tree_read_by(&job.tree, dir, jobs, err);
	if (!ret)
		ret = hash_entries(&job, jobs);
	if (!ret)
		ret = sum_up(out, &job);
	free(job.batch);
	free(job.raw);
	exp_tree_release(&job.tree);
	pthread_mutex_destroy(&job.lock);
	return ret;
}

void dir_hash_release(struct dir_hash *h)
{
	strvec_clear(&h->skipped);
}
