/*
 * Sources: Python's Lib/site.py and importlib.metadata; Debian's python3
 * policy for dist-packages.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/python-site.h"

#include <dirent.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strmap.h"
#include "lib/exp/recording/python-dist.h"

#define MAX_PACKAGES 20000
#define MAX_PTH_DIRS 256
#define PTH_MAX_BYTES 65536

/* ---- directories -------------------------------------------------------- */

struct places {
	struct strvec *dirs;
	struct stat *seen;
	size_t nr, alloc;
};

static void add_dir(struct places *p, const char *path)
{
	struct stat st;
	size_t i;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return;
	for (i = 0; i < p->nr; i++)	/* lib64 is often a link to lib */
		if (p->seen[i].st_dev == st.st_dev &&
		    p->seen[i].st_ino == st.st_ino)
			return;
	ARRAY_GROW(p->seen, p->nr + 1, p->alloc);
	p->seen[p->nr++] = st;
	strvec_push(p->dirs, path);
}

static void add_prefix(struct places *p, const struct python *py,
		       const char *prefix)
{
	const char *name = py->is_pypy ? "pypy" : "python";
	const char *series = py->series.buf;
	struct strbuf path = STRBUF_INIT;
	size_t len;

	strbuf_addstr(&path, prefix);
	strbuf_complete_slash(&path);
	len = path.len;
	strbuf_addf(&path, "lib/%s%s/site-packages", name, series);
	add_dir(p, path.buf);
	strbuf_setlen(&path, len);
	strbuf_addf(&path, "lib64/%s%s/site-packages", name, series);
	add_dir(p, path.buf);
	/* Debian's own packages, and what pip installs beside them */
	strbuf_setlen(&path, len);
	strbuf_addf(&path, "local/lib/%s%s/dist-packages", name, series);
	add_dir(p, path.buf);
	strbuf_setlen(&path, len);
	strbuf_addstr(&path, "lib/python3/dist-packages");
	add_dir(p, path.buf);
	strbuf_setlen(&path, len);
	strbuf_addf(&path, "lib/%s%s/dist-packages", name, series);
	add_dir(p, path.buf);
	strbuf_release(&path);
}

static const char *python_env(const struct python *py, const char *name)
{
	const char *value = py->no_env ? NULL : getenv(name);

	return value && *value ? value : NULL;
}

static void add_pythonpath(struct places *p, const struct python *py)
{
	const char *list = python_env(py, "PYTHONPATH");
	struct strbuf one = STRBUF_INIT, path = STRBUF_INIT;

	while (list && *list) {
		size_t len = strcspn(list, ":");

		strbuf_reset(&one);
		strbuf_reset(&path);
		strbuf_add(&one, list, len);
		if (one.len) {
			path_absolute(&path, NULL, one.buf);
			add_dir(p, path.buf);
		}
		list += len + (list[len] == ':');
	}
	strbuf_release(&one);
	strbuf_release(&path);
}

static void add_user(struct places *p, const struct python *py)
{
	const char *base = python_env(py, "PYTHONUSERBASE");
	const char *home = getenv("HOME");
	struct strbuf path = STRBUF_INIT;

	if (py->no_user || python_env(py, "PYTHONNOUSERSITE") ||
	    (!base && (!home || *home != '/')))
		return;
	if (base)
		strbuf_addstr(&path, base);
	else
		strbuf_addf(&path, "%s/.local", home);
	strbuf_addf(&path, "/lib/%s%s/site-packages",
		    py->is_pypy ? "pypy" : "python", py->series.buf);
	add_dir(p, path.buf);
	strbuf_release(&path);
}

void python_site_dirs(const struct python *py, struct strvec *dirs)
{
	struct places p = { .dirs = dirs };

	add_pythonpath(&p, py);
	if (!py->no_site) {
		if (py->is_venv)
			add_prefix(&p, py, py->prefix.buf);
		if (!py->is_venv || py->system_site) {
			add_user(&p, py);
			add_prefix(&p, py, py->base.buf);
		}
	}
	free(p.seen);
}

