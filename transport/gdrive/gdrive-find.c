/*
 * Keys to files: which folders a path means, and what has a name in them.
 *
 * The ids of folders are remembered for a minute. A folder that was put into
 * the trash meanwhile, or another one of its name that somebody made, changes
 * what is found; so that nothing is found is believed only where the folders
 * were asked for a moment ago.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/gdrive/gdrive-internal.h"

/* Milliseconds. */
#define FOLDERS_LAST 60000
#define NOTHING_LASTS 5000
#define PAGE_MAX "1000"

/* ---- searching ---------------------------------------------------------- */

/* Where the next page begins; a service that has us turn in circles is not
 * followed. */
static int go_on(const struct gdrive_store *s, const struct value *json,
		 struct strbuf *token, bool *more, struct strbuf *err)
{
	const char *next = google_text(json, "nextPageToken");

	*more = next != NULL;
	if (next && (!*next || !strcmp(next, token->buf)))
		return fail(err, ERR_CONTENT, "'%s' says that its listing goes "
			    "on, and not where", s->base.url);
	strbuf_reset(token);
	if (next)
		strbuf_addstr(token, next);
	return 0;
}

static int tell_page(const struct gdrive_store *s, const struct value *json,
		     gdrive_file_fn fn, void *data, struct strbuf *err)
{
	const struct value *files = value_map_get(json, "files");
	const struct value *incomplete = value_map_get(json,
						       "incompleteSearch");
	size_t i;
	int ret = 0;

	if (!files || files->type != VALUE_LIST)
		return fail(err, ERR_CONTENT, "cannot list '%s': the answer "
			    "is no listing", s->base.url);
	if (incomplete && incomplete->type == VALUE_BOOL &&
	    incomplete->u.truth)
		return fail(err, ERR_TRANSIENT, "cannot list '%s': Google "
			    "Drive says that it has left something out",
			    s->base.url);
	for (i = 0; i < files->u.list.nr && !ret; i++) {
		struct gdrive_file f = GDRIVE_FILE_INIT;

		ret = gdrive_file_read(&f, files->u.list.item[i], err);
		if (!ret)
			ret = fn(&f, data);
		gdrive_file_release(&f);
	}
	return ret;
}

static void ask(struct google_call *c, const struct gdrive_store *s,
		const char *q, const char *token, bool as_member)
{
	const char *few = getenv("RESUTIL_TEST_GDRIVE_PAGE");

	strvec_pushf(&c->query, "q=%s", q);
	strvec_pushf(&c->query, "pageSize=%s", few ? few : PAGE_MAX);
	strvec_push(&c->query, "fields=nextPageToken,incompleteSearch,files("
		    GDRIVE_FIELDS ")");
	gdrive_query(s, &c->query);
	strvec_push(&c->query, "includeItemsFromAllDrives=true");
	if (as_member) {
		strvec_push(&c->query, "corpora=drive");
		strvec_pushf(&c->query, "driveId=%s", s->drive_id);
	}
	if (*token)
		strvec_pushf(&c->query, "pageToken=%s", token);
}

/* A token that is too old is refused as a bad one. */
static bool has_token_expired(const struct google_call *c, const char *token)
{
	return *token && c->answer.status == 400;
}

