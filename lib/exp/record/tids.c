/*
 * The cache, numbers little-endian: the line MAGIC; for each experiment, in
 * byte order of names, the fingerprint of its record's stat (16 bytes), the
 * hash of its tid (8; 0: it has none), the name and a NUL; the fingerprint of
 * all that. A wrong hash would only cost a look at a record.
 */
#include "lib/base/compat.h"
#include "lib/exp/record/tids.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/fingerprint.h"
#include "lib/base/path.h"
#include "lib/base/redact.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/tempfile.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-load.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#define MAGIC "resutil tids 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define ENTRY_LEN (FINGERPRINT_RAWSZ + 8)	/* before the name */
#define CACHE_MAX_BYTES (256u << 20)
#define HINT_MAX_BYTES 1024
/* To read so many records again costs less than to write the cache anew. */
#define FEW 16
#define AT_ONCE 512

struct tid_lock {
	int fd;
};

int tid_check(const char *tid, struct strbuf *err)
{
	size_t len = strlen(tid);
	const char *at, *kind;

	if (!len || len > TID_MAX_BYTES)
		return fail(err, ERR_USAGE, "the id of a run has 1 to %d "
			    "bytes, not %zu", TID_MAX_BYTES, len);
	if (!utf8_is_valid(tid, len))
		return fail(err, ERR_USAGE, "the id of a run must be UTF-8");
	if (redact_find_token(tid, len, &at, &kind))
		return fail(err, ERR_USAGE, "the id looks like a secret (%s), "
			    "and everybody sees it; 'secrets.allow' exempts",
			    kind);
	return 0;
}

/* FNV-1a, also the same on every machine that shares the directory; never 0. */
static uint64_t hash_of(const char *tid)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *tid; tid++)
		hash = (hash ^ (unsigned char)*tid) * UINT64_C(1099511628211);
	return hash ? hash : 1;
}

/* ---- the hint ------------------------------------------------------------ */

static int hint_path(const struct project *p, const char *tid, bool make,
		     struct strbuf *path, struct strbuf *err)
{
	int ret = 0;

	if (make)
		ret = project_private(p, "tids/", path, err);
	else
		strbuf_addf(path, "%s/.resutil/tids/", p->root);
	strbuf_addf(path, "%016" PRIx64, hash_of(tid));
	return ret;
}

void tid_read_hint(const char *path, struct strbuf *name)
{
	struct strbuf text = STRBUF_INIT;

	/* One that was not written to its end has no LF. */
	if (!read_own_file(&text, path, HINT_MAX_BYTES, NULL) && text.len &&
	    text.buf[text.len - 1] == '\n') {
		strbuf_setlen(&text, text.len - 1);
		if (strlen(text.buf) == text.len && name_is_valid(text.buf))
			strbuf_addbuf(name, &text);
	}
	strbuf_release(&text);
}

int tid_lock(struct tid_lock **out, const struct project *p, const char *tid,
	     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int fd, ret;

	ret = hint_path(p, tid, true, &path, err);
	while (!ret) {
		fd = filelock_open(path.buf, 0666);
		if (fd < 0) {
			ret = fail_errno(err, "cannot lock '%s'", path.buf);
			break;
		}
		if (hold_has_name(fd, AT_FDCWD, path.buf)) {
			*out = xcalloc(1, sizeof(**out));
			(*out)->fd = fd;
			break;
		}
		close(fd);	/* removed while we waited */
	}
	strbuf_release(&path);
	return ret;
}

void tid_note(struct tid_lock *lock, const char *name)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%s\n", name);
	/* A part of it is no hint. */
	if (sys_ftruncate(lock->fd, 0) ||
	    sys_pwrite_all(lock->fd, line.buf, line.len, 0))
		sys_ftruncate(lock->fd, 0);
	strbuf_release(&line);
}

void tid_unlock(struct tid_lock **lock)
{
	if (!*lock)
		return;
	close((*lock)->fd);
	free(*lock);
	*lock = NULL;
}

int tid_remove_hint(const struct project *p, const char *path)
{
	struct strbuf name = STRBUF_INIT;
	int fd = sys_open(path, O_RDWR | O_NOFOLLOW, 0), ret = -1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (!filelock_take(fd, 0, false)) {
		tid_read_hint(path, &name);
		if (hold_has_name(fd, AT_FDCWD, path) &&
		    (!name.len || !exp_is_here(p, name.buf)))
			ret = sys_unlink(path);
		else
			errno = EBUSY;
	}
	close(fd);
	strbuf_release(&name);
	return ret;
}

/* ---- the cache ----------------------------------------------------------- */

struct entry {
	unsigned char sign[FINGERPRINT_RAWSZ];
	uint64_t hash;
	const char *name;	/* in the text of the cache, or of the list */
	bool is_there;		/* it has a record */
	bool known;		/* sign and hash are of the record as it is */
};

struct tid_cache {
	char *path;		/* NULL: there is no place */
	struct strbuf text;
	struct entry *entry;	/* in byte order of names */
	size_t nr;
};

