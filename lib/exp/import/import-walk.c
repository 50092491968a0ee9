/*
 * What readers of other programs' directories have in common.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fingerprint.h"
#include "lib/base/path.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/import/importing.h"
#include "lib/wrap/digest.h"

#include <dirent.h>

struct walk {
	import_walk_fn fn;
	void *data;
	const char *without;
	struct strvec *problems;
	bool partly;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A link is none. */
static bool is_real_dir(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

static bool list_dirs(struct strvec *names, const char *path)
{
	struct dirent *entry;
	DIR *d = opendir(path);

	if (!d)
		return false;
	while ((entry = readdir(d)))
		if (*entry->d_name != '.' &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			strvec_push(names, entry->d_name);
	closedir(d);
	qsort(names->v, names->nr, sizeof(*names->v), compare_names);
	return true;
}

static int walk(struct walk *w, const char *path, unsigned depth,
		struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf sub = STRBUF_INIT;
	int ret = w->fn(path, w->data);
	size_t i;

	if (ret)
		return ret == IMPORT_WALK_SKIP ? 0 : ret;
	if (!list_dirs(&names, path)) {
		fail_errno(&sub, "cannot read '%s'", path);
		strvec_push(w->problems, sub.buf);
		w->partly = true;
	}
	for (i = 0; i < names.nr && depth && !ret; i++) {
		strbuf_reset(&sub);
		strbuf_addf(&sub, "%s/%s", path, names.v[i]);
		if (is_real_dir(sub.buf) &&
		    !(w->without && !strcmp(sub.buf, w->without)))
			ret = walk(w, sub.buf, depth - 1, err);
	}
	strbuf_release(&sub);
	strvec_release(&names);
	return ret;
}

int import_walk(const char *dir, const char *without, unsigned depth,
		import_walk_fn fn, void *data, struct strvec *problems,
		struct strbuf *err)
{
	struct walk w = {
		.fn = fn, .data = data, .without = without,
		.problems = problems
	};
	int ret;

	if (!path_is_dir(dir))
		return fail(err, ERR_NOT_FOUND, "there is no directory '%s'",
			    dir);
	ret = walk(&w, dir, depth, err);
	if (!ret && w.partly)
		ret = fail(err, ERR_PARTLY, "some directories below '%s' "
			   "cannot be read", dir);
	return ret;
}

static int sign_of_dir(struct fingerprint *f, const char *path,
		       struct strbuf *err)
{
	struct exp_tree tree = EXP_TREE_INIT;
	int ret = exp_tree_read(&tree, path, err);
	size_t i;

	for (i = 0; i < tree.nr && !ret; i++) {
		const struct exp_entry *e = &tree.entry[i];

		if (S_ISDIR(e->mode))
			continue;
		fingerprint_add(f, e->path, e->path_len + 1);
		fingerprint_add(f, &e->size, sizeof(e->size));
		fingerprint_add(f, &e->mtime, sizeof(e->mtime));
	}
	exp_tree_release(&tree);
	return ret;
}

int import_sign(struct strbuf *out, const char *path, struct strbuf *err)
{
	struct fingerprint f = FINGERPRINT_INIT;
	unsigned char raw[FINGERPRINT_RAWSZ];
	int64_t facts[2];
	struct stat st;
	int ret = 0;

	if (stat(path, &st))
		return fail_errno(err, "cannot read '%s'", path);
	if (S_ISDIR(st.st_mode)) {
		ret = sign_of_dir(&f, path, err);
	} else {
		facts[0] = st.st_size;
		facts[1] = st.st_mtim.tv_sec;
		fingerprint_add(&f, facts, sizeof(facts));
	}
	fingerprint_finish(&f, raw);
	digest_hex_of(out, raw, sizeof(raw));
	return ret;
}

struct finding {
	struct import_entries *out;
	struct strvec *problems;
	import_look_fn look;
	bool partly;		/* one of these was a run */
};

static int look_at(const char *path, void *data)
{
	struct strbuf id = STRBUF_INIT, sign = STRBUF_INIT, err = STRBUF_INIT;
	struct finding *f = data;
	int ret = f->look(&id, path, &err);

	if (ret == IMPORT_IS_RUN) {
		ret = import_sign(&sign, path, &err);
		if (!ret)
			import_found(f->out, id.buf, path, sign.buf);
		ret = ret ? ret : IMPORT_WALK_SKIP;
	}
	if (err.len)
		strvec_push(f->problems, err.buf);
	if (ret < 0) {
		f->partly = true;
		ret = IMPORT_WALK_SKIP;
	}
	strbuf_release(&err);
	strbuf_release(&sign);
	strbuf_release(&id);
	return ret;
}

int import_find(struct import_entries *out, const char *dir,
		const char *without, unsigned depth, import_look_fn look,
		struct strvec *problems, struct strbuf *err)
{
	struct finding f = { .out = out, .problems = problems, .look = look };
	int ret = import_walk(dir, without, depth, look_at, &f, problems, err);

	if (!ret && f.partly)
		ret = fail(err, ERR_PARTLY, "some runs below '%s' cannot be "
			   "imported", dir);
	return ret;
}

FILE *import_open(const char *path, struct strbuf *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	FILE *in = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail_errno(err, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode))
		fail(err, ERR_CONTENT, "'%s' is not a regular file", path);
	else
		in = fdopen(fd, "r");
	if (fd >= 0 && !in)
		close(fd);
	return in;
}

bool import_set_time(struct import_sink *sink, const char *name,
		     double milliseconds)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct moment m = { 0 };
	struct tm local;
	int64_t usec;
	time_t at;

	/* from 1970 to 9999, as RFC 3339 has years */
	if (!(milliseconds >= 0 && milliseconds < 253402300800000.0))
		return false;
	usec = (int64_t)(milliseconds * 1000);
	m.sec = usec / 1000000;
	m.usec = (int32_t)(usec % 1000000);
	at = (time_t)m.sec;
	if (localtime_r(&at, &local))
		m.offset = (int32_t)local.tm_gmtoff;
	strbuf_addf(&path, "at.%s", name);
	moment_format(&text, &m);
	import_set(sink, path.buf, value_new_str(text.buf));
	strbuf_release(&text);
	strbuf_release(&path);
	return true;
}
