/*
 * From the words of a command to the interpreter that will run.
 * Source: the manual of pyenv ("Understanding Python version selection") for
 * its shims.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/python-find.h"

#include "lib/base/path.h"

#define HEAD_BYTES 4096
#define VERSION_FILE_MAX 65536
#define MAX_LAUNCHED 64		/* words looked at behind a launcher */
#define MAX_STEPS 4		/* scripts of scripts */

/* Programs that start another one, named by a later word. */
static bool is_launcher(const char *base)
{
	static const char *const names[] = {
		"chrt", "env", "exec", "gdb", "ionice", "jsrun", "ltrace",
		"mpiexec", "mpirun", "nice", "nohup", "nsys", "numactl", "perf",
		"prun", "setsid", "srun", "stdbuf", "strace", "sudo",
		"taskset", "time", "timeout", "valgrind", "xvfb-run",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(base, names[i]))
			return true;
	return false;
}

/* Options of Python up to what it runs. Those that take a value: -c and -m
 * end them, -W, -X and --check-hash-based-pycs are passed over. */
static void take_flags(struct python *py, const char *const *words)
{
	for (; *words && **words == '-'; words++) {
		const char *p = *words + 1;

		if (*p == '-' || !*p)
			break;
		for (; *p; p++) {
			if (*p == 'c' || *p == 'm')
				return;
			if (*p == 'W' || *p == 'X') {
				if (!p[1] && words[1])
					words++;
				break;
			}
			py->no_env = py->no_env || *p == 'E' || *p == 'I';
			py->no_user = py->no_user || *p == 's' || *p == 'I';
			py->no_site = py->no_site || *p == 'S';
		}
	}
}

static bool find_program(struct strbuf *out, const char *name)
{
	struct strbuf why = STRBUF_INIT;
	bool found;

	strbuf_reset(out);
	found = !path_find_program(out, name, &why);
	strbuf_release(&why);
	return found;
}

/* The first bytes of a script; false for what is none. */
static bool read_head(struct strbuf *head, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got;

	if (fd < 0)
		return false;
	strbuf_reset(head);
	strbuf_grow(head, HEAD_BYTES);
	got = read(fd, head->buf, HEAD_BYTES);
	close(fd);
	strbuf_setlen(head, got > 0 ? (size_t)got : 0);
	return head->len > 2 && !memcmp(head->buf, "#!", 2);
}

/* pip writes a path that is too long for `#!` into a line that is nothing to
 * Python, and runs it for a shell: '''exec' "/long path/python" "$0" "$@" */
static void split_exec_line(struct strvec *words, const char *head)
{
	static const char mark[] = "\n'''exec' ";
	const char *p = strstr(head, mark), *end;

	if (!p)
		return;
	p += strlen(mark);
	end = *p == '"' ? strchr(++p, '"') : p + strcspn(p, " \n");
	if (end)
		strvec_pushn(words, p, (size_t)(end - p));
}

static void split_words(struct strvec *words, const char *line)
{
	const char *end = line + strcspn(line, "\r\n");

	for (;;) {
		size_t len;

		line += strspn(line, " \t");
		if (line >= end)
			return;
		len = MINIMUM(strcspn(line, " \t\r\n"), (size_t)(end - line));
		strvec_pushn(words, line, len);
		line += len;
	}
}

/* What `#!/usr/bin/env -S python3 -s` starts; -1: nothing that is named. */
static ssize_t skip_env(const struct strvec *words)
{
	size_t i;

	for (i = 1; i < words->nr; i++) {
		const char *word = words->v[i];

		if (!strcmp(word, "-u") || !strcmp(word, "-C"))
			i++;
		else if (*word != '-' && !strchr(word, '='))
			return (ssize_t)i;
	}
	return -1;
}