static void sum_up(const struct strbuf *text, size_t len, unsigned char *raw)
{
	struct fingerprint f = FINGERPRINT_INIT;

	fingerprint_add(&f, text->buf, len);
	fingerprint_finish(&f, raw);
}

static uint64_t get_hash(const char *at)
{
	uint64_t hash = 0;
	int i;

	for (i = 0; i < 8; i++)
		hash |= (uint64_t)(unsigned char)at[i] << 8 * i;
	return hash;
}

/* What is not whole, or not as it should be, is as if it were not there. */
static void parse(struct tid_cache *c)
{
	size_t end = c->text.len - FINGERPRINT_RAWSZ, at, len, alloc = 0;
	unsigned char raw[FINGERPRINT_RAWSZ];

	if (c->text.len < MAGIC_LEN + FINGERPRINT_RAWSZ ||
	    memcmp(c->text.buf, MAGIC, MAGIC_LEN))
		return;
	sum_up(&c->text, end, raw);
	if (memcmp(c->text.buf + end, raw, sizeof(raw)))
		return;
	for (at = MAGIC_LEN; at < end; at += len + 1) {
		struct entry *e;

		if (end - at <= ENTRY_LEN)
			break;
		ARRAY_GROW(c->entry, c->nr + 1, alloc);
		e = &c->entry[c->nr];
		memcpy(e->sign, c->text.buf + at, sizeof(e->sign));
		e->hash = get_hash(c->text.buf + at + sizeof(e->sign));
		at += ENTRY_LEN;
		e->name = c->text.buf + at;
		len = strnlen(e->name, end - at);
		if (len == end - at ||
		    (c->nr && strcmp(e[-1].name, e->name) >= 0))
			break;
		c->nr++;
	}
	if (at < end)
		c->nr = 0;
}

static void open_cache(struct tid_cache *c, const struct project *p)
{
	struct strbuf path = STRBUF_INIT;

	if (!project_cache(p, &path, NULL)) {
		strbuf_complete_slash(&path);
		strbuf_addstr(&path, "tids");
		c->path = strbuf_detach(&path, NULL);
		if (!read_own_file(&c->text, c->path, CACHE_MAX_BYTES, NULL))
			parse(c);
	}
	strbuf_release(&path);
}

static void release_cache(struct tid_cache *c)
{
	free(c->path);
	free(c->entry);
	strbuf_release(&c->text);
}

/* No lock: of two who write it one wins, and both were right. */
static void write_cache(const struct tid_cache *c, const struct entry *entry,
			size_t nr)
{
	unsigned char raw[FINGERPRINT_RAWSZ];
	struct strbuf text = STRBUF_INIT;
	size_t i;
	int n;

	strbuf_addstr(&text, MAGIC);
	for (i = 0; i < nr; i++) {
		if (!entry[i].known)
			continue;
		strbuf_add(&text, entry[i].sign, sizeof(entry[i].sign));
		for (n = 0; n < 8; n++)
			strbuf_addch(&text, entry[i].hash >> 8 * n & 0xff);
		strbuf_add(&text, entry[i].name, strlen(entry[i].name) + 1);
	}
	sum_up(&text, text.len, raw);
	strbuf_add(&text, raw, sizeof(raw));
	write_file_atomic(c->path, text.buf, text.len, 0666, 0, NULL);
	strbuf_release(&text);
}

/* ---- all records --------------------------------------------------------- */

