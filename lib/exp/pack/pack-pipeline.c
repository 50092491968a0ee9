#include "lib/base/compat.h"
#include "lib/exp/pack/pack-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/record.h"

size_t pack_slot_out(void)
{
	return zdeflate_bound(ZSTREAM_CHUNK) + PACK_LOCAL_MAX +
	       EXP_TREE_PATH_MAX;
}

void pack_slots_start(struct pack_run *run)
{
	unsigned jobs = run->options->jobs ? run->options->jobs :
					     workers_default();
	size_t i;

	run->workers = workers_start(MINIMUM(jobs, PACK_WORKERS_MAX));
	run->nr_slots = MINIMUM(2 * workers_nr(run->workers) + 2,
				PACK_SLOTS_MAX);
	for (i = 0; i < PACK_WORKERS_MAX; i++)
		run->worker[i].dir_fd = -1;
	for (i = 0; i < run->nr_slots; i++) {
		run->slot[i].run = run;
		strbuf_init(&run->slot[i].err);
	}
}

void pack_slots_release(struct pack_run *run)
{
	size_t i;

	workers_stop(&run->workers);
	for (i = 0; i < PACK_WORKERS_MAX; i++) {
		zdeflate_free(run->worker[i].deflate);
		digest_drop(&run->worker[i].digest);
	}
	for (i = 0; i < run->nr_slots; i++) {
		strbuf_release(&run->slot[i].err);
		free(run->slot[i].in);
		free(run->slot[i].out);
	}
}

static void close_long(struct pack_run *run, struct pack_long *f)
{
	struct pack_long **at = &run->files;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	run->nr_files--;
	close(f->fd);
	digest_drop(&f->digest);
	free(f);
}

/* Waits for the hash of a file that has been written. What was hashed must be
 * what was packed. */
static int settle_long(struct pack_run *run, struct pack_long *f,
		       struct strbuf *err)
{
	const char *path = run->tree.entry[f->entry].path;
	unsigned char *hash = run->hash[f->entry];
	int ret = 0;

	if (!f->known && workers_nr(run->workers) > 1)
		workers_wait(run->workers, &f->work);
	if (!f->known && !f->ret && f->crc == run->item[f->entry].crc) {
		digest_finish(&f->digest, hash);
		if (f->unchanged)
			hash_cache_note(run->options->cache, path, &f->st,
					hash);
	} else if (f->ret == ERR_FAILED) {
		errno = f->read_errno;
		ret = pack_fail_at(run, f->entry, "read", err);
	} else if (!f->known) {
		run->changed = f->entry;
		ret = PACK_CHANGED;
	}
	close_long(run, f);
	return ret;
}

/* Those that are written, until less than `max` are open. */
static int settle_files(struct pack_run *run, size_t max, struct strbuf *err)
{
	int ret = 0;

	while (!ret && run->nr_files > max && run->files->written)
		ret = settle_long(run, run->files, err);
	return ret;
}

static bool is_long(const struct pack_run *run, size_t i)
{
	const struct exp_entry *e = &run->tree.entry[i];

	return S_ISREG(e->mode) && e->size > PACK_SMALL_MAX &&
	       !run->item[i].left_out;
}

/* Opens a file of several chunks and has it hashed. One that is small by now is
 * left to be packed as such: *out stays NULL. */
static int open_long(struct pack_run *run, size_t i, struct pack_long **out,
		     struct strbuf *err)
{
	struct exp_entry *e = &run->tree.entry[i];
	struct pack_item *item = &run->item[i];
	struct pack_long *f, **at = &run->files;
	struct stat st;
	bool fresh;
	int fd, ret;

	ret = pack_item_fd(run, NULL, i, &fd, &st, &fresh, err);
	if (ret)
		return ret;
	e->size = (uint64_t)st.st_size;
	if (e->size <= PACK_SMALL_MAX) {
		close(fd);
		return 0;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);

	f = xcalloc(1, sizeof(*f));
	while (*at)
		at = &(*at)->next;
	*at = f;
	run->nr_files++;
	f->run = run;
	f->entry = i;
	f->fd = fd;
	f->st = st;
	f->fresh = fresh;
	f->chunks = (e->size - 1) / ZSTREAM_CHUNK + 1;
	f->bits = pack_restart_bits(e->size);

	pack_item_init(run, i);
	item->mode = st.st_mode;
	item->mtime = st.st_mtime;
	item->size = e->size;
	item->deflated = item->is_long = true;
	if (f->bits)
		item->restart = xcalloc(restart_segments(e->size, f->bits) - 1,
					sizeof(*item->restart));
	f->known = hash_cache_find(run->options->cache, e->path, &st,
				   run->hash[i]);
	if (!f->known)
		ret = digest_start(&f->digest, err);
	if (ret) {
		free(item->restart);
		item->restart = NULL;
		close_long(run, f);
		return ret;
	}
	f->work.fn = pack_hash_long;
	if (!f->known && workers_nr(run->workers) > 1)
		workers_add(run->workers, &f->work);
	*out = f;
	return 0;
}

