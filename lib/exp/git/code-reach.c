#include "lib/base/compat.h"
#include "lib/exp/git/code-reach.h"

#include "lib/base/alloc.h"
#include "lib/base/strmap.h"

#define WORD_MAX 255
#define MODULES_MAX 10000u

struct file {
	char *why;
	bool asked;	/* its text was asked for */
};

struct code_reach {
	const struct strvec *paths;
	struct file *file;	/* as many as paths */
	struct strvec roots;	/* directories that modules are sought in, ""
				 * or with a slash at the end */
	struct strmap modules;	/* from names to who imports them */
	struct strmap words;	/* that are looked for, to who uses them */
	size_t asked;
	size_t bytes;
};

static char unused[1];	/* a word that nobody was seen to use */

struct code_reach *code_reach_new(const struct strvec *paths)
{
	struct code_reach *r = xcalloc(1, sizeof(*r));

	r->paths = paths;
	r->file = xcalloc(paths->nr + 1, sizeof(*r->file));
	strvec_init(&r->roots);
	return r;
}

static void free_map(struct strmap *map)
{
	size_t i;

	for (i = 0; i < map->nr; i++) {
		if (map->item[i].value != unused)
			free(map->item[i].value);
		free((char *)map->item[i].key);
	}
	strmap_release(map);
}

void code_reach_free(struct code_reach *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->paths->nr; i++)
		free(r->file[i].why);
	free(r->file);
	free_map(&r->modules);
	free_map(&r->words);
	strvec_release(&r->roots);
	free(r);
}

void code_reach_look_for(struct code_reach *r, const char *word)
{
	if (!strmap_get(&r->words, word))
		strmap_put(&r->words, xstrdup(word), unused);
}

/* "a/./b/../c" is "a/c". False: it leads out, or is too long. */
static bool tidy_path(struct strbuf *out, const char *dir, const char *path,
		      size_t len)
{
	const char *at = path, *end = path + len;

	strbuf_reset(out);
	if (len && *path == '/')
		return false;
	strbuf_addstr(out, dir);
	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t part = (size_t)((slash ? slash : end) - at);

		if (part == 2 && !memcmp(at, "..", 2)) {
			if (!out->len)
				return false;
			strbuf_setlen(out, out->len - 1);
			while (out->len && out->buf[out->len - 1] != '/')
				strbuf_setlen(out, out->len - 1);
		} else if (part && !(part == 1 && *at == '.')) {
			strbuf_add(out, at, part);
			if (slash)
				strbuf_addch(out, '/');
		}
		at += part + (slash ? 1 : 0);
	}
	return out->len;
}

static bool add_path(struct code_reach *r, const char *path, const char *how,
		     const char *by)
{
	ssize_t at = strvec_find(r->paths, path);

	if (at < 0)
		return false;
	if (!r->file[at].why)
		r->file[at].why = xstrfmt("%s%s%s", how, by ? " " : "",
					  by ? by : "");
	return true;
}

/* The directory of a path, "" or with a slash at its end. */
static void add_dir(struct strbuf *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash)
		strbuf_add(out, path, (size_t)(slash - path) + 1);
}

static void add_root(struct code_reach *r, const char *dir)
{
	size_t i;

	for (i = 0; i < r->roots.nr; i++)
		if (!strcmp(r->roots.v[i], dir))
			return;
	strvec_push(&r->roots, dir);
}

/*
 * "a.b" below `dir`, as Python finds it: a/__init__.py runs, then a/b.py, or
 * a/b/__init__.py. How much of it there is, in bytes, goes into *found.
 */
static bool add_module_in(struct code_reach *r, const char *dir,
			  const char *module, size_t len, const char *how,
			  const char *by)
{
	struct strbuf path = STRBUF_INIT;
	bool found = false, any = false;
	size_t at = 0;

	strbuf_addstr(&path, dir);
	while (at < len) {
		const char *dot = memchr(module + at, '.', len - at);
		size_t part = (size_t)((dot ? dot : module + len) - module) -
			      at;
		size_t base;

		strbuf_add(&path, module + at, part);
		base = path.len;
		strbuf_addstr(&path, ".py");
		found = add_path(r, path.buf, how, by);
		strbuf_setlen(&path, base);
		strbuf_addstr(&path, "/__init__.py");
		found |= add_path(r, path.buf, how, by);
		any |= found;
		strbuf_setlen(&path, base + 1);
		at += part + 1;
	}
	if (!found && any && len > 0)
		found = true;	/* the rest is a name in it */
	if (!found) {	/* a directory without __init__.py is a package, too */
		size_t from = strvec_from(r->paths, path.buf, path.len);

		found = path.len > strlen(dir) + 1 && from < r->paths->nr &&
			!strncmp(r->paths->v[from], path.buf, path.len);
	}
	strbuf_setlen(&path, path.len - (path.len > 0));
	strbuf_addstr(&path, "/__main__.py");
	if (!strcmp(how, "named by the command"))
		found |= add_path(r, path.buf, how, by);
	strbuf_release(&path);
	return found;
}