/* A record that is changed is another file, so its numbers are others. */
static bool sign_record(const struct project *p, const char *name,
			unsigned char *sign)
{
	struct fingerprint f = FINGERPRINT_INIT;
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	bool found;

	project_exp_path(p, name, &path);
	strbuf_addstr(&path, "/" RECORD_FILE);
	found = !stat(path.buf, &st);
	if (found) {
		const uint64_t numbers[] = {
			(uint64_t)st.st_dev, (uint64_t)st.st_ino,
			(uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
			(uint64_t)st.st_mtim.tv_nsec,
			(uint64_t)st.st_ctim.tv_sec,
			(uint64_t)st.st_ctim.tv_nsec
		};

		fingerprint_add(&f, numbers, sizeof(numbers));
		fingerprint_finish(&f, sign);
	}
	strbuf_release(&path);
	return found;
}

/* Both lists are in byte order. */
static void take_known(struct entry *entry, size_t nr,
		       const struct tid_cache *c)
{
	size_t i, k = 0;

	for (i = 0; i < nr; i++) {
		while (k < c->nr && strcmp(c->entry[k].name, entry[i].name) < 0)
			k++;
		if (k == c->nr)
			return;
		if (strcmp(c->entry[k].name, entry[i].name) ||
		    memcmp(c->entry[k].sign, entry[i].sign,
			   sizeof(entry[i].sign)))
			continue;
		entry[i].hash = c->entry[k].hash;
		entry[i].known = true;
	}
}

/* What the records of some say, who are in `names` in their order. */
static void learn_some(const struct project *p, struct entry *const *some,
		       const struct strvec *names)
{
	struct exp_items items = EXP_ITEMS_INIT;
	size_t i;

	exp_load(&items, p, names);
	for (i = 0; i < items.nr; i++) {
		const struct value *record = items.item[i].record;
		const char *tid = value_get_text(record, "tid");

		/* One that cannot be read now is looked at again. */
		some[i]->known = record != NULL;
		some[i]->hash = tid ? hash_of(tid) : 0;
	}
	exp_items_release(&items);
}

/* Reads the records that are not known, not all of them into the memory at
 * once; returns how many. */
static size_t learn(const struct project *p, struct entry *entry, size_t nr)
{
	struct entry *some[AT_ONCE];
	struct strvec names = STRVEC_INIT;
	size_t i, count = 0;

	for (i = 0; i < nr; i++) {
		if (!entry[i].known && entry[i].is_there) {
			some[names.nr] = &entry[i];
			strvec_push(&names, entry[i].name);
			count++;
		}
		if (names.nr && (names.nr == AT_ONCE || i + 1 == nr)) {
			learn_some(p, some, &names);
			strvec_clear(&names);
		}
	}
	strvec_release(&names);
	return count;
}

static bool has_tid(const struct project *p, const char *name,
		    const char *tid, struct value **record)
{
	struct strbuf dir = STRBUF_INIT;
	const char *text;
	bool found = false;

	*record = NULL;
	if (exp_is_here(p, name)) {
		project_exp_path(p, name, &dir);
		if (record_read(record, dir.buf, NULL))
			*record = NULL;
		text = value_get_text(*record, "tid");
		found = text && !strcmp(text, tid);
	}
	if (!found) {
		value_free(*record);
		*record = NULL;
	}
	strbuf_release(&dir);
	return found;
}

static int choose(const struct project *p, const char *tid,
		  const struct entry *entry, size_t nr, struct strbuf *name,
		  struct value **record, struct strbuf *err)
{
	const uint64_t hash = hash_of(tid);
	struct value *one;
	const char *first = NULL;
	int ret = ERR_NOT_FOUND;
	size_t i;

	for (i = 0; i < nr && ret != ERR_CONFLICT; i++) {
		if (entry[i].hash != hash ||
		    !has_tid(p, entry[i].name, tid, &one))
			continue;
		if (!first) {
			first = entry[i].name;
			*record = one;
			ret = 0;
			continue;
		}
		value_free(one);
		value_free(*record);
		*record = NULL;
		ret = fail(err, ERR_CONFLICT, "several experiments here are "
			   "the run '%s': '%s' and '%s'; remove all but one, "
			   "or take another id", tid, first, entry[i].name);
	}
	if (!ret)
		strbuf_addstr(name, first);
	return ret;
}

static int find_among_all(const struct project *p, const char *tid,
			  struct strbuf *name, struct value **record,
			  struct strbuf *err)
{
	struct tid_cache cache = { .text = STRBUF_INIT };
	struct strvec names = STRVEC_INIT;
	struct entry *entry = NULL;
	size_t i, nr_read;
	int ret;

	ret = exp_list_names(p, &names, err);
	if (ret)
		goto cleanup;
	entry = xcalloc(names.nr + 1, sizeof(*entry));
	for (i = 0; i < names.nr; i++) {
		entry[i].name = names.v[i];
		entry[i].is_there = sign_record(p, names.v[i], entry[i].sign);
	}
	open_cache(&cache, p);
	take_known(entry, names.nr, &cache);
	nr_read = learn(p, entry, names.nr);
	if (nr_read > FEW && cache.path)
		write_cache(&cache, entry, names.nr);
	ret = choose(p, tid, entry, names.nr, name, record, err);

cleanup:
	release_cache(&cache);
	free(entry);
	strvec_release(&names);
	return ret;
}

/* Then it may well be the run, and to begin another one would hide it. */
static bool is_damaged(const struct project *p, const char *name,
		       struct strbuf *why)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	int ret = ERR_NOT_FOUND;

	if (exp_is_here(p, name)) {
		project_exp_path(p, name, &dir);
		ret = record_read(&record, dir.buf, why);
	}
	if (!ret)
		value_free(record);
	strbuf_release(&dir);
	return ret && ret != ERR_NOT_FOUND;
}

int tid_find(const struct project *p, const char *tid, struct strbuf *name,
	     struct value **record, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, hint = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	hint_path(p, tid, false, &path, NULL);
	tid_read_hint(path.buf, &hint);
	if (hint.len && has_tid(p, hint.buf, tid, record))
		strbuf_addbuf(name, &hint);
	else
		ret = find_among_all(p, tid, name, record, err);
	if (ret == ERR_NOT_FOUND && hint.len && is_damaged(p, hint.buf, &why))
		ret = fail(err, ERR_CONTENT, "'%s' was the run '%s', and %s",
			   hint.buf, tid, why.buf);
	strbuf_release(&why);
	strbuf_release(&hint);
	strbuf_release(&path);
	return ret;
}
