#include "lib/base/compat.h"
#include "lib/sync/uploads.h"

#include <dirent.h>
#include <sys/utsname.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/fingerprint.h"
#include "lib/base/hex.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/trace.h"
#include "lib/base/value.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/note.h"
#include "lib/sync/pack-stream.h"
#include "lib/wrap/json.h"
#include "lib/wrap/zstream.h"

#define NOTE_SUFFIX ".json"
#define LOCK_FILE ".lock"

/* ---- what a note says ---------------------------------------------------- */

static bool take_note(void *data, const struct value *map);
static void release_note(void *note);

static const struct note_kind kind = {
	.of = "an upload", .key = "resutil_upload", .version = 1,
	.max_bytes = UPLOAD_NOTE_MAX_BYTES,
	.take = take_note, .release = release_note
};

static void tree_format(struct strbuf *out, const unsigned char *tree)
{
	size_t i;

	for (i = 0; i < FINGERPRINT_RAWSZ; i++)
		strbuf_addf(out, "%02x", tree[i]);
}

void upload_note_write(struct strbuf *out, const struct upload_note *note)
{
	const struct moment begun = { .sec = note->begun };
	struct value *map = value_new_map();
	struct strbuf text = STRBUF_INIT;

	value_map_set_int(map, kind.key, kind.version);
	value_map_set_str(map, "name", note->name);
	value_map_set_str(map, "key", note->key);
	value_map_set_str(map, "store", note->store);
	value_map_set_str(map, "id", note->id);
	value_map_set_int(map, "revision", note->revision);
	tree_format(&text, note->tree);
	value_map_set_str(map, "tree", text.buf);
	value_map_set_int(map, "level", note->level);
	value_map_set_str(map, "build", note->build);
	strbuf_reset(&text);
	moment_format_utc(&text, &begun);
	value_map_set_str(map, "begun", text.buf);
	value_map_set_str(map, "state", note->state);
	json_write(out, map);
	strbuf_addch(out, '\n');
	value_free(map);
	strbuf_release(&text);
}

static bool take_note(void *data, const struct value *map)
{
	struct upload_note *note = data;
	const char *tree = value_get_text(map, "tree");
	const char *begun = value_get_text(map, "begun");
	struct moment when;

	note->name = note_text(map, "name", 1, NAME_MAX_BYTES);
	note->key = note_text(map, "key", 1, OBJECT_KEY_MAX);
	note->store = note_text(map, "store", 1, 4096);
	note->id = note_text(map, "id", 0, 64);
	note->build = note_text(map, "build", 1, 1024);
	note->state = note_text(map, "state", 1, UPLOAD_STATE_MAX_BYTES);
	if (!note->id && !value_map_get(map, "id"))
		note->id = xstrdup("");
	if (!note->name || !name_is_valid(note->name) || !note->key ||
	    object_key_check(note->key, NULL) || !note->store || !note->id ||
	    !note->build || !note->state ||
	    !note_number(map, "revision", &note->revision) ||
	    !note_number(map, "level", &note->level) || !tree ||
	    strlen(tree) != 2 * FINGERPRINT_RAWSZ ||
	    !hex_read(note->tree, FINGERPRINT_RAWSZ, tree) || !begun ||
	    !moment_parse(&when, begun))
		return false;
	note->begun = when.sec;
	return true;
}

int upload_note_parse(struct upload_note *out, const char *text, size_t len,
		      struct strbuf *err)
{
	struct upload_note note = UPLOAD_NOTE_INIT;
	int ret = note_parse(&note, &kind, text, len, err);

	if (!ret)
		*out = note;
	return ret;
}

static void release_note(void *note)
{
	upload_note_release(note);
}

void upload_note_release(struct upload_note *note)
{
	free(note->name);
	free(note->key);
	free(note->store);
	free(note->id);
	free(note->build);
	free(note->state);
	memset(note, 0, sizeof(*note));
}

/* ---- where they lie, and who may have one -------------------------------- */

/* What makes other bytes of the same tree. */
static void add_build(struct strbuf *out)
{
	const char *engine = getenv("RESUTIL_TEST_ZSTREAM");
	struct utsname machine;

	strbuf_addstr(out, RESUTIL_VERSION "; " ZSTREAM_ENGINES);
	if (engine && *engine)
		strbuf_addf(out, " (%s)", engine);
	if (!uname(&machine))
		strbuf_addf(out, "; %s", machine.machine);
}

static void add_dir(struct strbuf *out, const struct remote *r)
{
	strbuf_addf(out, "%s/.resutil/uploads/%s", r->project->root, r->name);
}

