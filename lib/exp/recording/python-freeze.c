/*
 * The file: one JSON object of `format` (1), `version`, `packages` (lines) and
 * `signs`, a list of [path, device, inode, size, mtime, ctime], times in
 * nanoseconds. It is rebuilt at any time, so it needs no page.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/python-freeze.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fingerprint.h"
#include "lib/base/path.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/exp/recording/python-site.h"
#include "lib/wrap/json.h"

#define FORMAT 1
#define CACHE_MAX_BYTES (8u << 20)
#define SIGN_FIELDS 6
#define NSEC INT64_C(1000000000)

/* See lib/exp/pack/hash-cache.c: on the coarsest file system a change within
 * this time could leave the same signature. */
#define MARGIN_NSEC (2 * NSEC)

static int64_t nsec_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NSEC + t->tv_nsec;
}

/* What is missing has a signature, too: null in the place of numbers. */
static struct value *sign_of(const char *path, struct stat *st)
{
	struct value *list = value_new_list();

	value_list_add(list, value_new_text(path, strlen(path)));
	if (stat(path, st)) {
		memset(st, 0, sizeof(*st));
		value_list_add(list, value_new_null());
		return list;
	}
	value_list_add(list, value_new_int((int64_t)st->st_dev));
	value_list_add(list, value_new_int((int64_t)st->st_ino));
	value_list_add(list, value_new_int((int64_t)st->st_size));
	value_list_add(list, value_new_int(nsec_of(&st->st_mtim)));
	value_list_add(list, value_new_int(nsec_of(&st->st_ctim)));
	return list;
}

/* One file for an interpreter and the directories it has now. */
static bool cache_path(const struct project *p, const struct python *py,
		       const struct strvec *dirs, bool make,
		       struct strbuf *out)
{
	struct fingerprint f = FINGERPRINT_INIT;
	unsigned char raw[FINGERPRINT_RAWSZ];
	size_t i;

	if (!p || (make ? project_cache(p, out, NULL) :
			  project_cache_path(p, out, NULL)))
		return false;
	fingerprint_add(&f, py->path.buf, py->path.len + 1);
	fingerprint_add(&f, py->real.buf, py->real.len + 1);
	for (i = 0; i < dirs->nr; i++)
		fingerprint_add(&f, dirs->v[i], strlen(dirs->v[i]) + 1);
	fingerprint_finish(&f, raw);
	strbuf_addstr(out, "python-");
	for (i = 0; i < sizeof(raw); i++)
		strbuf_addf(out, "%02x", raw[i]);
	return true;
}

static bool is_same(const struct value *sign)
{
	const char *path = sign->type == VALUE_LIST && sign->u.list.nr ?
			   value_text(sign->u.list.item[0]) : NULL;
	struct value *now;
	struct stat st;
	bool same;

	if (!path)
		return false;
	now = sign_of(path, &st);
	same = value_equal(now, sign);
	value_free(now);
	return same;
}

static bool all_same(const struct value *signs)
{
	size_t i;

	if (!signs || signs->type != VALUE_LIST)
		return false;
	for (i = 0; i < signs->u.list.nr; i++)
		if (!is_same(signs->u.list.item[i]))
			return false;
	return true;
}

static bool is_text_list(const struct value *list)
{
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return false;
	for (i = 0; i < list->u.list.nr; i++)
		if (list->u.list.item[i]->type != VALUE_TEXT)
			return false;
	return true;
}

bool python_freeze_cached(const struct project *p, struct python *py,
			  struct value **packages)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct strvec dirs = STRVEC_INIT;
	struct value *map = NULL;
	const struct value *lines;
	const char *version;
	int64_t format = 0;
	bool found = false;

	if (!py->series.len)
		return false;
	python_site_dirs(py, &dirs);
	if (!cache_path(p, py, &dirs, false, &path) ||
	    read_own_file(&text, path.buf, CACHE_MAX_BYTES, NULL) ||
	    json_parse(&map, text.buf, text.len, path.buf, NULL))
		goto cleanup;
	lines = value_map_get(map, "packages");
	version = value_get_text(map, "version");
	if (!value_get_int(map, "format", &format) || format != FORMAT ||
	    !is_text_list(lines) || !all_same(value_map_get(map, "signs")))
		goto cleanup;
	if (version && *version && !py->version.len)
		strbuf_addstr(&py->version, version);
	*packages = value_copy(lines);
	found = true;

cleanup:
	value_free(map);
	strvec_release(&dirs);
	strbuf_release(&path);
	strbuf_release(&text);
	return found;
}

/* False: something changed only just now. */
static bool sign_all(struct value *signs, const struct strvec *paths,
		     int64_t began)
{
	struct stat st;
	bool old = true;
	size_t i;

	for (i = 0; i < paths->nr; i++) {
		value_list_add(signs, sign_of(paths->v[i], &st));
		old = old && nsec_of(&st.st_mtim) < began - MARGIN_NSEC &&
		      nsec_of(&st.st_ctim) < began - MARGIN_NSEC;
	}
	return old;
}

/* Failing to remember is no failure. */
static void remember(const struct project *p, const struct python *py,
		     const struct strvec *dirs, const struct value *packages,
		     struct value *signs)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct value *map = value_new_map();

	value_map_set_int(map, "format", FORMAT);
	value_map_set(map, "version", value_new_text(py->version.buf,
						     py->version.len));
	value_map_set(map, "packages", value_copy(packages));
	value_map_set(map, "signs", value_copy(signs));
	json_write(&text, map);
	if (text.len <= CACHE_MAX_BYTES &&
	    cache_path(p, py, dirs, true, &path))
		write_file_atomic(path.buf, text.buf, text.len, 0600, 0, NULL);
	value_free(map);
	strbuf_release(&path);
	strbuf_release(&text);
}

int python_freeze(const struct project *p, struct python *py, int64_t end_msec,
		  struct value **packages, struct strbuf *err)
{
	struct strvec dirs = STRVEC_INIT, lines = STRVEC_INIT;
	struct strvec watch = STRVEC_INIT, files = STRVEC_INIT;
	struct value *before = value_new_list(), *after = value_new_list();
	struct value *list;
	struct timespec now;
	bool old;
	size_t i;
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	python_site_dirs(py, &dirs);
	strvec_push(&watch, py->real.buf);
	strvec_pushv(&watch, dirs.v);
	sign_all(before, &watch, 0);
	if (!py->version.len)
		python_read_version(py);
	ret = python_site_list(py, &dirs, end_msec, &lines, &files, err);
	if (ret)
		goto cleanup;
	list = value_new_list();
	for (i = 0; i < lines.nr; i++)
		value_list_add(list, value_new_text(lines.v[i],
						    strlen(lines.v[i])));
	/* what was watched from the start did not change meanwhile */
	old = sign_all(after, &watch, nsec_of(&now));
	if (value_equal(before, after) &&
	    sign_all(after, &files, nsec_of(&now)) && old)
		remember(p, py, &dirs, list, after);
	*packages = list;

cleanup:
	value_free(before);
	value_free(after);
	strvec_release(&dirs);
	strvec_release(&lines);
	strvec_release(&watch);
	strvec_release(&files);
	return ret;
}
