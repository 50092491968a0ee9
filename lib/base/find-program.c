/*
 * path_find_program(): would execve(2) start this? Asked before an experiment
 * claims its name, so that a mistyped command leaves nothing behind.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"

/* The interpreter of a "#!" line; the kernel passes over blanks and tabs. */
static void add_interpreter(struct strbuf *out, const char *head)
{
	const char *s = head + 2 + strspn(head + 2, " \t");

	strbuf_add(out, s, strcspn(s, " \t\r\n"));
}

static int check_form(const char *path, struct strbuf *why)
{
	struct strbuf interpreter = STRBUF_INIT;
	char head[257];
	ssize_t len;
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return 0;	/* may be run, may not be read: ask execve */
	len = read(fd, head, sizeof(head) - 1);
	close(fd);
	if (len < 0)
		return 0;
	head[len] = '\0';
	if (len >= 4 && !memcmp(head, "\177ELF", 4))
		return 0;
	if (len < 2 || memcmp(head, "#!", 2)) {
		fail(why, ERR_FAILED, "'%s' is neither a program nor a script "
		     "that begins with '#!'", path);
		return EXIT_CANNOT_RUN;
	}
	add_interpreter(&interpreter, head);
	if (!interpreter.len) {
		fail(why, ERR_FAILED, "'%s' names no interpreter after '#!'",
		     path);
		ret = EXIT_CANNOT_RUN;
	} else if (access(interpreter.buf, F_OK) < 0) {
		fail(why, ERR_FAILED, "'%s' needs the interpreter '%s', "
		     "which is not there", path, interpreter.buf);
		ret = EXIT_NO_PROGRAM;
	} else if (path_is_dir(interpreter.buf) ||
		   access(interpreter.buf, X_OK) < 0) {
		fail(why, ERR_FAILED, "'%s' needs the interpreter '%s', "
		     "which may not be run", path, interpreter.buf);
		ret = EXIT_CANNOT_RUN;
	}
	strbuf_release(&interpreter);
	return ret;
}

static int check_program(const char *path, struct strbuf *why)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		bool gone = errno == ENOENT || errno == ENOTDIR;

		fail_errno(why, "cannot run '%s'", path);
		return gone ? EXIT_NO_PROGRAM : EXIT_CANNOT_RUN;
	}
	if (S_ISDIR(st.st_mode)) {
		fail(why, ERR_FAILED, "cannot run '%s': it is a directory",
		     path);
		return EXIT_CANNOT_RUN;
	}
	if (!S_ISREG(st.st_mode)) {
		fail(why, ERR_FAILED, "cannot run '%s': it is no regular file",
		     path);
		return EXIT_CANNOT_RUN;
	}
	if (access(path, X_OK) < 0) {
		fail_errno(why, "cannot run '%s'", path);
		return EXIT_CANNOT_RUN;
	}
	return check_form(path, why);
}

/* As in a shell: what may not be run is passed over, but remembered. */
static int search_path(struct strbuf *out, const char *name,
		       struct strbuf *why)
{
	const char *dirs = getenv("PATH");
	struct strbuf try = STRBUF_INIT;
	struct strbuf denied = STRBUF_INIT;
	int ret;

	if (!dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t len = strcspn(dirs, ":");
		struct stat st;

		strbuf_reset(&try);
		strbuf_add(&try, dirs, len);
		if (!len)
			strbuf_addch(&try, '.');
		strbuf_complete_slash(&try);
		strbuf_addstr(&try, name);
		if (!stat(try.buf, &st) && S_ISREG(st.st_mode)) {
			if (!access(try.buf, X_OK))
				break;
			if (!denied.len)
				strbuf_addbuf(&denied, &try);
		}
		if (!dirs[len]) {
			strbuf_reset(&try);
			break;
		}
		dirs += len + 1;
	}
	if (try.len || denied.len) {
		struct strbuf *found = try.len ? &try : &denied;

		ret = check_program(found->buf, why);
		if (!ret)
			strbuf_addbuf(out, found);
	} else {
		fail(why, ERR_NOT_FOUND, "there is no program '%s' in PATH",
		     name);
		ret = EXIT_NO_PROGRAM;
	}
	strbuf_release(&denied);
	strbuf_release(&try);
	return ret;
}

int path_find_program(struct strbuf *out, const char *name, struct strbuf *why)
{
	int ret;

	if (!*name) {
		fail(why, ERR_NOT_FOUND, "the name of the program is empty");
		return EXIT_NO_PROGRAM;
	}
	if (!strchr(name, '/'))
		return search_path(out, name, why);
	ret = check_program(name, why);
	if (!ret)
		strbuf_addstr(out, name);
	return ret;
}