static int ask_for_page(struct gdrive_store *s, struct google_call *c,
			const char *q, const char *token, bool as_member,
			struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	ask(c, s, q, token, as_member);
	ret = google_call(&s->api, c, &why);
	if (ret && has_token_expired(c, token))
		ret = ERR_TRANSIENT;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/*
 * Members search a shared drive itself, where nothing is left out. With others
 * a folder in it may be shared all the same: they are refused that, and search
 * what they may see. Who was let in once is a member.
 */
static int get_page(struct gdrive_store *s, struct google_call *c,
		    const char *q, const char *token, struct strbuf *err)
{
	int was = __atomic_load_n(&s->membership, __ATOMIC_RELAXED), now;
	struct google_call again = *c;	/* nothing was added to it yet */
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!s->drive_id || was != GDRIVE_MAY_BE_MEMBER)
		return ask_for_page(s, c, q, token, s->drive_id &&
				    was == GDRIVE_MEMBER, err);
	now = GDRIVE_MEMBER;
	ret = ask_for_page(s, c, q, token, true, &why);
	if (ret && (c->answer.status == 403 || c->answer.status == 404)) {
		google_call_release(c);
		*c = again;
		strbuf_reset(&why);
		now = GDRIVE_NO_MEMBER;
		ret = ask_for_page(s, c, q, token, false, &why);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	else
		__atomic_store_n(&s->membership, now, __ATOMIC_RELAXED);
	strbuf_release(&why);
	return ret;
}

int gdrive_page_read(const struct gdrive_store *s, const struct value *json,
		     struct strbuf *token, bool *more, gdrive_file_fn fn,
		     void *data, struct strbuf *err)
{
	int ret = go_on(s, json, token, more, err);

	return ret ? ret : tell_page(s, json, fn, data, err);
}

int gdrive_search(struct gdrive_store *s, const char *q, const char *about,
		  gdrive_file_fn fn, void *data, struct strbuf *err)
{
	struct strbuf token = STRBUF_INIT;
	bool more = true;
	int ret = 0;

	while (!ret && more) {
		struct google_call c = GOOGLE_CALL_INIT("GET",
							"/drive/v3/files");

		c.about = about;
		c.what = "list";
		ret = get_page(s, &c, q, token.buf, err);
		if (!ret)
			ret = gdrive_page_read(s, c.json, &token, &more, fn,
					       data, err);
		google_call_release(&c);
	}
	strbuf_release(&token);
	return ret;
}

/* All searches are of the children of one folder. */
static int search_in(struct gdrive_store *s, const char *parent,
		     const char *more, const char *about, gdrive_file_fn fn,
		     void *data, struct strbuf *err)
{
	struct strbuf q = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	gdrive_quote(&q, parent);
	strbuf_addf(&q, " in parents and trashed = false%s", more);
	ret = gdrive_search(s, q.buf, about, fn, data, &why);
	if (ret == ERR_NOT_FOUND && !strcmp(parent, s->root_id))
		ret = fail(err, ERR_UNREACHABLE, "the folder of '%s' is not "
			   "there any more", s->base.url);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	strbuf_release(&q);
	return ret;
}

struct collecting {
	struct gdrive_files *out;
	const char *name;	/* exactly; NULL: any */
	bool folders;		/* these, or files with bytes */
};

/* Takes `f` over when it is one of those. */
static int collect(struct gdrive_file *f, void *data)
{
	struct collecting *c = data;
	struct gdrive_files *out = c->out;

	if (f->trashed || (c->folders ? !f->folder : !f->has_bytes) ||
	    (c->name && strcmp(f->name, c->name)))
		return 0;
	ARRAY_GROW(out->v, out->nr + 1, out->alloc);
	out->v[out->nr++] = *f;
	*f = (struct gdrive_file)GDRIVE_FILE_INIT;
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct gdrive_file *f = a, *g = b;

	if (f->created != g->created)
		return f->created < g->created ? -1 : 1;
	return strcmp(f->id, g->id);
}

static int by_newness(const void *a, const void *b)
{
	return gdrive_newer(a, b);
}

/* What moves between pages while they are asked for may be told twice. */
static void drop_repeated(struct gdrive_files *files)
{
	size_t i, n = 0;

	for (i = 0; i < files->nr; i++)
		if (n && !strcmp(files->v[n - 1].id, files->v[i].id))
			gdrive_file_release(&files->v[i]);
		else
			files->v[n++] = files->v[i];
	files->nr = n;
}

int gdrive_subfolders(struct gdrive_store *s, const char *parent,
		      const char *name, struct gdrive_files *out,
		      struct strbuf *err)
{
	struct collecting c = { out, name, true };
	struct strbuf q = STRBUF_INIT;
	int ret;

	strbuf_addstr(&q, " and mimeType = '" GDRIVE_FOLDER "' and name = ");
	gdrive_quote(&q, name);
	ret = search_in(s, parent, q.buf, NULL, collect, &c, err);
	if (out->nr)
		qsort(out->v, out->nr, sizeof(*out->v), by_age);
	drop_repeated(out);
	strbuf_release(&q);
	return ret;
}

int gdrive_children(struct gdrive_store *s, const char *parent,
		    gdrive_file_fn fn, void *data, struct strbuf *err)
{
	return search_in(s, parent, "", NULL, fn, data, err);
}

/* ---- what is remembered of folders -------------------------------------- */

struct gdrive_folder {
	char *path;
	struct strvec ids;	/* oldest first; none: not there */
	uint64_t asked;		/* when that began, of all levels of it */
};

uint64_t gdrive_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void gdrive_forget_folders(struct gdrive_store *s)
{
	size_t i;

	for (i = 0; i < s->folders.nr; i++) {
		struct gdrive_folder *folder = s->folders.item[i].value;

		free(folder->path);
		strvec_release(&folder->ids);
		free(folder);
	}
	strmap_release(&s->folders);
	s->folders = (struct strmap)STRMAP_INIT;
}

void gdrive_remember_folder(struct gdrive_store *s, const char *path,
			    const struct strvec *ids, uint64_t asked)
{
	struct gdrive_folder *folder;

	pthread_mutex_lock(&s->lock);
	folder = strmap_get(&s->folders, path);
	if (!folder) {
		folder = xcalloc(1, sizeof(*folder));
		folder->path = xstrdup(path);
		strvec_init(&folder->ids);
		strmap_put(&s->folders, folder->path, folder);
	}
	strvec_clear(&folder->ids);
	strvec_pushv(&folder->ids, ids->v);
	folder->asked = asked;
	pthread_mutex_unlock(&s->lock);
}

/* Whether it is known what the path means, by an answer to what was asked at
 * `since` or later. */
static bool remembers(struct gdrive_store *s, const char *path,
		      uint64_t since, struct strvec *ids, uint64_t *asked)
{
	const struct gdrive_folder *folder;
	bool known;

	pthread_mutex_lock(&s->lock);
	folder = strmap_get(&s->folders, path);
	known = folder && folder->asked >= since;
	if (known) {
		strvec_clear(ids);
		strvec_pushv(ids, folder->ids.v);
		*asked = folder->asked;
	}
	pthread_mutex_unlock(&s->lock);
	return known;
}

/* ---- folders ------------------------------------------------------------ */

/* The folders that have this name in one of these. One that went away while it
 * was asked about has none. */
static int find_named(struct gdrive_store *s, const struct strvec *parents,
		      const char *name, struct strvec *ids, struct strbuf *err)
{
	struct gdrive_files found = { 0 };
	struct strbuf why = STRBUF_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; i < parents->nr && !ret; i++) {
		ret = gdrive_subfolders(s, parents->v[i], name, &found, &why);
		if (ret == ERR_NOT_FOUND) {
			strbuf_reset(&why);
			ret = 0;
		}
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	if (found.nr)
		qsort(found.v, found.nr, sizeof(*found.v), by_age);
	drop_repeated(&found);
	for (i = 0; i < found.nr && !ret; i++)
		if (!found.v[i].pending)
			strvec_push(ids, found.v[i].id);
	gdrive_files_release(&found);
	strbuf_release(&why);
	return ret;
}

/*
 * Level by level, each of them asked for at `since` or later. s->finding is
 * held: many threads that look for one folder ask once.
 */
static int find_folders(struct gdrive_store *s, const char *path,
			uint64_t since, struct strvec *ids, uint64_t *asked,
			struct strbuf *err)
{
	struct strvec parents = STRVEC_INIT;
	struct strbuf at = STRBUF_INIT;
	uint64_t level;
	size_t len = 0;
	int ret = 0;

	strvec_push(&parents, s->root_id);
	*asked = gdrive_ticks();
	while (!ret && path[len]) {
		size_t start = len + (len > 0);
		char *name;

		len = start + strcspn(path + start, "/");
		strbuf_reset(&at);
		strbuf_add(&at, path, len);
		strvec_clear(ids);
		if (remembers(s, at.buf, since, ids, &level)) {
			*asked = MINIMUM(*asked, level);
		} else {
			name = xmemdupz(path + start, len - start);
			ret = find_named(s, &parents, name, ids, err);
			free(name);
			if (!ret)
				gdrive_remember_folder(s, at.buf, ids, *asked);
		}
		strvec_clear(&parents);
		strvec_pushv(&parents, ids->v);
		if (!ids->nr)
			break;
	}
	strvec_clear(ids);
	strvec_pushv(ids, parents.v);
	strvec_release(&parents);
	strbuf_release(&at);
	return ret;
}

/* None is no error. That there is none is not remembered for later calls:
 * somebody may have made it since. */
static int folders_since(struct gdrive_store *s, const char *path,
			 uint64_t since, struct strvec *ids, uint64_t *asked,
			 struct strbuf *err)
{
	uint64_t began = gdrive_ticks();
	int ret;

	ret = gdrive_look(s, err);
	if (ret)
		return ret;
	if (remembers(s, path, since, ids, asked) && ids->nr)
		return 0;
	pthread_mutex_lock(&s->finding);
	ret = find_folders(s, path, since, ids, asked, err);
	if (!ret && !ids->nr && *asked < began)
		ret = find_folders(s, path, began, ids, asked, err);
	pthread_mutex_unlock(&s->finding);
	return ret;
}

static uint64_t before(uint64_t now, uint64_t age)
{
	return now > age ? now - age : 0;
}

int gdrive_folders_held(struct gdrive_store *s, const char *path,
			struct strvec *ids, struct strbuf *err)
{
	uint64_t now = gdrive_ticks(), asked;
	int ret;

	ret = find_folders(s, path, before(now, FOLDERS_LAST), ids, &asked,
			   err);
	if (!ret && !ids->nr && asked < now)
		ret = find_folders(s, path, now, ids, &asked, err);
	return ret;
}

int gdrive_folders(struct gdrive_store *s, const char *path, bool fresh,
		   struct strvec *ids, struct strbuf *err)
{
	uint64_t now = gdrive_ticks(), asked;
	struct strvec found = STRVEC_INIT;
	int ret;

	ret = folders_since(s, path, fresh ? now : before(now, FOLDERS_LAST),
			    &found, &asked, err);
	if (!ret && !found.nr)
		ret = fail(err, ERR_NOT_FOUND, "no folder '%s' in '%s'", path,
			   s->base.url);
	strvec_pushv(ids, found.v);
	strvec_release(&found);
	return ret;
}

/* ---- files -------------------------------------------------------------- */

char *gdrive_dirname(const char *key)
{
	const char *slash = strrchr(key, '/');

	return xmemdupz(key, slash ? (size_t)(slash - key) : 0);
}

const char *gdrive_basename(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash ? slash + 1 : key;
}

static int files_in(struct gdrive_store *s, const struct strvec *folders,
		    const char *key, struct gdrive_files *out,
		    struct strbuf *err)
{
	struct collecting c = { out, gdrive_basename(key), false };
	struct strbuf q = STRBUF_INIT;
	size_t i;
	int ret = 0;

	strbuf_addstr(&q, " and name = ");
	gdrive_quote(&q, c.name);
	for (i = 0; i < folders->nr && !ret; i++)
		ret = search_in(s, folders->v[i], q.buf, key, collect, &c,
				err);
	if (out->nr)
		qsort(out->v, out->nr, sizeof(*out->v), by_newness);
	drop_repeated(out);
	strbuf_release(&q);
	return ret;
}

int gdrive_named(struct gdrive_store *s, const char *key,
		 struct gdrive_files *out, struct strbuf *err)
{
	uint64_t began = gdrive_ticks(), asked = 0;
	uint64_t since = before(began, FOLDERS_LAST);
	struct strvec folders = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	char *path = gdrive_dirname(key);
	int ret;

	for (;;) {
		strbuf_reset(&why);
		gdrive_files_release(out);
		ret = folders_since(s, path, since, &folders, &asked, &why);
		if (!ret)
			ret = files_in(s, &folders, key, out, &why);
		if ((ret && ret != ERR_NOT_FOUND) || out->nr ||
		    asked + (ret ? 0 : NOTHING_LASTS) >= began)
			break;
		since = began;
	}
	/* A folder that went away just now has no files. */
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strvec_release(&folders);
	strbuf_release(&why);
	free(path);
	return ret;
}

int gdrive_fail_missing(const struct gdrive_store *s, const char *key,
			struct strbuf *err)
{
	return fail(err, ERR_NOT_FOUND, "no '%s' in '%s'", key, s->base.url);
}

int gdrive_find(struct gdrive_store *s, const char *key,
		struct gdrive_file *out, struct strbuf *err)
{
	uint64_t asked = gdrive_ticks(), changes = gdrive_changes(s);
	struct gdrive_files files = { 0 };
	size_t i;
	int ret;

	ret = gdrive_named(s, key, &files, err);
	for (i = 0; i < files.nr && files.v[i].pending; i++)
		;
	if (!ret && i == files.nr)
		ret = gdrive_fail_missing(s, key, err);
	if (!ret) {
		gdrive_file_release(out);
		*out = files.v[i];
		files.v[i] = (struct gdrive_file)GDRIVE_FILE_INIT;
		gdrive_saw(s, key, out->id, out->revision != NULL,
			   &out->object, asked, changes);
	}
	gdrive_files_release(&files);
	return ret;
}

static bool is_in(const struct gdrive_file *f, const struct strvec *folders)
{
	size_t i, k;

	for (i = 0; i < f->parents.nr; i++)
		for (k = 0; k < folders->nr; k++)
			if (!strcmp(f->parents.v[i], folders->v[k]))
				return true;
	return false;
}

/* Whether the file is still what the key means: in one of its folders. */
static int check_place(struct gdrive_store *s, const struct gdrive_file *f,
		       const char *key, struct strbuf *err)
{
	uint64_t began = gdrive_ticks(), asked = 0;
	uint64_t since = before(began, FOLDERS_LAST);
	struct strvec folders = STRVEC_INIT;
	char *path = gdrive_dirname(key);
	bool there;
	int ret;

	for (;;) {
		ret = folders_since(s, path, since, &folders, &asked, err);
		there = !ret && is_in(f, &folders);
		if (ret || there || asked + NOTHING_LASTS >= began)
			break;
		since = began;
	}
	if (!ret && !there)
		ret = gdrive_fail_missing(s, key, err);
	strvec_release(&folders);
	free(path);
	return ret;
}

/* What is in the trash may be there with the folder that it is in. */
static void doubt_folders(struct gdrive_store *s)
{
	pthread_mutex_lock(&s->lock);
	gdrive_forget_folders(s);
	pthread_mutex_unlock(&s->lock);
}

int gdrive_by_id(struct gdrive_store *s, const char *key, const char *id,
		 struct gdrive_file *out, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	char *path = xstrfmt("/drive/v3/files/%s", id);
	struct gdrive_file f = GDRIVE_FILE_INIT;
	int ret;

	c.path = path;
	c.about = key;
	c.what = "look at";
	strvec_push(&c.query, "fields=" GDRIVE_FIELDS);
	gdrive_query(s, &c.query);
	ret = google_call(&s->api, &c, err);
	if (!ret)
		ret = gdrive_file_read(&f, c.json, err);
	if (f.trashed)
		doubt_folders(s);
	if (!ret && (f.trashed || !f.has_bytes ||
		     strcmp(f.name, gdrive_basename(key))))
		ret = gdrive_fail_missing(s, key, err);
	if (!ret)
		ret = check_place(s, &f, key, err);
	if (!ret) {
		gdrive_file_release(out);
		*out = f;
		f = (struct gdrive_file)GDRIVE_FILE_INIT;
	}
	gdrive_file_release(&f);
	google_call_release(&c);
	free(path);
	return ret;
}
