/*
 * The file is what counts: a note is appended, and then read back with what
 * other processes have appended meanwhile, by the code that reads it at the
 * start. What was read once stays in memory until the end, so that what is
 * lent stays whole while other threads add.
 */
#include "lib/base/compat.h"
#include "lib/sync/ledger.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/conf/store-url.h"
#include "lib/sync/compare.h"
#include "lib/sync/info-text.h"
#include "lib/sync/ledger-internal.h"


/* Below that a file is not worth writing anew. */
#define COMPACT_LINES 1000

/* ---- lines --------------------------------------------------------------- */

/* What the lines behind it are about. */
static void read_store(struct ledger *l, const char *store)
{
	if (!strcmp(store, l->at))
		return;
	strvec_push(&l->stores, store);
	l->at = l->stores.v[l->stores.nr - 1];
}

enum ledger_verb ledger_parse(struct ledger_line *out, char *line)
{
	const char *field[LEDGER_FIELDS_MAX];
	size_t nr = info_text_split(line, field, LEDGER_FIELDS_MAX);

	if (nr < 2 || nr > LEDGER_FIELDS_MAX)
		return LEDGER_BAD;
	out->name = field[1];
	if (nr == 2 && !strcmp(field[0], "store"))
		return LEDGER_STORE;
	if (!name_is_valid(out->name))
		return LEDGER_BAD;
	if (nr == 2 && !strcmp(field[0], "drop"))
		return LEDGER_DROP;
	if (nr == 3 && !strcmp(field[0], "rename")) {
		out->to = field[2];
		return name_is_valid(out->to) ? LEDGER_RENAME : LEDGER_BAD;
	}
	if (nr < 2 + INFO_FIELDS || !info_text_read(&out->info, field + 2))
		return LEDGER_BAD;
	if (nr == 2 + INFO_FIELDS && !strcmp(field[0], "intent"))
		return LEDGER_INTENT;
	out->to = field[2 + INFO_FIELDS];
	if (nr == 3 + INFO_FIELDS && !strcmp(field[0], "done") &&
	    info_text_is_version(out->to))
		return LEDGER_DONE;
	return LEDGER_BAD;
}

/* One that cannot be read says nothing. */
static void read_line(struct ledger *l, char *text)
{
	struct ledger_line line;

	l->lines++;
	switch (ledger_parse(&line, text)) {
	case LEDGER_STORE:
		read_store(l, line.name);
		break;
	case LEDGER_DROP:
		if (strmap_get(&l->entries, line.name))
			notes_drop(l, notes_entry(l, line.name));
		break;
	case LEDGER_RENAME:
		notes_rename(l, line.name, line.to);
		break;
	case LEDGER_INTENT:
		notes_add_intent(l, line.name, &line.info);
		break;
	case LEDGER_DONE:
		notes_add_done(l, line.name, &line.info, line.to);
		break;
	case LEDGER_BAD:
		break;
	}
}

uint64_t ledger_version(const char *line)
{
	static const char magic[] = "resutil-ledger ";
	uint64_t version;

	if (strncmp(line, magic, strlen(magic)) ||
	    !info_text_number(&version, line + strlen(magic)))
		return 0;
	return version;
}

/* Only a first line that is whole, and of another version, is refused. */
static int check_header(const struct ledger *l, const char *line,
			struct strbuf *err)
{
	uint64_t version = ledger_version(line);

	if (version <= LEDGER_FORMAT)
		return 0;
	return fail(err, ERR_FAILED, "the ledger of '%s' is of version %"
		    PRIu64 ", this resutil knows %d; a newer one is needed",
		    l->remote, version, LEDGER_FORMAT);
}

static int read_lines(struct ledger *l, char *text, size_t len,
		      struct strbuf *err)
{
	char *end;
	int ret = 0;