/*
 * A hash is the work of one from first to last byte. Were each begun with its
 * file, the last would still run when nothing else is left to do. So some are
 * begun earlier, but only as much ahead as the page cache is likely to hold
 * until it is packed. What cannot be opened is told in its turn.
 */
static void open_ahead(struct pack_run *run)
{
	unsigned nr = workers_nr(run->workers);
	const struct pack_long *f;
	struct pack_long *opened = NULL;
	uint64_t bytes = 0;
	size_t ahead = 0;

	if (nr < 2)
		return;
	for (f = run->files; f; f = f->next) {
		if (f->entry < run->next_entry)
			continue;
		ahead++;
		bytes += (uint64_t)f->st.st_size;
	}
	run->next_ahead = MAXIMUM(run->next_ahead, run->next_entry);
	for (; run->next_ahead < run->tree.nr; run->next_ahead++) {
		if (!is_long(run, run->next_ahead))
			continue;
		bytes += run->tree.entry[run->next_ahead].size;
		if (ahead++ >= MAXIMUM(nr / 4, 1u) || bytes > PACK_AHEAD_MAX ||
		    run->nr_files >= PACK_LONG_MAX)
			break;
		open_long(run, run->next_ahead, &opened, NULL);
	}
}

/* The long file whose turn it is becomes run->file, unless it is small now. */
static int begin_file(struct pack_run *run, struct strbuf *err)
{
	struct pack_long *f;
	int ret = 0;

	for (f = run->files; f && f->entry != run->next_entry; f = f->next)
		;
	if (!f)
		ret = open_long(run, run->next_entry, &f, err);
	if (ret == PACK_CHANGED && run->options->live) {
		run->item[run->next_entry].left_out = true;
		ret = 0;
	}
	run->file = f;
	if (!f)
		return ret;
	run->next_entry++;
	open_ahead(run);
	return ret;
}

/* Takes small entries from next_entry on, as many as one piece may have. */
static void gather(struct pack_run *run, struct pack_slot *s)
{
	const struct exp_entry *e;
	uint64_t bytes = 0;
	size_t room;

	s->entry = run->next_entry;
	s->nr = s->reserved = 0;
	do {
		e = &run->tree.entry[run->next_entry];
		room = run->item[run->next_entry].left_out ? 0 : pack_room(e);
		bytes += room ? e->size : 0;
		if (s->nr && (bytes > ZSTREAM_CHUNK ||
			      s->reserved + room > pack_slot_out()))
			break;
		s->reserved += room;
		s->nr++;
		run->next_entry++;
	} while (s->nr < PACK_BATCH_MAX && run->next_entry < run->tree.nr &&
		 !is_long(run, run->next_entry));
}

/* Fills the slot with the next piece: of the long file that is under way, of
 * one that begins, or small entries. */
static int fill(struct pack_run *run, struct pack_slot *s)
{
	uint64_t left;
	int ret = 0;

	if (!run->file && is_long(run, run->next_entry)) {
		ret = settle_files(run, PACK_LONG_MAX, &s->err);
		s->changed = run->changed;
		if (ret)
			return ret;
		s->changed = run->next_entry;
		ret = begin_file(run, &s->err);
		if (ret)
			return ret;
	}
	s->file = run->file;
	if (!s->file) {
		gather(run, s);
		return 0;
	}
	s->chunk = run->next_chunk++;
	left = s->file->st.st_size - s->chunk * ZSTREAM_CHUNK;
	s->len = (size_t)MINIMUM(left, ZSTREAM_CHUNK);
	if (run->next_chunk == s->file->chunks) {
		run->next_chunk = 0;
		run->file = NULL;
	}
	return 0;
}

/* What fails here is told in its turn, when the slot is taken. */
static void give(struct pack_run *run)
{
	struct pack_slot *s = &run->slot[run->given % run->nr_slots];

	if (!s->in) {
		s->in = xmalloc(ZSTREAM_DICT + ZSTREAM_CHUNK);
		s->out = xmalloc(pack_slot_out());
	}
	s->out_len = 0;
	s->ret = fill(run, s);
	s->is_given = !s->ret;
	if (s->is_given) {
		s->work.fn = s->file ? pack_chunk : pack_batch;
		workers_add(run->workers, &s->work);
	} else {
		run->stop_giving = true;
	}
	run->given++;
}

static bool has_more(const struct pack_run *run)
{
	return !run->stop_giving &&
	       (run->file || run->next_entry < run->tree.nr);
}

static int begin_long(struct pack_run *run, const struct pack_long *f,
		      struct strbuf *err)
{
	const struct exp_entry *e = &run->tree.entry[f->entry];
	struct pack_item *item = &run->item[f->entry];
	size_t len = pack_local_len(item, e->path_len);
	unsigned char *header = xmalloc(len);
	int ret;

	item->offset = run->offset;
	pack_local_header(header, item, e->path, e->path_len);
	ret = pack_emit(run, header, len, err);
	free(header);
	return ret;
}

/* Whether what was read of a long file is what it was when it was opened, or
 * still is its beginning. */