static bool add_module(struct code_reach *r, const char *module, size_t len,
		       const char *how, const char *by)
{
	bool found = false;
	size_t i;

	for (i = 0; i < r->roots.nr && !found; i++)
		found = add_module_in(r, r->roots.v[i], module, len, how, by);
	return found;
}

static bool is_name(int c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

static size_t name_len(const char *text, const char *end, bool dots)
{
	const char *at = text;

	while (at < end && (is_name((unsigned char)*at) ||
			    (dots && *at == '.')))
		at++;
	return (size_t)(at - text);
}

/* A module that no file here is. */
static void note_outside(struct code_reach *r, const char *module, size_t len,
			 const char *by)
{
	const char *dot = memchr(module, '.', len);
	char *name = xmemdupz(module, dot ? (size_t)(dot - module) : len);

	if (*name && r->modules.nr < MODULES_MAX &&
	    !strmap_get(&r->modules, name))
		strmap_put(&r->modules, name, xstrdup(by));
	else
		free(name);
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\\' ||
			    *at == '(' || *at == ','))
		at++;
	return at;
}

/* `import a.b as c, d` behind its first word. */
static void read_import(struct code_reach *r, const char *at, const char *end,
			const char *by)
{
	while (at < end) {
		size_t len;

		at = skip_blanks(at, end);
		len = name_len(at, end, true);
		if (!len)
			return;
		if (!add_module(r, at, len, "imported by", by))
			note_outside(r, at, len, by);
		at = memchr(at, ',', (size_t)(end - at));
		if (!at)
			return;
		at++;
	}
}

/* The end of what `from x import (` begins: names on several lines. */
static const char *end_of_names(const char *at, const char *end,
				const char *text_end)
{
	const char *open = memchr(at, '(', (size_t)(end - at));
	const char *close;

	if (!open)
		return end;
	close = memchr(open, ')', (size_t)(text_end - open));
	return close ? close : text_end;
}

/* Names behind `import`, which may be modules below `module` in `dir`. */
static void read_names(struct code_reach *r, const char *dir,
		       const struct strbuf *module, const char *at,
		       const char *end, const char *by)
{
	struct strbuf full = STRBUF_INIT;

	while (at < end) {
		size_t len;

		while (at < end && !is_name((unsigned char)*at))
			at++;
		len = name_len(at, end, false);
		if (!len)
			break;
		strbuf_reset(&full);
		strbuf_addbuf(&full, module);
		if (full.len)
			strbuf_addch(&full, '.');
		strbuf_add(&full, at, len);
		if (dir)
			add_module_in(r, dir, full.buf, full.len,
				      "imported by", by);
		else
			add_module(r, full.buf, full.len, "imported by", by);
		at += len;
	}
	strbuf_release(&full);
}

/* `from .a import b` behind its first word. */
static void read_from(struct code_reach *r, const char *at, const char *end,
		      const char *text_end, const char *by)
{
	struct strbuf module = STRBUF_INIT, dir = STRBUF_INIT;
	const char *names;
	size_t len, dots = 0;

	at = skip_blanks(at, end);
	for (; at < end && *at == '.'; at++)
		dots++;
	len = name_len(at, end, true);
	names = skip_blanks(at + len, end);
	if (end - names < 7 || memcmp(names, "import", 6))
		goto cleanup;
	strbuf_add(&module, at, len);
	names += 6;
	end = end_of_names(names, end, text_end);
	if (dots) {
		add_dir(&dir, by);
		for (; dots > 1 && dir.len; dots--) {
			strbuf_setlen(&dir, dir.len - 1);
			while (dir.len && dir.buf[dir.len - 1] != '/')
				strbuf_setlen(&dir, dir.len - 1);
		}
		if (len)
			add_module_in(r, dir.buf, module.buf, module.len,
				      "imported by", by);
		read_names(r, dir.buf, &module, names, end, by);
	} else if (len) {
		if (!add_module(r, module.buf, len, "imported by", by))
			note_outside(r, module.buf, len, by);
		else
			read_names(r, NULL, &module, names, end, by);
	}

cleanup:
	strbuf_release(&dir);
	strbuf_release(&module);
}