static void add_path(struct strbuf *out, const struct remote *r,
		     const char *name)
{
	add_dir(out, r);
	strbuf_addf(out, "/%s" NOTE_SUFFIX, name);
}

static off_t byte_of(const char *name)
{
	struct fingerprint f = FINGERPRINT_INIT;
	unsigned char raw[FINGERPRINT_RAWSZ];
	uint64_t byte;

	fingerprint_add(&f, name, strlen(name));
	fingerprint_finish(&f, raw);
	memcpy(&byte, raw, sizeof(byte));
	return (off_t)(byte >> 2);
}

/* The descriptor that holds it; -1: another has it, or there is no way to. */
static int take_lock(const struct remote *r, const char *name, bool make)
{
	struct strbuf path = STRBUF_INIT;
	int fd;

	add_dir(&path, r);
	strbuf_addstr(&path, "/" LOCK_FILE);
	fd = sys_open(path.buf, O_RDWR | O_NOFOLLOW | (make ? O_CREAT : 0),
		      0600);
	strbuf_release(&path);
	if (fd >= 0 && filelock_take(fd, byte_of(name), false)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_of(const struct upload_note *note, const struct remote *r,
		  const char *name)
{
	struct strbuf key = STRBUF_INIT;
	bool good;

	remote_key(r, name, &key);
	good = !strcmp(note->name, name) && !strcmp(note->key, key.buf) &&
	       !strcmp(note->store, transport_url(r->transport));
	strbuf_release(&key);
	return good;
}

/* ---- one upload ---------------------------------------------------------- */

struct upload_claim {
	struct put_resume resume;	/* first */
	struct upload_note note;	/* without `state`, which is resume's */
	char *path;
	int lock;
};

/* Of the thread that puts. */
static int save(struct put_resume *r, const char *state, struct strbuf *err)
{
	struct upload_claim *u = (struct upload_claim *)r;
	struct strbuf text = STRBUF_INIT;
	char *kept = state ? xstrdup(state) : NULL;
	int ret = 0;

	free(r->state);
	r->state = kept;
	if (!kept) {
		if (sys_unlink(u->path) && errno != ENOENT)
			return fail_errno(err, "cannot remove '%s'", u->path);
		return 0;
	}
	u->note.state = kept;
	upload_note_write(&text, &u->note);
	u->note.state = NULL;
	ret = write_file_atomic(u->path, text.buf, text.len, 0600,
				TEMPFILE_SYNC, err);
	strbuf_release(&text);
	return ret;
}

static void describe(struct upload_note *note, const struct remote *r,
		     const char *name, const struct local_exp *here, int level)
{
	struct strbuf text = STRBUF_INIT;

	note->name = xstrdup(name);
	remote_key(r, name, &text);
	note->key = strbuf_detach(&text, NULL);
	note->store = xstrdup(transport_url(r->transport));
	note->id = xstrdup(here->info.id);
	note->revision = (int64_t)here->info.revision;
	memcpy(note->tree, here->sign.raw, sizeof(note->tree));
	note->level = level;
	add_build(&text);
	note->build = strbuf_detach(&text, NULL);
	note->begun = moment_now().sec;
}

static bool is_same(const struct upload_note *a, const struct upload_note *b)
{
	return !memcmp(a->tree, b->tree, sizeof(a->tree)) &&
	       a->level == b->level && !strcmp(a->build, b->build) &&
	       !strcmp(a->id, b->id);
}

/* What an earlier one left. */
static void take_over(struct upload_claim *u, const struct remote *r)
{
	struct upload_note old = UPLOAD_NOTE_INIT;
	struct strbuf why = STRBUF_INIT;
	struct stat st;
	int ret = note_read(&old, &st, &kind, u->path, &why);

	if (!ret && is_of(&old, r, u->note.name)) {
		u->resume.state = old.state;
		old.state = NULL;
		u->resume.stale = !is_same(&old, &u->note);
		if (!u->resume.stale)
			u->note.begun = old.begun;
	} else if (ret != ERR_NOT_FOUND) {
		trace_printf("upload: %s: the note is of no use%s%s", u->path,
			     why.len ? ": " : "", why.buf);
	}
	upload_note_release(&old);
	strbuf_release(&why);
}

static bool make_dir(const struct remote *r)
{
	struct strbuf sub = STRBUF_INIT, path = STRBUF_INIT;
	int ret;

	strbuf_addf(&sub, "uploads/%s/", r->name);
	ret = project_private(r->project, sub.buf, &path, NULL);
	strbuf_release(&sub);
	strbuf_release(&path);
	return !ret;
}

/* What is small goes at once. What still changes is not made again as it was,
 * but without a note nobody would withdraw what was sent of it. */
static bool is_worth_it(const struct remote *r, const struct local_exp *here)
{
	return !r->is_url && here->bytes >= PACK_STREAM_SMALL &&
	       (transport_caps(r->transport) & TRANSPORT_CAN_RESUME);
}

struct upload_claim *upload_begin(struct remote *r, const char *name,
			    const struct local_exp *here, int level)
{
	struct strbuf path = STRBUF_INIT;
	struct upload_claim *u;
	int lock;

	if (!is_worth_it(r, here) || !make_dir(r))
		return NULL;
	lock = take_lock(r, name, true);
	if (lock < 0)
		return NULL;
	u = xcalloc(1, sizeof(*u));
	u->lock = lock;
	u->resume.save = save;
	add_path(&path, r, name);
	u->path = strbuf_detach(&path, NULL);
	describe(&u->note, r, name, here, level);
	take_over(u, r);
	return u;
}

struct put_resume *upload_resume(struct upload_claim *u)
{
	return u ? &u->resume : NULL;
}

uint64_t upload_held(const struct upload_claim *u)
{
	return u ? u->resume.held : 0;
}

void upload_end(struct upload_claim *u, bool done)
{
	if (!u)
		return;
	if (done)
		sys_unlink(u->path);
	close(u->lock);
	free(u->resume.state);
	free(u->path);
	upload_note_release(&u->note);
	free(u);
}

/* ---- those that were left ------------------------------------------------ */

void uploads_list(const struct remote *r, struct strvec *names)
{
	const size_t suffix = strlen(NOTE_SUFFIX);
	struct strbuf path = STRBUF_INIT;
	const struct dirent *entry;
	DIR *dir;

	if (r->is_url)
		return;
	add_dir(&path, r);
	dir = opendir(path.buf);
	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		const char *name;

		if (len <= suffix ||
		    strcmp(entry->d_name + len - suffix, NOTE_SUFFIX))
			continue;
		name = strvec_pushn(names, entry->d_name, len - suffix);
		if (!name_is_valid(name))
			strvec_remove(names, names->nr - 1);
	}
	if (dir)
		closedir(dir);
	strvec_sort(names, true);
	strbuf_release(&path);
}

bool upload_look(struct upload_left *left, const struct remote *r,
		 const char *name)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st = { 0 };
	int ret;

	memset(left, 0, sizeof(*left));
	left->lock = take_lock(r, name, true);
	if (left->lock < 0)
		return false;
	add_path(&path, r, name);
	left->path = strbuf_detach(&path, NULL);
	ret = note_read(&left->note, &st, &kind, left->path, NULL);
	left->usable = !ret && is_of(&left->note, r, name);
	left->bytes = (uint64_t)st.st_blocks * 512;
	left->modified = st.st_mtim.tv_sec;
	if (ret == ERR_NOT_FOUND) {
		upload_left_release(left);
		return false;
	}
	return true;
}