	while ((end = memchr(text, '\n', len)) && !ret) {
		size_t n = (size_t)(end - text);

		*end = '\0';
		if (!l->pos)
			ret = check_header(l, text, err);
		else if (!memchr(text, '\0', n))
			read_line(l, text);
		else
			l->lines++;
		l->pos += (off_t)n + 1;
		text = end + 1;
		len -= n + 1;
	}
	return ret;
}

/* ---- the file ------------------------------------------------------------ */

static void path_of(const struct ledger *l, struct strbuf *out)
{
	strbuf_addf(out, "%s/.resutil/remotes/%s.log", l->project->root,
		    l->remote);
}

static int cannot_read(const struct ledger *l, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;

	path_of(l, &path);
	fail_errno(err, "cannot read '%s'", path.buf);
	strbuf_release(&path);
	return ERR_FAILED;
}

/* Reads the whole lines that are new since the last time. */
static int catch_up(struct ledger *l, int fd, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	struct stat st;
	size_t len = 0, want;
	int ret = 0;

	if (fstat(fd, &st) < 0)
		return cannot_read(l, err);
	if (st.st_dev != l->dev || st.st_ino != l->ino || st.st_size < l->pos)
		notes_forget(l);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	if (l->seen >= 0)
		close(l->seen);
	l->seen = -1;
	if (st.st_size == l->pos)
		return 0;
	want = (size_t)(st.st_size - l->pos);
	if ((uintmax_t)st.st_size > LEDGER_MAX_BYTES)
		return fail(err, ERR_FAILED, "the ledger of '%s' is larger "
			    "than %zu bytes", l->remote, LEDGER_MAX_BYTES);
	strbuf_grow(&text, want);
	while (len < want) {
		ssize_t got = pread(fd, text.buf + len, want - len,
				    l->pos + (off_t)len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ret = cannot_read(l, err);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	strbuf_setlen(&text, len);
	if (!ret)
		ret = read_lines(l, text.buf, len, err);
	strbuf_release(&text);
	return ret;
}

int ledger_open(struct ledger **out, const struct project *p,
		const char *remote, struct strbuf *err)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	struct strbuf path = STRBUF_INIT;
	int fd, ret = 0;

	l->project = p;
	l->remote = xstrdup(remote);
	l->fd = l->seen = -1;
	l->store = l->at = STORE_NOT_KNOWN;
	strvec_init(&l->stores);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->synced, NULL);
	path_of(l, &path);
	fd = open(path.buf, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		ret = catch_up(l, fd, err);
	else if (errno != ENOENT && errno != ENOTDIR)
		ret = cannot_read(l, err);
	l->seen = fd;
	strbuf_release(&path);
	if (ret)
		ledger_close(l);
	else
		*out = l;
	return ret;
}

void ledger_close(struct ledger *l)
{
	struct note *n, *next_note;
	struct entry *e, *next;

	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	if (l->seen >= 0)
		close(l->seen);
	notes_forget(l);
	for (n = l->notes; n; n = next_note) {
		next_note = n->made;
		free(n->note.version);
		free(n);
	}
	for (e = l->made; e; e = next) {
		next = e->made;
		free(e->name);
		free(e);
	}
	pthread_cond_destroy(&l->synced);
	pthread_mutex_destroy(&l->lock);
	strvec_release(&l->stores);
	free(l->remote);
	free(l);
}

void ledger_set_store(struct ledger *l, const struct remote_conf *conf)
{
	struct strbuf url = STRBUF_INIT, text = STRBUF_INIT;
	struct note *n;

	if (!l)
		return;
	store_url_format(conf->type, conf->config, &url);
	strbuf_addf(&url, "/%s", l->project->name);
	quote_c(&text, url.buf, url.len);
	pthread_mutex_lock(&l->lock);
	strvec_push(&l->stores, text.buf);
	l->store = l->stores.v[l->stores.nr - 1];
	for (n = l->notes; n; n = n->made)
		notes_set_store(l, n, n->store);
	pthread_mutex_unlock(&l->lock);
	strbuf_release(&text);
	strbuf_release(&url);
}

/* It was replaced, and nothing is appended to it any more; a thread may be
 * syncing it. The lock is not held. */
static void close_file(struct ledger *l)
{
	while (l->syncing)
		pthread_cond_wait(&l->synced, &l->lock);
	if (l->seen >= 0)
		close(l->seen);
	l->seen = l->fd;
	l->fd = -1;
}

static int open_file(struct ledger *l, const char *path, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	int ret;

	ret = project_private(l->project, "remotes/", &dir, err);
	strbuf_release(&dir);
	if (ret)
		return ret;
	l->fd = sys_open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0666);
	if (l->fd < 0) {
		fail_errno(err, "cannot open '%s'", path);
		return ERR_FAILED;
	}
	return 0;
}

