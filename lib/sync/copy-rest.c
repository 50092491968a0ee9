#include "lib/base/compat.h"
#include "lib/sync/copy-rest.h"

#include <dirent.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/tempfile.h"
#include "lib/base/trace.h"
#include "lib/base/value.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/note.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"

#define URL_MAX 4096
#define BASE_LEN 32		/* hex digits */
#define PACK_SUFFIX ".part"
#define NOTE_SUFFIX ".json"
#define LOCK_BYTE 0		/* of the file with bytes */
/* It is removed when its maker ends, and then made anew. */
#define OPEN_TRIES 100

/* ---- what a note says ---------------------------------------------------- */

static bool take_note(void *data, const struct value *map);
static void release_note(void *note);

static const struct note_kind kind = {
	.of = "a copy", .key = "resutil_copy", .version = 1,
	.max_bytes = COPY_NOTE_MAX_BYTES,
	.take = take_note, .release = release_note
};

void copy_note_write(struct strbuf *out, const struct copy_note *note)
{
	const struct moment begun = { .sec = note->begun };
	struct value *map = value_new_map();
	struct strbuf text = STRBUF_INIT;

	value_map_set_int(map, kind.key, kind.version);
	value_map_set_str(map, "name", note->name);
	value_map_set_str(map, "key", note->key);
	value_map_set_str(map, "from", note->from);
	value_map_set_str(map, "to", note->to);
	value_map_set_str(map, "version", note->version);
	value_map_set_int(map, "size", note->size);
	moment_format_utc(&text, &begun);
	value_map_set_str(map, "begun", text.buf);
	if (note->state)
		value_map_set_str(map, "state", note->state);
	json_write(out, map);
	strbuf_addch(out, '\n');
	value_free(map);
	strbuf_release(&text);
}

static bool take_note(void *data, const struct value *map)
{
	struct copy_note *note = data;
	const char *begun = value_get_text(map, "begun");
	struct moment when;

	note->name = note_text(map, "name", 1, NAME_MAX_BYTES);
	note->key = note_text(map, "key", 1, OBJECT_KEY_MAX);
	note->from = note_text(map, "from", 1, URL_MAX);
	note->to = note_text(map, "to", 1, URL_MAX);
	note->version = note_text(map, "version", 1, OBJECT_VERSION_MAX);
	note->state = note_text(map, "state", 1, COPY_STATE_MAX_BYTES);
	if (!note->name || !name_is_valid(note->name) || !note->key ||
	    object_key_check(note->key, NULL) || !note->from || !note->to ||
	    !note->version || !note_number(map, "size", &note->size) ||
	    (!note->state && value_map_get(map, "state")) || !begun ||
	    !moment_parse(&when, begun))
		return false;
	note->begun = when.sec;
	return true;
}

int copy_note_parse(struct copy_note *out, const char *text, size_t len,
		    struct strbuf *err)
{
	struct copy_note note = COPY_NOTE_INIT;
	int ret = note_parse(&note, &kind, text, len, err);

	if (!ret)
		*out = note;
	return ret;
}

static void release_note(void *note)
{
	copy_note_release(note);
}

void copy_note_release(struct copy_note *note)
{
	free(note->name);
	free(note->key);
	free(note->from);
	free(note->to);
	free(note->version);
	free(note->state);
	memset(note, 0, sizeof(*note));
}

/* ---- where they lie ------------------------------------------------------ */

static int make_dir(const struct project *p, struct strbuf *out,
		    struct strbuf *err)
{
	return project_private(p, "copies/", out, err);
}

/* Which files these are: one pair for each pack between two stores. */
static int add_base(struct strbuf *out, const struct remote *from,
		    const struct remote *to, const char *name,
		    struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, hex = STRBUF_INIT;
	int ret;

	strbuf_addf(&text, "%s\n%s\n%s%s", from->place, to->place,
		    from->prefix, name);
	ret = digest_memory(&hex, text.buf, text.len, err);
	if (!ret)
		strbuf_add(out, hex.buf, BASE_LEN);
	strbuf_release(&hex);
	strbuf_release(&text);
	return ret;
}