/* The interpreter of a script; its words are flags of it. */
static bool script_python(struct python *py, struct strbuf *program,
			  const char *script)
{
	struct strbuf head = STRBUF_INIT;
	struct strvec words = STRVEC_INIT;
	ssize_t at = 0;
	bool found = false;

	if (!read_head(&head, script))
		goto cleanup;
	split_words(&words, head.buf + 2);
	if (words.nr && !strcmp(path_basename(words.v[0]), "env"))
		at = skip_env(&words);
	if (at >= 0 && words.nr &&
	    !python_is_name(path_basename(words.v[at]))) {
		strvec_clear(&words);
		split_exec_line(&words, head.buf);
		at = 0;
	}
	if (at < 0 || !words.nr || !python_is_name(path_basename(words.v[at])))
		goto cleanup;
	found = find_program(program, words.v[at]);
	take_flags(py, words.v + at + 1);

cleanup:
	strbuf_release(&head);
	strvec_release(&words);
	return found;
}

/* ---- shims of pyenv ----------------------------------------------------- */

/* The first version that a file of pyenv names. */
static bool read_version_file(struct strbuf *out, const char *path)
{
	struct strbuf text = STRBUF_INIT;
	const char *p;
	size_t len = 0;

	if (!read_file(&text, path, VERSION_FILE_MAX, NULL)) {
		p = text.buf + strspn(text.buf, " \t\r\n");
		len = strcspn(p, " \t\r\n:");
		strbuf_add(out, p, len);
	}
	strbuf_release(&text);
	return len > 0;
}

static bool search_version_file(struct strbuf *out)
{
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	bool found = false;
	char *slash;

	if (path_cwd(&dir, NULL))
		goto cleanup;
	for (;;) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/.python-version", dir.buf);
		found = read_version_file(out, path.buf);
		slash = strrchr(dir.buf, '/');
		if (found || !slash || !dir.len)
			break;
		strbuf_setlen(&dir, (size_t)(slash - dir.buf));
	}

cleanup:
	strbuf_release(&dir);
	strbuf_release(&path);
	return found;
}

/* What ROOT/shims/NAME starts: ROOT/versions/VERSION/bin/NAME. */
static bool follow_shim(struct strbuf *program)
{
	struct strbuf root = STRBUF_INIT, version = STRBUF_INIT;
	struct strbuf path = STRBUF_INIT;
	const char *base = path_basename(program->buf), *env;
	static const char shims[] = "/shims/";
	bool found = false;

	strbuf_add(&root, program->buf, (size_t)(base - program->buf));
	if (root.len < sizeof(shims) - 1 ||
	    strcmp(root.buf + root.len - strlen(shims), shims))
		goto cleanup;
	strbuf_setlen(&root, root.len - strlen(shims));
	env = getenv("PYENV_VERSION");
	if (env && *env)
		strbuf_add(&version, env, strcspn(env, ":"));
	else if (!search_version_file(&version)) {
		strbuf_addf(&path, "%s/version", root.buf);
		read_version_file(&version, path.buf);
	}
	if (!version.len || strchr(version.buf, '/'))
		goto cleanup;
	strbuf_reset(&path);
	strbuf_addf(&path, "%s/versions/%s/bin/%s", root.buf, version.buf,
		    base);
	found = !access(path.buf, X_OK);
	if (found) {
		strbuf_reset(program);
		strbuf_addbuf(program, &path);
	}

cleanup:
	strbuf_release(&root);
	strbuf_release(&version);
	strbuf_release(&path);
	return found;
}

/* From a program to the interpreter that it is, or is run by. */
static bool follow(struct python *py, struct strbuf *program,
		   const char *const *words)
{
	struct strbuf next = STRBUF_INIT;
	bool found = false;
	int steps;

	for (steps = 0; steps < MAX_STEPS && !found; steps++) {
		bool named = python_is_name(path_basename(program->buf));

		if (follow_shim(program))
			continue;
		if (script_python(py, &next, program->buf)) {
			strbuf_reset(program);
			strbuf_addbuf(program, &next);
			words = NULL;
			continue;
		}
		if (!named)
			break;
		/* a script that is called python, of a shell, tells nothing */
		found = !read_head(&next, program->buf);
		if (!found)
			break;
		if (words)
			take_flags(py, words);
	}
	strbuf_release(&next);
	return found;
}