static bool begins(const char *at, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - at) > len && !memcmp(at, word, len) &&
	       (at[len] == ' ' || at[len] == '\t' || at[len] == '.');
}

/* A notebook has its lines in quotes. */
static void read_python(struct code_reach *r, const char *by,
			const char *text, size_t len)
{
	const char *at = text, *text_end = text + len;

	while (at < text_end) {
		const char *nl = memchr(at, '\n', (size_t)(text_end - at));
		const char *end = nl ? nl : text_end;

		while (at < end && strchr(" \t\"", *at))
			at++;
		if (begins(at, end, "import"))
			read_import(r, at + 6, end, by);
		else if (begins(at, end, "from"))
			read_from(r, at + 4, end, text_end, by);
		at = end + 1;
	}
}

static bool is_python(const char *path, const char *text, size_t len)
{
	size_t at = strlen(path);
	const char *nl = memchr(text, '\n', MINIMUM(len, (size_t)200));

	if (at > 3 && !strcmp(path + at - 3, ".py"))
		return true;
	if (at > 6 && !strcmp(path + at - 6, ".ipynb"))
		return true;
	return len > 2 && !memcmp(text, "#!", 2) && nl &&
	       memmem(text, (size_t)(nl - text), "python", 6);
}

/* A word that may be a path, seen from a directory; or, with dots between
 * names, a module. */
static bool try_word(struct code_reach *r, const char *dir, const char *word,
		     size_t len, const char *how, const char *by)
{
	static const char *const ends[] = {
		"", ".js", ".ts", ".mjs", ".jsx", ".tsx"
	};
	struct strbuf path = STRBUF_INIT;
	bool found = false;
	size_t i, base;

	if (tidy_path(&path, dir, word, len)) {
		base = path.len;
		/* Only `./util` may lack the end of its name. */
		for (i = 0; !found && i < (*word == '.' ? ARRAY_SIZE(ends) :
					   1); i++) {
			strbuf_setlen(&path, base);
			strbuf_addstr(&path, ends[i]);
			found = add_path(r, path.buf, how, by);
		}
	}
	strbuf_release(&path);
	return found;
}

static bool is_word(int c)
{
	return is_name(c) || strchr("./-+@%", c);
}

static void use_word(struct code_reach *r, const char *word, size_t len,
		     const char *by)
{
	char name[WORD_MAX + 1];

	if (!r->words.nr)
		return;
	memcpy(name, word, len);
	name[len] = '\0';
	if (strmap_get(&r->words, name) == unused)
		strmap_put(&r->words, name, xstrdup(by));
}

/* Texts that name files: `source lib.sh`, `#include "x.h"`,
 * open("config/base.yaml"). */
static void read_words(struct code_reach *r, const char *by, const char *text,
		       size_t len)
{
	struct strbuf dir = STRBUF_INIT;
	const char *at = text, *end = text + len;
	size_t i;

	add_dir(&dir, by);
	while (at < end) {
		const char *from;
		size_t word;
		bool found;

		while (at < end && !is_word((unsigned char)*at))
			at++;
		for (from = at; at < end && is_word((unsigned char)*at); at++)
			;
		word = (size_t)(at - from);
		/* A full stop ends a sentence. */
		while (word && from[word - 1] == '.')
			word--;
		if (word < 2 || word > WORD_MAX)
			continue;
		use_word(r, from, word, by);
		if (!memchr(from, '.', word) && !memchr(from, '/', word))
			continue;
		found = try_word(r, dir.buf, from, word, "named in", by);
		for (i = 0; i < r->roots.nr && !found; i++)
			found = try_word(r, r->roots.v[i], from, word,
					 "named in", by);
		/* import_module("models.resnet") */
		if (!found && !memchr(from, '/', word) && from > text &&
		    strchr("\"'", from[-1]) && at < end &&
		    strchr("\"'", *at))
			add_module(r, from, word, "named in", by);
	}
	strbuf_release(&dir);
}