/* ---- packages ----------------------------------------------------------- */

struct package {
	char *canonical;
	char *sort;		/* the name in small letters, as pip sorts */
	char *line;
};

struct listing {
	const struct python *py;
	int64_t end;
	struct package *package;
	size_t nr, alloc;
	struct strmap seen;	/* by canonical name */
	struct strvec more;	/* directories that .pth files name */
	struct strvec *watch;
};

static int64_t msec_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* pip leaves itself out, and what it needs to build with before 3.12. */
static bool is_left_out(const struct python *py, const char *canonical)
{
	static const char *const always[] = {
		"pip", "python", "wsgiref", "argparse"
	};
	static const char *const old[] = {
		"setuptools", "distribute", "wheel"
	};
	const char *minor = strchr(py->series.buf, '.');
	size_t i;

	for (i = 0; i < ARRAY_SIZE(always); i++)
		if (!strcmp(canonical, always[i]))
			return true;
	if (strtoul(py->series.buf, NULL, 10) > 3 ||
	    (minor && strtoul(minor + 1, NULL, 10) >= 12))
		return false;
	for (i = 0; i < ARRAY_SIZE(old); i++)
		if (!strcmp(canonical, old[i]))
			return true;
	return false;
}

/* The beginning of a regular file; what else is there is passed over. */
static bool read_head(struct strbuf *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t got = -1;

	strbuf_reset(out);
	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		strbuf_grow(out, DIST_HEAD_BYTES);
		got = read(fd, out->buf, DIST_HEAD_BYTES);
		strbuf_setlen(out, got > 0 ? (size_t)got : 0);
	}
	close(fd);
	return got > 0;
}

static void add_package(struct listing *l, const char *name, char *line)
{
	struct strbuf canonical = STRBUF_INIT, sort = STRBUF_INIT;
	struct package *p;

	python_dist_canonical(&canonical, name);
	if (strmap_get(&l->seen, canonical.buf)) {
		free(line);
		strbuf_release(&canonical);
		return;
	}
	for (; *name; name++)
		strbuf_addch(&sort, tolower((unsigned char)*name));
	ARRAY_GROW(l->package, l->nr + 1, l->alloc);
	p = &l->package[l->nr++];
	p->canonical = strbuf_detach(&canonical, NULL);
	p->sort = strbuf_detach(&sort, NULL);
	p->line = line;
	strmap_put(&l->seen, p->canonical, p->canonical);
}

static void add_file_url(struct strbuf *out, const char *path)
{
	strbuf_addstr(out, "file://");
	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("-._~/", *path))
			strbuf_addch(out, *path);
		else
			strbuf_addf(out, "%%%02X", (unsigned char)*path);
}

/* is_develop: found by a .pth file, where a setup.py is worked on. */
static void take_package(struct listing *l, const char *dir, const char *entry,
			 const char *file, bool is_develop)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf name = STRBUF_INIT, version = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s%s", dir, entry, file);
	if (!read_head(&text, path.buf) ||
	    !python_dist_parse(text.buf, text.len, &name, &version))
		goto cleanup;
	if (is_develop) {
		strvec_push(l->watch, path.buf);
		strbuf_addstr(&line, "-e ");
		add_file_url(&line, dir);
		strbuf_addf(&line, "#egg=%s", name.buf);
	} else {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s/direct_url.json", dir, entry);
		if (!read_head(&text, path.buf))
			strbuf_reset(&text);
		python_dist_line(&line, name.buf, version.buf, text.buf,
				 text.len);
	}
	add_package(l, name.buf, strbuf_detach(&line, NULL));

cleanup:
	strbuf_release(&path);
	strbuf_release(&text);
	strbuf_release(&name);
	strbuf_release(&version);
	strbuf_release(&line);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