static bool find_launched(struct python *py, struct strbuf *program,
			  const char *const *argv)
{
	int i;

	for (i = 1; i < MAX_LAUNCHED && argv[i]; i++) {
		const char *word = argv[i];

		if (!python_is_name(path_basename(word)) &&
		    (*word == '-' || !strchr(word, '/')))
			continue;
		if (find_program(program, word) &&
		    follow(py, program, argv + i + 1))
			return true;
	}
	return false;
}

/* ---- what is active ----------------------------------------------------- */

/* Programs that start the Python of an environment without naming it. */
static bool is_runner(const char *base)
{
	static const char *const names[] = {
		"bash", "conda", "dash", "fish", "hatch", "just", "ksh",
		"make", "mamba", "micromamba", "ninja", "nox", "pdm", "pipenv",
		"poetry", "rye", "sh", "task", "tox", "uv", "zsh",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(base, names[i]))
			return true;
	return false;
}

static bool is_shell_script(const char *program)
{
	struct strbuf head = STRBUF_INIT;
	bool is = read_head(&head, program);

	strbuf_release(&head);
	return is;
}

static bool in_prefix(struct strbuf *program, const char *prefix)
{
	strbuf_reset(program);
	if (!prefix || *prefix != '/')
		return false;
	strbuf_addf(program, "%s/bin/python", prefix);
	return !access(program->buf, X_OK);
}

/* The .venv of the project here, as these tools look for it. */
static bool in_project(struct strbuf *program)
{
	struct strbuf dir = STRBUF_INIT, venv = STRBUF_INIT;
	bool found = false;
	char *slash;

	if (path_cwd(&dir, NULL))
		goto cleanup;
	while (!found && (slash = strrchr(dir.buf, '/'))) {
		strbuf_reset(&venv);
		strbuf_addf(&venv, "%s/.venv", dir.buf);
		found = in_prefix(program, venv.buf);
		strbuf_setlen(&dir, (size_t)(slash - dir.buf));
	}

cleanup:
	strbuf_release(&dir);
	strbuf_release(&venv);
	return found;
}

/* A person has activated an environment, and a script or a tool runs in it. */
static bool find_active(struct strbuf *program, const char *base,
			const char *script)
{
	static const char *const tools[] = {
		"hatch", "pdm", "pipenv", "poetry", "rye", "uv"
	};
	size_t i;

	if (!is_runner(base) && !is_shell_script(script))
		return false;
	if (in_prefix(program, getenv("VIRTUAL_ENV")))
		return true;
	for (i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strcmp(base, tools[i]))
			return in_project(program);
	return in_prefix(program, getenv("CONDA_PREFIX"));
}

bool python_find(struct python *py, const char *const *argv,
		 const char *program)
{
	static const char *const usual[] = { "python3", "python" };
	struct strbuf path = STRBUF_INIT;
	bool found = false;
	size_t i;

	if (!argv) {
		for (i = 0; i < ARRAY_SIZE(usual) && !found; i++)
			found = find_program(&path, usual[i]) &&
				follow(py, &path, NULL);
	} else if (program) {
		strbuf_addstr(&path, program);
		found = follow(py, &path, argv + 1);
	} else {
		found = find_program(&path, argv[0]) &&
			follow(py, &path, argv + 1);
	}
	if (!found && argv && is_launcher(path_basename(argv[0])))
		found = find_launched(py, &path, argv);
	if (!found && argv) {
		struct strbuf script = STRBUF_INIT;

		strbuf_addstr(&script, path.len ? path.buf : argv[0]);
		found = find_active(&path, path_basename(argv[0]), script.buf);
		strbuf_release(&script);
	}
	found = found && python_look_at(py, path.buf, "");
	strbuf_release(&path);
	return found;
}