int copy_unnamed(int *fd, const struct project *p, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	int ret = make_dir(p, &dir, err);

	if (!ret)
		ret = tempfile_unnamed(fd, dir.buf, err);
	strbuf_release(&dir);
	return ret;
}

static bool is_private(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() &&
	       (!(st.st_mode & 077) || !sys_fchmod(fd, 0600));
}

/* Open, and locked by us; -1: it is not to be had. */
static int open_locked(const char *path, bool make)
{
	int tries, fd;

	for (tries = 0; tries < OPEN_TRIES; tries++) {
		fd = sys_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
			      (make ? O_CREAT : 0), 0600);
		if (fd < 0)
			return -1;
		if (!is_private(fd) || filelock_take(fd, LOCK_BYTE, false)) {
			close(fd);
			return -1;
		}
		/* Who had it may have removed it just before. */
		if (hold_has_name(fd, AT_FDCWD, path))
			return fd;
		close(fd);
	}
	return -1;
}

/* ---- one copy ------------------------------------------------------------ */

struct copy_claim {
	struct put_resume resume;	/* first */
	struct copy_note note;	/* without `state`, which is resume's */
	char *pack_path, *note_path;
	int fd;
	uint64_t held;
};

static int write_note(struct copy_claim *c, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret;

	c->note.state = c->resume.state;
	copy_note_write(&text, &c->note);
	c->note.state = NULL;
	ret = write_file_atomic(c->note_path, text.buf, text.len, 0600,
				TEMPFILE_SYNC, err);
	strbuf_release(&text);
	return ret;
}

/* Of the thread that puts. */
static int save(struct put_resume *r, const char *state, struct strbuf *err)
{
	struct copy_claim *c = (struct copy_claim *)r;
	char *kept = state ? xstrdup(state) : NULL;

	free(r->state);
	r->state = kept;
	return write_note(c, err);
}

static void claim_free(struct copy_claim *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->resume.state);
	free(c->pack_path);
	free(c->note_path);
	copy_note_release(&c->note);
	free(c);
}

/* base: the path without what it ends in. */
static struct copy_claim *claim_open(const char *base, bool make)
{
	struct copy_claim *c = xcalloc(1, sizeof(*c));

	c->resume.save = save;
	c->pack_path = xstrfmt("%s" PACK_SUFFIX, base);
	c->note_path = xstrfmt("%s" NOTE_SUFFIX, base);
	c->fd = open_locked(c->pack_path, make);
	if (c->fd < 0) {
		claim_free(c);
		return NULL;
	}
	return c;
}

static void describe(struct copy_note *note, const struct remote *from,
		     const struct remote *to, const struct remote_exp *exp)
{
	struct strbuf key = STRBUF_INIT;

	remote_key(from, exp->name, &key);
	note->key = strbuf_detach(&key, NULL);
	note->name = xstrdup(exp->name);
	note->from = xstrdup(from->place);
	note->to = xstrdup(to->place);
	note->version = xstrdup(exp->version);
	note->size = (int64_t)exp->size;
	note->begun = moment_now().sec;
}

static bool is_same_copy(const struct copy_note *a, const struct copy_note *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->key, b->key) &&
	       !strcmp(a->from, b->from) && !strcmp(a->to, b->to);
}

/* What an earlier one left: bytes of the same object, and an upload of them.
 * Of another state of the object the upload is withdrawn by the next put. */
static void take_over(struct copy_claim *c)
{
	struct copy_note old = COPY_NOTE_INIT;
	struct strbuf why = STRBUF_INIT;
	struct stat st;
	int ret = note_read(&old, &st, &kind, c->note_path, &why);

	if (!ret && is_same_copy(&old, &c->note)) {
		c->resume.state = old.state;
		old.state = NULL;
		c->resume.stale = strcmp(old.version, c->note.version) ||
				  old.size != c->note.size;
		if (!c->resume.stale && !fstat(c->fd, &st) &&
		    st.st_size <= c->note.size) {
			c->held = (uint64_t)st.st_size;
			c->note.begun = old.begun;
		}
	} else if (ret && ret != ERR_NOT_FOUND) {
		trace_printf("copy: %s: the note is of no use: %s",
			     c->note_path, why.buf);
	}
	copy_note_release(&old);
	strbuf_release(&why);
}

