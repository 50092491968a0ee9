/*
 * The order of things when a pack is unpacked; resutilformat-pack(5),
 * "UNPACKING", and Documentation/technical/durability.adoc.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/pack-unpack.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/exp/pack/pack-hash.h"
#include "lib/exp/pack/unpack-internal.h"

bool unpack_stops(const struct unpack *u)
{
	return __atomic_load_n(&u->stop, __ATOMIC_RELAXED) ||
	       tempfile_is_dying();
}

void unpack_fail(struct unpack *u, size_t pos, int code,
		 const struct strbuf *err)
{
	/* Without a sentence it only followed another's failure. */
	if (!err->len)
		return;
	pthread_mutex_lock(&u->lock);
	if (!u->code || pos < u->bad) {
		u->code = code;
		u->bad = pos;
		strbuf_reset(&u->why);
		strbuf_addbuf(&u->why, err);
	}
	pthread_mutex_unlock(&u->lock);
	__atomic_store_n(&u->stop, true, __ATOMIC_RELAXED);
}

void unpack_count(struct unpack *u, uint64_t items, uint64_t bytes)
{
	items = __atomic_add_fetch(&u->items, items, __ATOMIC_RELAXED);
	bytes = __atomic_add_fetch(&u->bytes, bytes, __ATOMIC_RELAXED);
	if (u->progress) {
		progress_items(u->progress, items);
		progress_bytes(u->progress, bytes);
	}
}

static pthread_once_t umask_once = PTHREAD_ONCE_INIT;
static mode_t current_umask;

/* There is no way to ask for it but to set it, for all threads. */
static void ask_umask(void)
{
	current_umask = umask(077);
	umask(current_umask);
	current_umask &= 0777;
}

void pack_unpack_prepare(void)
{
	pthread_once(&umask_once, ask_umask);
}

static int init_unpack(struct unpack *u, const struct pack *p,
		       const struct unpack_place *place,
		       const struct unpack_options *options,
		       struct strbuf *err)
{
	struct stat st;

	if (fstat(place->fd, &st))
		return fail_errno(err, "cannot look at '%s'",
				  place->hidden.buf);
	u->p = p;
	u->progress = options->progress;
	u->root = place->fd;
	pack_unpack_prepare();
	u->mask = current_umask;
	u->dir_bits = st.st_mode & S_ISGID;
	u->root_mode = place->exists ? place->mode :
		       (0777 & ~u->mask) | u->dir_bits;
	if (p->info.version && p->nr)
		u->digest = xcalloc(p->nr, DIGEST_RAWSZ);
	return 0;
}

/* All files, by as many workers as there is work for. */
static int unpack_files(struct unpack *u, unsigned jobs, struct strbuf *err)
{
	size_t pieces = 0;
	struct big_files *big = unpack_big_plan(u, &pieces);
	struct small_files *small = unpack_small_plan(u, &pieces);
	struct workers *workers;
	unsigned nr, i;

	if (!jobs)
		jobs = workers_default();
	workers = workers_start((unsigned)MINIMUM(MAXIMUM(pieces, 1u), jobs));
	nr = workers_nr(workers);
	u->range = xcalloc(pieces + 1, sizeof(*u->range));
	unpack_big_order(big, u, nr);
	unpack_small_order(small, u);
	pack_source_expect(u->p->source, u->range, u->nr_ranges);
	u->reader = xcalloc(nr, sizeof(*u->reader));
	for (i = 0; i < nr; i++)
		u->reader[i] = pack_reader_new();
	unpack_big_start(big, workers);
	unpack_small_start(small, workers);
	workers_stop(&workers);
	unpack_small_free(small);
	unpack_big_free(big);
	/* One is left for the links. */
	for (i = 1; i < nr; i++)
		pack_reader_free(u->reader[i]);
	free(u->range);
	u->range = NULL;
	return u->code ? fail(err, u->code, "%s", u->why.buf) : 0;
}

static void keep_first(const char *sentence, void *data)
{
	struct strbuf *why = data;

	if (!why->len)
		strbuf_addstr(why, sentence);
}