/* Whoever waits for the lock may find that the file was replaced. */
static int lock_file(struct ledger *l, const char *path, struct strbuf *err)
{
	struct stat st, now;
	bool held;
	int ret;

	for (;;) {
		ret = l->fd < 0 ? open_file(l, path, err) : 0;
		if (ret)
			return ret;
		/* A line is one write at the end of the file: where there are
		 * no locks two can come at once, and none is written anew. */
		held = !filelock_take(l->fd, LEDGER_LOCK_BYTE, true);
		l->no_locks = !held && filelock_is_unsupported(errno);
		if (!held && !l->no_locks) {
			fail_errno(err, "cannot lock '%s'", path);
			return ERR_FAILED;
		}
		if (!fstat(l->fd, &st) && !lstat(path, &now) &&
		    st.st_dev == now.st_dev && st.st_ino == now.st_ino)
			break;
		filelock_release(l->fd, LEDGER_LOCK_BYTE);
		close_file(l);
	}
	ret = catch_up(l, l->fd, err);
	if (ret)
		filelock_release(l->fd, LEDGER_LOCK_BYTE);
	return ret;
}

/* A line that a crash tore says nothing, or, if it were ended here, something
 * that nobody wrote. The lock is held, so nobody is writing it just now. */
static int mend_end(struct ledger *l, off_t size, struct strbuf *line)
{
	if (size > l->pos && sys_ftruncate(l->fd, l->pos) < 0)
		return -1;
	if (!l->pos)
		strbuf_insert(line, 0, LEDGER_HEADER, strlen(LEDGER_HEADER));
	return 0;
}

/* Before what is about another store than the lines above it. */
static void add_store(const struct ledger *l, struct strbuf *line)
{
	struct strbuf store = STRBUF_INIT;

	if (!strcmp(l->store, STORE_NOT_KNOWN) || !strcmp(l->store, l->at))
		return;
	strbuf_addf(&store, "store\t%s\n", l->store);
	strbuf_insert(line, 0, store.buf, store.len);
	strbuf_release(&store);
}

/* Under the lock, all of the file read. */
static int write_line(struct ledger *l, const char *path, struct strbuf *line,
		      struct strbuf *err)
{
	struct stat st;

	add_store(l, line);
	if (fstat(l->fd, &st) < 0 || mend_end(l, st.st_size, line) < 0 ||
	    sys_write_all(l->fd, line->buf, line->len) < 0) {
		fail_errno(err, "cannot write to '%s'", path);
		/* half a line would be passed over; better there is none */
		if (l->pos && sys_ftruncate(l->fd, l->pos) < 0)
			strbuf_addstr(err, ", and half a line was left there");
		return ERR_FAILED;
	}
	l->appended++;
	return catch_up(l, l->fd, err);
}

static int append(struct ledger *l, struct strbuf *line, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	path_of(l, &path);
	pthread_mutex_lock(&l->lock);
	ret = lock_file(l, path.buf, err);
	if (!ret) {
		ret = write_line(l, path.buf, line, err);
		filelock_release(l->fd, LEDGER_LOCK_BYTE);
	}
	pthread_mutex_unlock(&l->lock);
	strbuf_release(&path);
	return ret;
}

