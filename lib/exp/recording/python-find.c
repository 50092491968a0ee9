/*
 * Sources: PEP 405 (pyvenv.cfg), PEP 394 (names), Python's Modules/getpath.py.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/python-find.h"

#include <dirent.h>

#include "lib/base/alloc.h"
#include "lib/base/path.h"

#define CFG_MAX_BYTES 65536

void python_release(struct python *py)
{
	strbuf_release(&py->path);
	strbuf_release(&py->real);
	strbuf_release(&py->prefix);
	strbuf_release(&py->base);
	strbuf_release(&py->series);
	strbuf_release(&py->version);
}

bool python_is_name(const char *base)
{
	static const char *const ends[] = {
		"", "d", "t", "-dbg", "-debug", "-intel64"
	};
	size_t i;

	if (!strncmp(base, "python", 6))
		base += 6;
	else if (!strncmp(base, "pypy", 4))
		base += 4;
	else
		return false;
	base += strspn(base, "0123456789.");
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (!strcmp(base, ends[i]))
			return true;
	return false;
}

/* ---- the interpreter ---------------------------------------------------- */

static void parent(struct strbuf *out, const char *path, int levels)
{
	strbuf_reset(out);
	strbuf_addstr(out, path);
	while (levels--) {
		const char *slash = strrchr(out->buf, '/');

		strbuf_setlen(out, slash ? (size_t)(slash - out->buf) : 0);
	}
	if (!out->len)
		strbuf_addch(out, '/');
}

/* The value of `key = value` in a pyvenv.cfg; keys in any case. */
static bool cfg_get(struct strbuf *out, const char *text, const char *key)
{
	const char *line = text;

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = line + strspn(line, " \t");

		if (strncasecmp(p, key, strlen(key)))
			continue;
		p += strlen(key);
		p += strspn(p, " \t");
		if (*p != '=')
			continue;
		strbuf_reset(out);
		p++;
		strbuf_add(out, p, strcspn(p, "\n"));
		strbuf_trim(out);
		return out->len > 0;
	}
	return false;
}

/* "3.11.2", also "3.13.0rc1+"; the series is the first two numbers. */
static bool is_version(const char *text, size_t *series_len)
{
	size_t major = strspn(text, "0123456789"), minor, micro;
	const char *p = text + major;

	if (!major || major > 2 || *p != '.')
		return false;
	minor = strspn(++p, "0123456789");
	if (!minor || minor > 3)
		return false;
	p += minor;
	*series_len = (size_t)(p - text);
	if (*p != '.')
		return false;
	micro = strspn(++p, "0123456789");
	return micro && micro <= 3;
}

/* venv writes `version = 3.11.2`, virtualenv `version_info =
 * 3.11.2.final.0`: right when it was made, and the interpreter may have been
 * upgraded since. Only the series is taken from it. */
static void take_venv(struct python *py, const char *text)
{
	static const char *const keys[] = { "version_info", "version" };
	struct strbuf value = STRBUF_INIT, real = STRBUF_INIT;
	size_t i, len = 0;

	py->is_venv = true;
	if (cfg_get(&value, text, "include-system-site-packages"))
		py->system_site = !strcasecmp(value.buf, "true");
	for (i = 0; i < ARRAY_SIZE(keys) && !py->series.len; i++)
		if (cfg_get(&value, text, keys[i]) &&
		    is_version(value.buf, &len))
			strbuf_add(&py->series, value.buf, len);
	if (cfg_get(&value, text, "home") && *value.buf == '/') {
		path_real(&real, value.buf);
		parent(&py->base, real.buf, 1);
	}
	strbuf_release(&value);
	strbuf_release(&real);
}

static void look_for_venv(struct python *py)
{
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT;
	int levels;

	for (levels = 1; levels <= 2 && !py->is_venv; levels++) {
		parent(&dir, py->path.buf, levels);
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/pyvenv.cfg", dir.buf);
		if (read_file(&text, path.buf, CFG_MAX_BYTES, NULL))
			continue;
		strbuf_addbuf(&py->prefix, &dir);
		take_venv(py, text.buf);
	}
	strbuf_release(&dir);
	strbuf_release(&path);
	strbuf_release(&text);
}

/* "python3.11" and "pypy3.9" say it, "python3" does not. */
static void series_from_name(struct python *py, const char *path)
{
	const char *p = path_basename(path);
	size_t major, minor;

	p += strcspn(p, "0123456789");
	major = strspn(p, "0123456789");
	if (!major || p[major] != '.')
		return;
	minor = strspn(p + major + 1, "0123456789");
	if (minor)
		strbuf_add(&py->series, p, major + 1 + minor);
}

/* The only lib/python3.N there is. */
static void series_from_lib(struct python *py)
{
	struct strbuf path = STRBUF_INIT, name = STRBUF_INIT;
	struct dirent *entry;
	unsigned nr = 0;
	DIR *dir;

	strbuf_addf(&path, "%s/lib", py->base.buf);
	dir = opendir(path.buf);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "python", 6) ||
		    !strchr(entry->d_name, '.') ||
		    !python_is_name(entry->d_name))
			continue;
		nr++;
		strbuf_reset(&name);
		strbuf_addstr(&name, entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (nr == 1)
		series_from_name(py, name.buf);
	strbuf_release(&path);
	strbuf_release(&name);
}

