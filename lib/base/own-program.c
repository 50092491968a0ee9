/*
 * Where this program and its helpers are.
 */
#include "lib/base/compat.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

#include <pthread.h>

static const char *first_word = "resutil";
static const char *(*holder_of)(const char *command);
static struct strbuf program = STRBUF_INIT;
static struct strbuf libexec = STRBUF_INIT;
static struct strbuf python = STRBUF_INIT;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void set_resutil_program(const char *argv0,
			 const char *(*holder)(const char *command))
{
	if (argv0 && *argv0)
		first_word = argv0;
	holder_of = holder;
}

/* `dir` + `rest`, if that is there. */
static bool try_path(struct strbuf *out, const char *dir, const char *rest,
		     bool (*is_it)(const char *))
{
	struct strbuf joined = STRBUF_INIT;
	bool found;

	strbuf_addf(&joined, "%s%s", dir, rest);
	found = is_it(joined.buf);
	if (found) {
		strbuf_reset(out);
		path_absolute(out, NULL, joined.buf);
	}
	strbuf_release(&joined);
	return found;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static void find_self(struct strbuf *self)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	struct strbuf why = STRBUF_INIT;
	char buf[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", buf, sizeof(buf) - 1);

	if (len > 0) {
		strbuf_add(self, buf, (size_t)len);
		/* Replaced by an upgrade while we run: take the new one. */
		if (self->len > tail && !is_program(self->buf) &&
		    !strcmp(self->buf + self->len - tail, deleted))
			strbuf_setlen(self, self->len - tail);
	} else if (!path_find_program(self, first_word, &why)) {
		strbuf_reset(&why);
		path_absolute(&why, NULL, self->buf);
		strbuf_reset(self);
		strbuf_addbuf(self, &why);
	} else {
		strbuf_reset(self);
		strbuf_addstr(self, RESUTIL_PREFIX "/bin/resutil");
	}
	strbuf_release(&why);
}

static void find_all(void)
{
	const char *given = getenv("RESUTIL_EXEC_PATH");
	struct strbuf self = STRBUF_INIT, dir = STRBUF_INIT;
	size_t len;

	find_self(&self);
	len = (size_t)(path_basename(self.buf) - self.buf);
	strbuf_add(&dir, self.buf, len);
	/*
	 * A program of libexec/ (and a test program of the build tree) is not
	 * resutil, but knows the way to it.
	 */
	if (!strcmp(path_basename(self.buf), "resutil") ||
	    (!try_path(&program, dir.buf, "../resutil", is_program) &&
	     !try_path(&program, dir.buf, "../../bin/resutil", is_program)))
		strbuf_addbuf(&program, &self);
	strbuf_setlen(&dir, 0);
	len = (size_t)(path_basename(program.buf) - program.buf);
	strbuf_add(&dir, program.buf, len);
	if (given && *given)
		path_absolute(&libexec, NULL, given);
	else if (!try_path(&libexec, dir.buf, "libexec", path_is_dir) &&
		 !try_path(&libexec, dir.buf, "../libexec/resutil",
			   path_is_dir))
		strbuf_addstr(&libexec, RESUTIL_LIBEXEC);
	/* The build tree has a link to the sources. */
	if (!try_path(&python, dir.buf, "python", path_is_dir) &&
	    !try_path(&python, dir.buf, "../share/resutil/python",
		      path_is_dir))
		strbuf_addstr(&python, RESUTIL_PREFIX "/share/resutil/python");
	strbuf_release(&self);
	strbuf_release(&dir);
}

const char *resutil_program(void)
{
	pthread_once(&once, find_all);
	return program.buf;
}

const char *resutil_libexec(void)
{
	pthread_once(&once, find_all);
	return libexec.buf;
}

const char *resutil_python(void)
{
	pthread_once(&once, find_all);
	return python.buf;
}

/* Where it is not there, resutil has the better words for that. */
const char *resutil_program_of(struct strbuf *room, const char *command)
{
	const char *holder = holder_of && command ? holder_of(command) : NULL;

	if (!holder)
		return resutil_program();
	strbuf_reset(room);
	strbuf_addf(room, "%s/%s", resutil_libexec(), holder);
	return is_program(room->buf) ? room->buf : resutil_program();
}