/* Lines of a .pth file are directories to add, or `import` and a program. */
static void take_pth(struct listing *l, const char *dir, const char *entry)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf one = STRBUF_INIT;
	const char *line;

	strbuf_addf(&path, "%s/%s", dir, entry);
	strvec_push(l->watch, path.buf);
	if (read_file(&text, path.buf, PTH_MAX_BYTES, NULL))
		goto cleanup;
	for (line = text.buf; *line;
	     line += strcspn(line, "\n"), line += *line == '\n') {
		strbuf_reset(&one);
		strbuf_add(&one, line, strcspn(line, "\r\n"));
		strbuf_trim(&one);
		if (!one.len || *one.buf == '#' ||
		    !strncmp(one.buf, "import ", 7) ||
		    !strncmp(one.buf, "import\t", 7) ||
		    l->more.nr >= MAX_PTH_DIRS)
			continue;
		strbuf_reset(&path);
		path_absolute(&path, dir, one.buf);
		if (path_is_dir(path.buf))
			strvec_push(&l->more, path.buf);
	}

cleanup:
	strbuf_release(&path);
	strbuf_release(&text);
	strbuf_release(&one);
}

static void take_entry(struct listing *l, const char *dir, const char *name,
		       bool is_more)
{
	struct strbuf path = STRBUF_INIT;

	if (ends_with(name, ".dist-info")) {
		take_package(l, dir, name, "/METADATA", false);
	} else if (ends_with(name, ".egg-info")) {
		strbuf_addf(&path, "%s/%s", dir, name);
		take_package(l, dir, name,
			     path_is_dir(path.buf) ? "/PKG-INFO" : "",
			     is_more);
	} else if (ends_with(name, ".egg")) {
		take_package(l, dir, name, "/EGG-INFO/PKG-INFO", false);
	} else if (!is_more && ends_with(name, ".pth")) {
		take_pth(l, dir, name);
	}
	strbuf_release(&path);
}

static int take_dir(struct listing *l, const char *path, bool is_more,
		    struct strbuf *err)
{
	DIR *dir = opendir(path);
	struct strvec names = STRVEC_INIT;
	struct dirent *entry;
	size_t i;
	int ret = 0;

	while (dir && (entry = readdir(dir)))
		if (strchr(entry->d_name, '.') && *entry->d_name != '.')
			strvec_push(&names, entry->d_name);
	if (dir)
		closedir(dir);
	/* of two versions of one package in one directory always the same */
	strvec_sort(&names, false);
	for (i = 0; i < names.nr && !ret; i++) {
		take_entry(l, path, names.v[i], is_more);
		if (l->nr > MAX_PACKAGES)
			ret = fail(err, ERR_CONTENT, "there are more than %d "
				   "packages", MAX_PACKAGES);
		else if (l->end && msec_now() > l->end)
			ret = fail(err, ERR_TRANSIENT, "the packages could not "
				   "be listed in time");
	}
	strvec_release(&names);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	const struct package *x = a, *y = b;

	return strcmp(x->sort, y->sort);
}

int python_site_list(const struct python *py, const struct strvec *dirs,
		     int64_t end_msec, struct strvec *lines,
		     struct strvec *watch, struct strbuf *err)
{
	struct listing l = { .py = py, .end = end_msec, .seen = STRMAP_INIT,
			     .more = STRVEC_INIT, .watch = watch };
	size_t i;
	int ret = 0;

	for (i = 0; i < dirs->nr && !ret; i++)
		ret = take_dir(&l, dirs->v[i], false, err);
	for (i = 0; i < l.more.nr && !ret; i++) {
		strvec_push(watch, l.more.v[i]);
		ret = take_dir(&l, l.more.v[i], true, err);
	}
	if (l.nr)
		qsort(l.package, l.nr, sizeof(*l.package), by_name);
	for (i = 0; i < l.nr; i++) {
		if (!ret && !is_left_out(py, l.package[i].canonical))
			strvec_push(lines, l.package[i].line);
		free(l.package[i].canonical);
		free(l.package[i].sort);
		free(l.package[i].line);
	}
	free(l.package);
	strmap_release(&l.seen);
	strvec_release(&l.more);
	return ret;
}
