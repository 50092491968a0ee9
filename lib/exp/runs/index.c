#include "lib/base/compat.h"
#include "lib/exp/runs/index.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/sys.h"
#include "lib/base/trace.h"
#include "lib/exp/runs/index-internal.h"
#include "lib/exp/store/remotes.h"

#define APPLICATION_ID 0x52736978	/* "Rsix" */
#define WAIT_MS 3000u
/* More than anybody writes while somebody reads. */
#define MAX_WRITES INT64_C(1000000000)
#define MAX_KEYS ((size_t)256 << 20)	/* of a block */

/* Fingerprints are not the same on machines of another byte order, so that an
 * index of these is one of another version. */
static int64_t format_version(void)
{
	const uint16_t one = 1;
	unsigned char first;

	memcpy(&first, &one, 1);
	return first ? INDEX_FORMAT : INDEX_FORMAT | 0x100000;
}

/* The URL of a store is no name of a file. */
static void add_remote(struct strbuf *out, const char *remote)
{
	struct fingerprint sum = FINGERPRINT_INIT;
	unsigned char raw[FINGERPRINT_RAWSZ];
	size_t i;

	strbuf_addch(out, '@');
	if (!remote_check_name(remote, NULL)) {
		strbuf_addstr(out, remote);
		return;
	}
	fingerprint_add(&sum, remote, strlen(remote));
	fingerprint_finish(&sum, raw);
	strbuf_addch(out, '.');
	for (i = 0; i < sizeof(raw); i++)
		strbuf_addf(out, "%02x", raw[i]);
}

int index_path(struct strbuf *out, const struct project *p,
	       const char *remote, bool make, struct strbuf *err)
{
	int ret = make ? project_cache(p, out, err) :
		  project_cache_path(p, out, err);

	if (ret)
		return ret;
	strbuf_complete_slash(out);
	strbuf_addstr(out, "index");
	if (remote)
		add_remote(out, remote);
	return 0;
}

int index_damaged(const struct index *ix, struct strbuf *err)
{
	return fail(err, ERR_CONTENT, "'%s' is damaged", ix->path);
}

/*
 * Not synced: what a power failure leaves torn is found out by its sums. What
 * is read is read once, so that few pages are kept.
 */
int index_connect(struct db **out, const char *path, unsigned flags,
		  struct strbuf *err)
{
	int ret = db_open(out, path, flags, WAIT_MS, err);

	if (ret)
		return ret;
	ret = db_exec(*out, "PRAGMA page_size = 16384;"
		      "PRAGMA synchronous = OFF;"
		      "PRAGMA secure_delete = OFF;"
		      "PRAGMA temp_store = MEMORY;"
		      "PRAGMA cache_size = 8", err);
	if (ret) {
		db_close(*out);
		*out = NULL;
	}
	return ret;
}

static int read_number(struct db *db, const char *sql, int64_t *out,
		       struct strbuf *err)
{
	struct db_stmt *stmt;
	int ret = db_prepare(&stmt, db, sql, err);

	if (ret)
		return ret;
	ret = db_step(stmt, err);
	if (ret > 0)
		*out = db_column_int(stmt, 0);
	else if (!ret)
		ret = fail(err, ERR_CONTENT, "a number is missing");
	db_finish(stmt);
	return ret < 0 ? ret : 0;
}

int index_read_generation(struct index *ix, int64_t *out, struct strbuf *err)
{
	return read_number(ix->db, "SELECT number FROM state", out, err);
}

static const char schema[] =
	"CREATE TABLE state(number INTEGER NOT NULL);"
	"INSERT INTO state VALUES(random() / 4);"
	"CREATE TABLE fields(id INTEGER PRIMARY KEY, path TEXT NOT NULL);"
	"CREATE TABLE keys(block INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE rows(block INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE notes(word TEXT PRIMARY KEY, text TEXT NOT NULL);";

static int drop_tables(struct db *db, struct strbuf *err)
{
	struct strbuf sql = STRBUF_INIT;
	struct db_stmt *stmt;
	int ret = db_prepare(&stmt, db, "SELECT 'DROP TABLE \"' || "
			     "replace(name, '\"', '\"\"') || '\";' "
			     "FROM sqlite_master WHERE type = 'table' "
			     "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", err);

	if (ret)
		return ret;
	while ((ret = db_step(stmt, err)) > 0) {
		size_t len;
		const char *text = db_column_text(stmt, 0, &len);

		strbuf_add(&sql, text, len);
	}
	db_finish(stmt);
	if (!ret && sql.len)
		ret = db_exec(db, sql.buf, err);
	strbuf_release(&sql);
	return ret;
}