int upload_remove(struct upload_left *left, struct remote *r,
		  struct strbuf *err)
{
	int ret = 0;

	if (left->usable)
		ret = transport_withdraw(r->transport, left->note.key,
					 left->note.state, err);
	/* A state that says nothing withdraws nothing. */
	if (ret == ERR_CONTENT) {
		strbuf_reset(err);
		ret = 0;
	}
	if (!ret && sys_unlink(left->path) && errno != ENOENT)
		ret = fail_errno(err, "cannot remove '%s'", left->path);
	return ret;
}

void upload_left_release(struct upload_left *left)
{
	if (left->lock >= 0)
		close(left->lock);
	left->lock = -1;
	free(left->path);
	left->path = NULL;
	upload_note_release(&left->note);
}

bool upload_is_stale(const struct upload_note *note,
		     const struct exp_tree_sign *sign)
{
	struct strbuf build = STRBUF_INIT;
	bool stale;

	add_build(&build);
	stale = memcmp(note->tree, sign->raw, sizeof(note->tree)) ||
		strcmp(note->build, build.buf);
	strbuf_release(&build);
	return stale;
}

void upload_forget(struct remote *r, const char *name)
{
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct upload_left left;
	struct stat st;

	if (r->is_url)
		return;
	add_path(&path, r, name);
	if (!lstat(path.buf, &st) && upload_look(&left, r, name)) {
		if (upload_remove(&left, r, &why))
			trace_printf("upload: %s: %s", path.buf, why.buf);
		upload_left_release(&left);
	}
	strbuf_release(&why);
	strbuf_release(&path);
}