static int check_long(struct pack_run *run, struct pack_slot *s,
		      bool *unchanged, struct strbuf *err)
{
	const struct pack_long *f = s->file;
	const struct pack_item *item = &run->item[f->entry];
	struct strbuf path = STRBUF_INIT;
	struct stat after;

	pack_pause("check", run->tree.entry[f->entry].path);
	if (f->fresh)
		pack_let_age(run);
	if (fstat(f->fd, &after)) {
		pack_add_path(&path, run, f->entry);
		fail_errno(err, "cannot read '%s'", path.buf);
		strbuf_release(&path);
		return ERR_FAILED;
	}
	*unchanged = pack_same_stat(&f->st, &after);
	if (*unchanged && !f->fresh)
		return 0;
	if ((*unchanged ||
	     (run->options->live && pack_only_grew(&f->st, &after))) &&
	    pack_same_content(f->fd, item->size, item->crc, s->in))
		return 0;
	run->changed = f->entry;
	return PACK_CHANGED;
}

/* A record of more than a megabyte is read once more, to be understood. */
static void note_long_record(struct pack_run *run, const struct pack_long *f)
{
	const struct pack_item *item = &run->item[f->entry];
	struct strbuf text = STRBUF_INIT;

	if (!lseek(f->fd, 0, SEEK_SET) &&
	    !strbuf_read_fd(&text, f->fd, RECORD_MAX_BYTES) &&
	    text.len >= item->size &&
	    zcrc32(0, text.buf, (size_t)item->size) == item->crc)
		pack_note_record(run, text.buf, (size_t)item->size);
	strbuf_release(&text);
}

static int end_long(struct pack_run *run, struct pack_slot *s,
		    struct strbuf *err)
{
	struct pack_long *f = s->file;
	unsigned char descriptor[24];
	size_t len;
	int ret;

	ret = check_long(run, s, &f->unchanged, err);
	if (ret)
		return ret;
	if (!f->entry && run->tree.has_record)
		note_long_record(run, f);
	len = pack_descriptor(descriptor, &run->item[f->entry]);
	ret = pack_emit(run, descriptor, len, err);
	if (!ret)
		pack_entry_done(run, f->entry);
	f->written = !ret;
	return ret;
}

static int take_chunk(struct pack_run *run, struct pack_slot *s,
		      struct strbuf *err)
{
	struct pack_long *f = s->file;
	struct pack_item *item = &run->item[f->entry];
	uint64_t segment = s->chunk * ZSTREAM_CHUNK >> f->bits;
	int ret = 0;

	if (!s->chunk)
		ret = begin_long(run, f, err);
	if (!ret)
		ret = pack_emit(run, s->out, s->out_len, err);
	if (ret)
		return ret;
	item->crc = zcrc32_join(item->crc, s->crc, s->len);
	item->packed += s->out_len;
	if (f->bits && segment + 1 < restart_segments(item->size, f->bits))
		item->restart[segment] += (uint32_t)s->out_len;
	run->bytes_done += s->len;
	return s->chunk + 1 == f->chunks ? end_long(run, s, err) : 0;
}

static int take_batch(struct pack_run *run, struct pack_slot *s,
		      struct strbuf *err)
{
	size_t i;

	for (i = s->entry; i < s->entry + s->nr; i++) {
		struct pack_item *item = &run->item[i];

		item->offset += run->offset;
		if (S_ISREG(item->mode))
			run->bytes_done += item->size;
		pack_entry_done(run, i);
	}
	return pack_emit(run, s->out, s->out_len, err);
}

/* Waits for the oldest piece and writes it. */
static int take(struct pack_run *run, struct strbuf *err)
{
	struct pack_slot *s = &run->slot[run->taken % run->nr_slots];
	int ret;

	if (s->is_given)
		workers_wait(run->workers, &s->work);
	if (s->ret == PACK_CHANGED)
		run->changed = s->changed;
	else if (s->ret)
		fail(err, s->ret, "%s", s->err.buf);
	ret = s->ret;
	if (!ret)
		ret = s->file ? take_chunk(run, s, err) :
				take_batch(run, s, err);
	run->taken++;
	if (run->options->progress)
		progress_bytes(run->options->progress, run->bytes_done);
	return ret;
}

int pack_entries(struct pack_run *run, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	run->given = run->taken = run->next_entry = run->next_ahead = 0;
	run->next_chunk = run->bytes_done = 0;
	run->stop = run->stop_giving = false;
	while (!ret && (has_more(run) || run->taken < run->given)) {
		while (has_more(run) &&
		       run->given - run->taken < run->nr_slots)
			give(run);
		ret = take(run, err);
	}
	if (!ret)
		ret = settle_files(run, 0, err);

	__atomic_store_n(&run->stop, true, __ATOMIC_RELAXED);
	workers_wait_all(run->workers);
	while (run->files)
		close_long(run, run->files);
	run->file = NULL;
	for (i = 0; i < PACK_WORKERS_MAX; i++)
		pack_close_dir(&run->worker[i]);
	for (i = 0; i < run->nr_slots; i++)
		strbuf_reset(&run->slot[i].err);
	return ret;
}