/* Another process may have done it meanwhile. */
static int make_tables(struct db *db, struct strbuf *err)
{
	struct strbuf sql = STRBUF_INIT;
	int64_t version = 0;
	int ret = db_exec(db, "BEGIN IMMEDIATE", err);

	if (ret)
		return ret;
	ret = read_number(db, "PRAGMA user_version", &version, err);
	if (!ret && version != format_version()) {
		strbuf_addf(&sql, "%sPRAGMA application_id = %d;"
			    "PRAGMA user_version = %" PRId64 ";", schema,
			    APPLICATION_ID, format_version());
		ret = drop_tables(db, err);
		if (!ret)
			ret = db_exec(db, sql.buf, err);
	}
	if (!ret)
		ret = db_exec(db, "COMMIT", err);
	if (ret)
		db_exec(db, "ROLLBACK", NULL);
	strbuf_release(&sql);
	return ret;
}

static int need_tables(struct index *ix, struct strbuf *err)
{
	int64_t id = 0, version = 0;
	int ret = read_number(ix->db, "PRAGMA application_id", &id, err);

	if (!ret)
		ret = read_number(ix->db, "PRAGMA user_version", &version,
				  err);
	if (ret || (id == APPLICATION_ID && version == format_version()))
		return ret;
	if (id && id != APPLICATION_ID)
		return index_damaged(ix, err);
	return make_tables(ix->db, err);
}

const unsigned char *index_keep_keys(struct index *ix, const void *data,
				     size_t len)
{
	return (const unsigned char *)strvec_pushn(&ix->keys, data, len);
}

static int compare_blocks(const void *a, const void *b)
{
	const struct stored_block *x = a, *y = b;

	return strcmp(x->block.first, y->block.first);
}

/* Whether the names of all blocks are in order, each of them once: those of one
 * are. */
static bool are_in_order(const struct index *ix)
{
	size_t i;

	for (i = 1; i < ix->nr; i++)
		if (strcmp(ix->block[i - 1].block.last,
			   ix->block[i].block.first) >= 0)
			return false;
	return true;
}

static int add_block(struct index *ix, struct db_stmt *stmt,
		     struct strbuf *err)
{
	struct stored_block *b;
	const void *data;
	size_t len;

	data = db_column_blob(stmt, 1, &len);
	if (len > MAX_KEYS)
		return index_damaged(ix, err);
	ARRAY_GROW(ix->block, ix->nr + 1, ix->alloc);
	b = &ix->block[ix->nr++];
	b->id = db_column_int(stmt, 0);
	ix->last_id = MAXIMUM(ix->last_id, b->id);
	if (!index_block_read(&b->block, index_keep_keys(ix, data, len), len) ||
	    !index_map_has(&ix->map, &b->block.fields))
		return index_damaged(ix, err);
	ix->runs += b->block.nr;
	return 0;
}

static int load_blocks(struct index *ix, struct strbuf *err)
{
	struct db_stmt *stmt;
	int ret = db_prepare(&stmt, ix->db, "SELECT block, data FROM keys",
			     err);

	if (ret)
		return ret;
	ix->nr = 0;
	ix->runs = 0;
	ix->last_id = 0;
	while ((ret = db_step(stmt, err)) > 0) {
		ret = add_block(ix, stmt, err);
		if (ret)
			break;
	}
	db_finish(stmt);
	if (!ret && ix->nr) {
		qsort(ix->block, ix->nr, sizeof(*ix->block), compare_blocks);
		if (!are_in_order(ix))
			ret = index_damaged(ix, err);
	}
	return ret;
}

int index_load(struct index *ix, struct strbuf *err)
{
	int ret = index_read_generation(ix, &ix->generation, err);

	if (!ret)
		ret = index_load_fields(ix, err);
	if (!ret)
		ret = load_blocks(ix, err);
	return ret;
}

int index_begin_read(struct index *ix, bool *changed, struct strbuf *err)
{
	int64_t generation = 0;
	int ret = db_exec(ix->db, "BEGIN", err);

	*changed = false;
	if (ret)
		return ret;
	ret = index_read_generation(ix, &generation, err);
	if (!ret && generation != ix->generation) {
		*changed = true;
		ret = index_load(ix, err);
	}
	if (ret)
		index_end_read(ix);
	return ret;
}

void index_end_read(struct index *ix)
{
	db_exec(ix->db, "COMMIT", NULL);
}

/*
 * A file system without locks: SQLite would wait for one that never comes. Not
 * asked of the file itself: POSIX has a process lose all its locks of a file
 * when it closes one of its descriptors.
 */
static bool has_locks(const char *path)
{
	struct strbuf lock = STRBUF_INIT;
	bool ret = true;	/* where nothing is written, reading may do */
	int fd;

	strbuf_addf(&lock, "%s.lock", path);
	fd = sys_open(lock.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		ret = filelock_is_held(fd, 0) >= 0 ||
		      !filelock_is_unsupported(errno);
		close(fd);
	}
	strbuf_release(&lock);
	return ret;
}

static int open_file(struct index *ix, struct strbuf *err)
{
	bool changed;
	int ret;

	if (!has_locks(ix->path))
		return fail(err, ERR_FAILED, "there are no locks where '%s' "
			    "is", ix->path);
	ret = index_connect(&ix->db, ix->path, DB_CREATE, err);
	if (ret)
		return ret;
	ret = need_tables(ix, err);
	if (!ret) {
		ix->generation = 0;
		ret = index_begin_read(ix, &changed, err);
	}
	if (!ret)
		index_end_read(ix);
	if (ret) {
		db_close(ix->db);
		ix->db = NULL;
	}
	return ret;
}