/* What the pack promises; the digests were made while the content passed. */
static int check_hashes(struct unpack *u, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	unsigned char tree[DIGEST_RAWSZ];
	int ret;

	if (!u->digest)
		return 0;
	ret = pack_check_hashes(u->p, u->digest, tree, keep_first, &why, err);
	if (why.len)
		ret = fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static int unpack_all(struct unpack *u, unsigned jobs, struct strbuf *err)
{
	int ret;

	ret = unpack_make_dirs(u, err);
	if (!ret)
		ret = unpack_files(u, jobs, err);
	if (!ret)
		ret = unpack_make_links(u, err);
	if (!ret)
		ret = unpack_finish_dirs(u, err);
	if (!ret)
		ret = check_hashes(u, err);
	return ret;
}

static void release_unpack(struct unpack *u)
{
	size_t i;

	if (u->reader)
		pack_reader_free(u->reader[0]);
	free(u->reader);
	for (i = 0; i < u->nr_odd; i++)
		free(u->odd[i].path);
	free(u->odd);
	free(u->digest);
	strbuf_release(&u->why);
	pthread_mutex_destroy(&u->lock);
}

int pack_unpack_check(const char *dir, struct strbuf *err)
{
	struct unpack_place place = UNPACK_PLACE_INIT;
	int ret = unpack_place_look(&place, dir, err);

	unpack_place_release(&place);
	return ret;
}

/* ---- in steps ------------------------------------------------------------ */

struct unpack_stage {
	struct unpack_place place;
	struct unpack u;
	bool claimed;
};

/* What is not needed any more takes memory for each that waits for a sync. */
static void settle(struct unpack *u)
{
	u->p = NULL;
	u->progress = NULL;
	if (u->reader)
		pack_reader_free(u->reader[0]);
	free(u->reader);
	u->reader = NULL;
	free(u->digest);
	u->digest = NULL;
}

int unpack_stage_make(struct unpack_stage **out, const struct pack *p,
		      const char *dir, const struct unpack_options *options,
		      struct strbuf *err)
{
	static const struct unpack_place empty_place = UNPACK_PLACE_INIT;
	struct unpack_stage *s = xcalloc(1, sizeof(*s));
	int ret;

	s->place = empty_place;
	s->place.replace = options->replace;
	s->place.beside = options->beside;
	s->u.root = -1;
	strbuf_init(&s->u.why);
	pthread_mutex_init(&s->u.lock, NULL);
	ret = unpack_place_look(&s->place, dir, err);
	if (!ret && !options->ignore_space)
		ret = unpack_place_has_room(&s->place, p->size, err);
	if (!ret)
		ret = unpack_place_make(&s->place, err);
	if (!ret)
		ret = init_unpack(&s->u, p, &s->place, options, err);
	if (!ret)
		ret = unpack_all(&s->u, options->jobs, err);
	settle(&s->u);
	if (ret)
		unpack_stage_end(&s);
	*out = s;
	return ret;
}

const char *unpack_stage_path(const struct unpack_stage *s)
{
	return s->place.hidden.buf;
}

int unpack_stage_sync(const struct unpack_stage *s, struct strbuf *err)
{
	if (sys_syncfs(s->u.root))
		return fail_errno(err, "cannot sync what was unpacked");
	return 0;
}

/*
 * No signal comes in between: what has a directory that its owner cannot
 * write could not be removed.
 */
int unpack_stage_claim(struct unpack_stage *s, struct strbuf *err)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = unpack_close_dirs(&s->u, err);
	if (!ret)
		ret = unpack_place_claim(&s->place, err);
	if (ret)
		unpack_reopen_dirs(&s->u);
	s->claimed = !ret;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

void unpack_stage_undo(struct unpack_stage *s)
{
	if (!s->claimed)
		return;
	unpack_reopen_dirs(&s->u);
	unpack_place_undo(&s->place);
	s->claimed = false;
}

void unpack_stage_end(struct unpack_stage **s)
{
	if (!*s)
		return;
	release_unpack(&(*s)->u);
	unpack_place_release(&(*s)->place);
	free(*s);
	*s = NULL;
}

int pack_unpack(const struct pack *p, const char *dir,
		const struct unpack_options *options, struct strbuf *err)
{
	struct unpack_stage *s;
	sigset_t all, before;
	int ret;

	ret = unpack_stage_make(&s, p, dir, options, err);
	if (!ret)
		ret = unpack_stage_sync(s, err);
	/* As for claiming alone: it may have to be undone. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!ret)
		ret = unpack_stage_claim(s, err);
	if (!ret && sys_fsync_dir(s->place.parent.buf)) {
		ret = fail_errno(err, "cannot sync directory '%s'",
				 s->place.parent.buf);
		unpack_stage_undo(s);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	unpack_stage_end(&s);
	return ret;
}