void code_reach_next(struct code_reach *r, struct strvec *paths)
{
	size_t i;

	for (i = 0; i < r->paths->nr; i++) {
		if (!r->file[i].why || r->file[i].asked ||
		    r->asked >= CODE_REACH_MAX_FILES ||
		    r->bytes >= CODE_REACH_MAX_BYTES)
			continue;
		r->file[i].asked = true;
		r->asked++;
		strvec_push(paths, r->paths->v[i]);
	}
}

void code_reach_text(struct code_reach *r, const char *path, const char *text,
		     size_t len)
{
	r->bytes += len;
	if (len > CODE_REACH_MAX_FILE || memchr(text, '\0', len))
		return;
	if (is_python(path, text, len))
		read_python(r, path, text, len);
	read_words(r, path, text, len);
}

/* A word of the command may be a line of a shell itself. */
static void read_command_word(struct code_reach *r, const char *word,
			      const char *cwd)
{
	const char *equals = strchr(word, '=');

	if (try_word(r, cwd, word, strlen(word), "named by the command", NULL))
		return;
	if (equals && try_word(r, cwd, equals + 1, strlen(equals + 1),
			       "named by the command", NULL))
		return;
	while (*word && strpbrk(word, " \t\n;&|\"'")) {
		size_t len = strcspn(word, " \t\n;&|\"'");

		if (len)
			try_word(r, cwd, word, len, "named by the command",
				 NULL);
		word += len + (word[len] != '\0');
	}
	if (*word)
		try_word(r, cwd, word, strlen(word), "named by the command",
			 NULL);
}

static void add_roots(struct code_reach *r, const char *cwd)
{
	struct strbuf dir = STRBUF_INIT;

	add_root(r, cwd);
	add_root(r, "");
	strbuf_addf(&dir, "%ssrc/", cwd);
	add_root(r, dir.buf);
	add_root(r, "src/");
	strbuf_release(&dir);
}

void code_reach_command(struct code_reach *r, const char *const *words,
			const char *cwd)
{
	static const char *const makefiles[] = {
		"GNUmakefile", "makefile", "Makefile"
	};
	struct strbuf dir = STRBUF_INIT;
	const char *base;
	size_t i;

	if (!words[0])
		return;
	for (i = 0; words[i]; i++)
		read_command_word(r, words[i], cwd);
	/* Modules are sought beside the script first. */
	for (i = 0; i < r->paths->nr; i++) {
		if (!r->file[i].why)
			continue;
		strbuf_reset(&dir);
		add_dir(&dir, r->paths->v[i]);
		add_root(r, dir.buf);
	}
	add_roots(r, cwd);
	for (i = 0; words[i] && words[i + 1]; i++)
		if (!strcmp(words[i], "-m"))
			add_module(r, words[i + 1], strlen(words[i + 1]),
				   "named by the command", NULL);
	base = strrchr(words[0], '/');
	base = base ? base + 1 : words[0];
	if (!strcmp(base, "make") || !strcmp(base, "gmake"))
		for (i = 0; i < ARRAY_SIZE(makefiles); i++)
			try_word(r, cwd, makefiles[i], strlen(makefiles[i]),
				 "read by make", NULL);
	strbuf_release(&dir);
}

void code_reach_function(struct code_reach *r, const char *function,
			 const char *cwd)
{
	const char *dot = strrchr(function, '.');

	add_roots(r, cwd);
	if (dot)
		add_module(r, function, (size_t)(dot - function),
			   "named by the command", NULL);
}

const char *code_reach_why(const struct code_reach *r, const char *path)
{
	ssize_t at = strvec_find(r->paths, path);

	return at < 0 ? NULL : r->file[at].why;
}

const char *code_reach_module(const struct code_reach *r, const char *module)
{
	return strmap_get(&r->modules, module);
}

const char *code_reach_word(const struct code_reach *r, const char *word)
{
	const char *by = strmap_get(&r->words, word);

	return by == unused ? NULL : by;
}

bool code_reach_is_known(const struct code_reach *r)
{
	size_t i;

	for (i = 0; i < r->paths->nr; i++)
		if (r->file[i].why)
			return true;
	return false;
}