static void remove_beside(const char *path, const char *suffix)
{
	struct strbuf name = STRBUF_INIT;

	strbuf_addf(&name, "%s%s", path, suffix);
	sys_unlink(name.buf);
	strbuf_release(&name);
}

/*
 * Whether the file that is there now is another one than `ix` has found to be
 * damaged: somebody else threw that away. Numbers of inodes are used again, so
 * it is told by its number, which begins with one by chance.
 */
static bool was_replaced(const struct index *ix)
{
	struct index other = { .path = ix->path };
	bool changed, replaced;
	int ret;

	strvec_init(&other.keys);
	index_map_init(&other.map, field_names_new());
	ret = index_connect(&other.db, ix->path, DB_READ_ONLY, NULL);
	if (!ret)
		ret = need_tables(&other, NULL);
	if (!ret)
		ret = index_begin_read(&other, &changed, NULL);
	/* one that cannot be looked at now is left to the next */
	replaced = ret != ERR_CONTENT && ret != ERR_USAGE;
	if (!ret) {
		index_end_read(&other);
		replaced = !ix->generation ||
			   other.generation < ix->generation ||
			   other.generation - ix->generation > MAX_WRITES;
	}
	db_close(other.db);
	field_names_free(other.map.names);
	index_map_release(&other.map);
	strvec_release(&other.keys);
	free(other.block);
	return replaced;
}

/* Byte 0 of a file beside it is locked meanwhile, so that of several processes
 * that find it damaged one throws it away, and the others see another one. */
static void discard(const char *path, const struct index *damaged)
{
	struct strbuf lock = STRBUF_INIT;
	int fd;

	strbuf_addf(&lock, "%s.lock", path);
	fd = sys_open(lock.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd >= 0 && !filelock_take(fd, 0, true) && !access(path, F_OK) &&
	    !(damaged && was_replaced(damaged))) {
		if (damaged)
			notice("the index '%s' is damaged: it is made anew "
			       "from the records", path);
		remove_beside(path, "-journal");
		sys_unlink(path);
	}
	if (fd >= 0)
		close(fd);
	strbuf_release(&lock);
}

void index_discard(struct index *ix)
{
	discard(ix->path, ix);
}

void index_remove(const char *path)
{
	discard(path, NULL);
}

static void forget(struct index *ix)
{
	ix->nr = ix->runs = 0;
	db_close(ix->db);
	ix->db = NULL;
}

int index_open(struct index **out, const char *path,
	       struct field_names *names, struct strbuf *err)
{
	struct index *ix = xcalloc(1, sizeof(*ix));
	struct strbuf why = STRBUF_INIT;
	int ret;

	ix->path = xstrdup(path);
	strvec_init(&ix->keys);
	index_map_init(&ix->map, names);
	ret = open_file(ix, &why);
	if (ret == ERR_CONTENT || ret == ERR_USAGE) {
		trace_printf("index: %s", why.buf);
		forget(ix);
		ix->generation = 0;
		discard(path, ix);
		index_map_release(&ix->map);
		index_map_init(&ix->map, names);
		strbuf_reset(&why);
		ret = open_file(ix, &why);
	}
	if (ret) {
		trace_printf("index: going on without: %s", why.buf);
		fail(err, ret, "%s", why.buf);
		index_close(ix);
	} else {
		*out = ix;
	}
	strbuf_release(&why);
	return ret;
}

void index_close(struct index *ix)
{
	if (!ix)
		return;
	db_close(ix->db);
	index_map_release(&ix->map);
	strvec_release(&ix->keys);
	free(ix->block);
	free(ix->path);
	free(ix);
}

size_t index_nr_runs(const struct index *ix)
{
	return ix->runs;
}

size_t index_nr_blocks(const struct index *ix)
{
	return ix->nr;
}

const struct index_block *index_block_at(const struct index *ix, size_t nr)
{
	return &ix->block[nr].block;
}

char *index_note(struct index *ix, const char *word)
{
	struct db_stmt *stmt;
	char *text = NULL;

	if (db_prepare(&stmt, ix->db, "SELECT text FROM notes WHERE word = ?",
		       NULL))
		return NULL;
	db_bind_text(stmt, 1, word, strlen(word));
	if (db_step(stmt, NULL) > 0) {
		size_t len;
		const char *there = db_column_text(stmt, 0, &len);

		text = xmemdupz(there, len);
	}
	db_finish(stmt);
	return text;
}

int index_set_note(struct index *ix, const char *word, const char *text,
		   struct strbuf *err)
{
	struct db_stmt *stmt;
	int ret = db_prepare(&stmt, ix->db, "INSERT OR REPLACE INTO "
			     "notes(word, text) VALUES(?, ?)", err);

	if (ret)
		return ret;
	db_bind_text(stmt, 1, word, strlen(word));
	db_bind_text(stmt, 2, text, strlen(text));
	ret = db_run(stmt, err);
	db_finish(stmt);
	return ret;
}