/* The note is there before the first byte of what it tells of. */
struct copy_claim *copy_claim_take(const struct remote *from,
				   const struct remote *to,
				   const struct remote_exp *exp)
{
	struct copy_claim *c = NULL;
	struct strbuf base = STRBUF_INIT;

	if (!make_dir(from->project, &base, NULL) &&
	    !add_base(&base, from, to, exp->name, NULL))
		c = claim_open(base.buf, true);
	strbuf_release(&base);
	if (!c)
		return NULL;
	describe(&c->note, from, to, exp);
	take_over(c);
	if ((!c->held && sys_ftruncate(c->fd, 0)) || write_note(c, NULL)) {
		copy_claim_end(c, !c->resume.state);
		return NULL;
	}
	return c;
}

int copy_claim_fd(const struct copy_claim *c)
{
	return c->fd;
}

uint64_t copy_claim_held(const struct copy_claim *c)
{
	return c->held;
}

int copy_claim_restart(struct copy_claim *c, struct strbuf *err)
{
	c->held = 0;
	c->resume.stale = true;
	if (sys_ftruncate(c->fd, 0))
		return fail_errno(err, "cannot empty '%s'", c->pack_path);
	return 0;
}

struct put_resume *copy_claim_resume(struct copy_claim *c)
{
	return c ? &c->resume : NULL;
}

/* The note first: as long as the other file has its name nobody else takes
 * both, and without a note its bytes are of nothing. */
void copy_claim_end(struct copy_claim *c, bool done)
{
	if (!c)
		return;
	if (done) {
		sys_unlink(c->note_path);
		sys_unlink(c->pack_path);
	}
	claim_free(c);
}

/* ---- those that were left ------------------------------------------------ */

void copy_rests_list(const struct project *p, struct strvec *out)
{
	struct strbuf path = STRBUF_INIT;
	const struct dirent *entry;
	DIR *dir;

	strbuf_addf(&path, "%s/.resutil/copies", p->root);
	dir = opendir(path.buf);
	while (dir && (entry = readdir(dir)))
		if (strlen(entry->d_name) == BASE_LEN + strlen(PACK_SUFFIX) &&
		    !strcmp(entry->d_name + BASE_LEN, PACK_SUFFIX))
			strvec_pushn(out, entry->d_name, BASE_LEN);
	if (dir)
		closedir(dir);
	strvec_sort(out, true);
	strbuf_release(&path);
}

bool copy_rest_has(const struct strvec *rests, const struct remote *from,
		   const struct remote *to, const char *name)
{
	struct strbuf base = STRBUF_INIT;
	bool has = rests->nr && !add_base(&base, from, to, name, NULL) &&
		   strvec_find(rests, base.buf) >= 0;

	strbuf_release(&base);
	return has;
}

struct copy_claim *copy_rest_open(const struct project *p, const char *rest)
{
	struct strbuf base = STRBUF_INIT;
	struct copy_claim *c;
	struct stat st;

	strbuf_addf(&base, "%s/.resutil/copies/%s", p->root, rest);
	c = claim_open(base.buf, false);
	if (c && note_read(&c->note, &st, &kind, c->note_path, NULL)) {
		claim_free(c);
		c = NULL;
	}
	strbuf_release(&base);
	return c;
}

const struct copy_note *copy_rest_note(struct copy_claim *c)
{
	return &c->note;
}

int copy_rest_withdraw(struct copy_claim *c, struct remote *to,
		       struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (c->note.state)
		ret = transport_withdraw(to->transport, c->note.key,
					 c->note.state, &why);
	/* A state that says nothing withdraws nothing. */
	if (ret == ERR_CONTENT)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

void copy_rest_forget(const struct remote *from, struct remote *to,
		      const char *name)
{
	struct strbuf base = STRBUF_INIT, why = STRBUF_INIT;
	struct copy_claim *c = NULL;
	int ret;

	if (!add_base(&base, from, to, name, NULL))
		c = copy_rest_open(from->project, base.buf);
	if (c) {
		ret = copy_rest_withdraw(c, to, &why);
		if (ret)
			trace_printf("copy: %s: %s", base.buf, why.buf);
		copy_claim_end(c, !ret);
	}
	strbuf_release(&why);
	strbuf_release(&base);
}