/* The header that came with the library says it all, where it is there. */
static void version_from_header(struct python *py)
{
	static const char mark[] = "#define PY_VERSION";
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	const char *p;
	size_t len;

	if (py->is_pypy || !py->series.len)
		return;
	strbuf_addf(&path, "%s/include/python%s/patchlevel.h", py->base.buf,
		    py->series.buf);
	if (!read_file(&text, path.buf, CFG_MAX_BYTES, NULL)) {
		for (p = text.buf; (p = strstr(p, mark)); p++) {
			const char *value = p + strlen(mark);

			value += strspn(value, " \t");
			if (*value == '"' && is_version(value + 1, &len)) {
				strbuf_add(&py->version, value + 1,
					   strcspn(value + 1, "\"\n"));
				break;
			}
		}
	}
	strbuf_release(&path);
	strbuf_release(&text);
}

bool python_look_at(struct python *py, const char *path, const char *flags)
{
	py->no_env = py->no_env || strpbrk(flags, "EI");
	py->no_user = py->no_user || strpbrk(flags, "sI");
	py->no_site = py->no_site || strchr(flags, 'S');
	path_absolute(&py->path, NULL, path);
	path_real(&py->real, py->path.buf);
	if (access(py->real.buf, F_OK))
		return false;
	py->is_pypy = !strncmp(path_basename(py->real.buf), "pypy", 4);
	series_from_name(py, py->real.buf);
	look_for_venv(py);
	if (!py->base.len)
		parent(&py->base, py->real.buf, 2);
	if (!py->is_venv)
		strbuf_addbuf(&py->prefix, &py->base);
	if (!py->series.len)
		series_from_name(py, py->path.buf);
	if (!py->series.len)
		series_from_lib(py);
	version_from_header(py);
	return true;
}

void python_flags(const struct python *py, struct strbuf *out)
{
	if (py->no_env)
		strbuf_addch(out, 'E');
	if (py->no_user)
		strbuf_addch(out, 's');
	if (py->no_site)
		strbuf_addch(out, 'S');
}

/* ---- what the program holds --------------------------------------------- */

/* PY_VERSION stands in it as a text of its own: "3.11.2" between two NULs. */
static bool find_version(struct strbuf *out, const char *data, size_t len,
			 const char *series)
{
	const char *p = data, *end = data + len;
	size_t series_len = strlen(series), n, size;

	while ((p = memmem(p, (size_t)(end - p), series, series_len))) {
		n = strnlen(p, (size_t)(end - p));
		if (p > data && !p[-1] && p + n < end && n < 16 &&
		    p[series_len] == '.' && is_version(p, &size)) {
			strbuf_add(out, p, n);
			return true;
		}
		p += series_len;
	}
	return false;
}

#define CHUNK_BYTES (1u << 20)

static bool scan_file(struct strbuf *out, const char *path, const char *series)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *buf;
	size_t have = 0;
	ssize_t got;
	struct stat st;
	bool found = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	buf = xmalloc(CHUNK_BYTES + 64);
	while (!found && (got = read(fd, buf + have, CHUNK_BYTES)) > 0) {
		size_t len = have + (size_t)got;

		found = find_version(out, buf, len, series);
		have = MINIMUM(len, 64u);
		memmove(buf, buf + len - have, have);
	}
	free(buf);
	close(fd);
	return found;
}

bool python_read_version(struct python *py)
{
	static const char *const names[] = {
		"%s/lib/libpython%s.so.1.0", "%s/lib64/libpython%s.so.1.0"
	};
	struct strbuf path = STRBUF_INIT;
	bool found;
	size_t i;

	if (!py->series.len || py->is_pypy)
		return false;
	found = scan_file(&py->version, py->real.buf, py->series.buf);
	for (i = 0; i < ARRAY_SIZE(names) && !found; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, names[i], py->base.buf, py->series.buf);
		found = scan_file(&py->version, path.buf, py->series.buf);
	}
	strbuf_release(&path);
	return found;
}

/* ---- the record --------------------------------------------------------- */

static bool is_conda(const char *prefix)
{
	struct strbuf path = STRBUF_INIT;
	bool is;

	strbuf_addf(&path, "%s/conda-meta", prefix);
	is = path_is_dir(path.buf);
	strbuf_release(&path);
	return is;
}

static struct value *text_of(const struct strbuf *text)
{
	return value_new_text(text->buf, text->len);
}

/* The name that `conda activate` takes: of .../envs/NAME; else base, or the
 * path itself. */
static void add_conda(struct value *map, const struct python *py)
{
	struct strbuf dir = STRBUF_INIT, condabin = STRBUF_INIT;

	if (is_conda(py->base.buf)) {
		parent(&dir, py->base.buf, 1);
		strbuf_addf(&condabin, "%s/condabin", py->base.buf);
		if (!strcmp(path_basename(dir.buf), "envs"))
			value_map_set_str(map, "conda",
					  path_basename(py->base.buf));
		else if (path_is_dir(condabin.buf))
			value_map_set_str(map, "conda", "base");
		else
			value_map_set(map, "conda", text_of(&py->base));
	}
	strbuf_release(&dir);
	strbuf_release(&condabin);
}

struct value *python_value(const struct python *py)
{
	struct value *map = value_new_map();

	if (py->version.len)
		value_map_set(map, "version", text_of(&py->version));
	else if (py->series.len)
		value_map_set(map, "version", text_of(&py->series));
	value_map_set_str(map, "implementation", py->is_pypy ? "PyPy" :
							       "CPython");
	value_map_set(map, "path", text_of(&py->path));
	if (py->is_venv)
		value_map_set(map, "venv", text_of(&py->prefix));
	add_conda(map, py);
	return map;
}