static void note_line(struct strbuf *out, const struct ledger_note *note)
{
	strbuf_addf(out, "%s\t%s\t", *note->version ? "done" : "intent",
		    note->name);
	info_text_write(out, &note->info);
	if (*note->version)
		strbuf_addf(out, "\t%s", note->version);
	strbuf_addch(out, '\n');
}

static int no_such(const struct ledger *l, struct strbuf *err)
{
	return fail(err, ERR_FAILED, "the ledger of '%s' takes no such name or "
		    "version", l->remote);
}

int ledger_note(struct ledger *l, const struct ledger_note *note,
		struct strbuf *err)
{
	struct strbuf line = STRBUF_INIT;
	int ret;

	if (!l)
		return 0;
	if (!name_is_valid(note->name) ||
	    (*note->version && !info_text_is_version(note->version)))
		return no_such(l, err);
	note_line(&line, note);
	ret = append(l, &line, err);
	strbuf_release(&line);
	return ret;
}

int ledger_drop(struct ledger *l, const char *name, struct strbuf *err)
{
	struct strbuf line = STRBUF_INIT;
	int ret;

	if (!l)
		return 0;
	if (!name_is_valid(name))
		return no_such(l, err);
	strbuf_addf(&line, "drop\t%s\n", name);
	ret = append(l, &line, err);
	strbuf_release(&line);
	return ret;
}

int ledger_rename(struct ledger *l, const char *from, const char *to,
		  struct strbuf *err)
{
	struct strbuf line = STRBUF_INIT;
	int ret;

	if (!l)
		return 0;
	if (!name_is_valid(from) || !name_is_valid(to))
		return no_such(l, err);
	strbuf_addf(&line, "rename\t%s\t%s\n", from, to);
	ret = append(l, &line, err);
	strbuf_release(&line);
	return ret;
}

/* ---- durable ------------------------------------------------------------- */

static int compare_notes(const void *a, const void *b)
{
	const struct note *one = *(struct note *const *)a;
	const struct note *two = *(struct note *const *)b;

	return one->nr < two->nr ? -1 : one->nr > two->nr;
}

/* What counts, in the order in which it came. */
static void write_live(const struct ledger *l, struct strbuf *out)
{
	const struct note **live = xcalloc(l->live + 1, sizeof(*live));
	const char *store = STORE_NOT_KNOWN;
	size_t nr = 0, i;

	for (i = 0; i < l->entries.nr; i++) {
		const struct entry *e = l->entries.item[i].value;
		const struct note *n;

		for (n = e->intent; n; n = n->older)
			live[nr++] = n;
		if (e->done)
			live[nr++] = e->done;
	}
	qsort(live, nr, sizeof(*live), compare_notes);
	strbuf_addstr(out, LEDGER_HEADER);
	for (i = 0; i < nr; i++) {
		if (strcmp(store, live[i]->store))
			strbuf_addf(out, "store\t%s\n", live[i]->store);
		store = live[i]->store;
		note_line(out, &live[i]->note);
	}
	free(live);
}

static bool is_worth_it(const struct ledger *l)
{
	return l->lines > COMPACT_LINES && l->live < l->lines - l->live;
}

/* Under the file's lock, which is that of the old file afterwards. */
static int rewrite(struct ledger *l, const char *path, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret;

	write_live(l, &text);
	ret = write_file_atomic(path, text.buf, text.len, 0666, TEMPFILE_SYNC,
				err);
	strbuf_release(&text);
	return ret;
}

static int compact(struct ledger *l, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	path_of(l, &path);
	ret = lock_file(l, path.buf, err);
	if (!ret && !l->no_locks && is_worth_it(l))
		ret = rewrite(l, path.buf, err);
	if (l->fd >= 0)
		filelock_release(l->fd, LEDGER_LOCK_BYTE);
	if (!ret)
		close_file(l);
	strbuf_release(&path);
	return ret;
}

/* One thread syncs for all that wait. */
static int sync_file(struct ledger *l, struct strbuf *err)
{
	uint64_t upto = l->appended;
	struct strbuf dir = STRBUF_INIT;
	int fd = l->fd, ret = 0;

	strbuf_addf(&dir, "%s/.resutil/remotes", l->project->root);
	l->syncing = true;
	pthread_mutex_unlock(&l->lock);
	if ((fd >= 0 && sys_fsync(fd) < 0) || sys_fsync_dir(dir.buf) < 0) {
		fail_errno(err, "cannot sync the ledger of '%s'", l->remote);
		ret = ERR_FAILED;
	}
	pthread_mutex_lock(&l->lock);
	l->syncing = false;
	if (!ret)
		l->durable = MAXIMUM(l->durable, upto);
	pthread_cond_broadcast(&l->synced);
	strbuf_release(&dir);
	return ret;
}

int ledger_sync(struct ledger *l, struct strbuf *err)
{
	uint64_t want;
	int ret = 0;

	if (!l)
		return 0;
	pthread_mutex_lock(&l->lock);
	want = l->appended;
	while (!ret && l->durable < want) {
		if (l->syncing)
			pthread_cond_wait(&l->synced, &l->lock);
		else
			ret = sync_file(l, err);
	}
	if (!ret && is_worth_it(l))
		ret = compact(l, err);
	pthread_mutex_unlock(&l->lock);
	return ret;
}

/* ---- what was noted ------------------------------------------------------ */

/* The lock is no part of what a reader may not change. */
static void lock(const struct ledger *l)
{
	pthread_mutex_lock((pthread_mutex_t *)&l->lock);
}

static void unlock(const struct ledger *l)
{
	pthread_mutex_unlock((pthread_mutex_t *)&l->lock);
}

const struct ledger_note *ledger_done(const struct ledger *l, const char *name)
{
	const struct ledger_note *note;
	const struct entry *e;

	if (!l)
		return NULL;
	lock(l);
	e = strmap_get(&l->entries, name);
	note = e && e->done ? &e->done->note : NULL;
	unlock(l);
	return note;
}

const struct ledger_note *ledger_intent(const struct ledger *l,
					const char *name)
{
	const struct ledger_note *note;
	const struct entry *e;

	if (!l)
		return NULL;
	lock(l);
	e = strmap_get(&l->entries, name);
	note = e && e->intent ? &e->intent->note : NULL;
	unlock(l);
	return note;
}

/* The tree of what was sent for the first time may not have been hashed before.
 * No record is written twice with the same revision. */
static bool is_intended(const struct pack_info *intent,
			const struct pack_info *info)
{
	if (intent->version)
		return sync_same_hashes(intent, info);
	return intent->has_record && info->has_record && *intent->id &&
	       !strcmp(intent->id, info->id) &&
	       intent->revision == info->revision &&
	       !memcmp(intent->record, info->record, DIGEST_RAWSZ);
}

bool ledger_knows(const struct ledger *l, const char *name,
		  const char *version, const struct pack_info *info)
{
	const struct entry *e;
	const struct note *n;
	bool known = false;

	if (!l)
		return false;
	lock(l);
	e = strmap_get(&l->entries, name);
	if (e && e->done)
		known = (version && !strcmp(e->done->note.version, version)) ||
			(info && sync_same_hashes(&e->done->note.info, info));
	for (n = e ? e->intent : NULL; n && !known && info; n = n->older)
		known = is_intended(&n->note.info, info);
	unlock(l);
	return known;
}

const char *ledger_name_of(const struct ledger *l, const char *id)
{
	const char *name;

	if (!l)
		return NULL;
	lock(l);
	name = strmap_get(&l->ids, id);
	unlock(l);
	return name;
}

void ledger_names(const struct ledger *l, struct strvec *out)
{
	size_t i;

	if (!l)
		return;
	lock(l);
	for (i = 0; i < l->entries.nr; i++) {
		const struct entry *e = l->entries.item[i].value;

		if (e->done)
			strvec_push(out, e->name);
	}
	unlock(l);
	strvec_sort(out, false);
}
