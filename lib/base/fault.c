#include "lib/base/compat.h"
#include "lib/base/fault.h"

#include <pthread.h>

#ifdef RESUTIL_FAULT_POINTS

/* The words of RESUTIL_TEST_FAULT and of the log. */
static const char *const kind_names[SYS_KIND_NR] = {
	[SYS_OPEN] = "open",
	[SYS_WRITE] = "write",
	[SYS_SYNC] = "sync",
	[SYS_RENAME] = "rename",
	[SYS_MKDIR] = "mkdir",
	[SYS_UNLINK] = "unlink",
	[SYS_LINK] = "link",
	[SYS_TRUNCATE] = "truncate",
	[SYS_CHMOD] = "chmod",
	[SYS_SPAWN] = "spawn",
	[SYS_LOCK] = "lock",
	[SYS_REQUEST] = "request",
	[SYS_ALLOC] = "alloc",
};

enum action { ACT_NOTHING, ACT_ERRNO, ACT_SHORT, ACT_KILL, ACT_KILL_AFTER };

static struct plan {
	enum action action;
	int error;		/* of ACT_ERRNO */
	int kind;		/* SYS_KIND_NR: any */
	unsigned long nr;	/* counted from 1 */
	unsigned long passed;
	int log_fd;
} plan = { .log_fd = -1 };

static pthread_once_t plan_once = PTHREAD_ONCE_INIT;

static const struct { const char *name; int value; } errors[] = {
	{ "EACCES", EACCES }, { "EAGAIN", EAGAIN }, { "EDQUOT", EDQUOT },
	{ "EEXIST", EEXIST }, { "EFBIG", EFBIG }, { "EINVAL", EINVAL },
	{ "EIO", EIO }, { "EMFILE", EMFILE }, { "ENFILE", ENFILE },
	{ "ENOENT", ENOENT }, { "ENOLCK", ENOLCK }, { "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC }, { "ENOSYS", ENOSYS }, { "ENOTEMPTY", ENOTEMPTY },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "EPERM", EPERM }, { "EPIPE", EPIPE },
	{ "EROFS", EROFS }, { "ESTALE", ESTALE }, { "EXDEV", EXDEV },
};

/* A plan that cannot be read must not let a test pass unharmed. */
static void bad_plan(const char *text)
{
	fprintf(stderr, "resutil: cannot read RESUTIL_TEST_FAULT='%s'\n", text);
	abort();
}

static void read_action(const char *word, const char *text)
{
	size_t i;

	if (!strcmp(word, "short"))
		plan.action = ACT_SHORT;
	else if (!strcmp(word, "kill"))
		plan.action = ACT_KILL;
	else if (!strcmp(word, "kill-after"))
		plan.action = ACT_KILL_AFTER;
	if (plan.action != ACT_NOTHING)
		return;
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(word, errors[i].name)) {
			plan.action = ACT_ERRNO;
			plan.error = errors[i].value;
			return;
		}
	bad_plan(text);
}

static void read_plan(void)
{
	const char *text = getenv("RESUTIL_TEST_FAULT");
	const char *log = getenv("RESUTIL_TEST_FAULT_LOG");
	const char *colon;
	size_t len;
	char *end;

	if (log && *log)
		plan.log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT |
				   O_CLOEXEC, 0666);
	if (!text || !*text)
		return;
	colon = strchr(text, ':');
	if (!colon)
		bad_plan(text);
	len = (size_t)(colon - text);
	for (plan.kind = 0; plan.kind < SYS_KIND_NR; plan.kind++)
		if (strlen(kind_names[plan.kind]) == len &&
		    !memcmp(kind_names[plan.kind], text, len))
			break;
	if (plan.kind == SYS_KIND_NR && (len != 3 || memcmp(text, "any", 3)))
		bad_plan(text);
	plan.nr = strtoul(colon + 1, &end, 10);
	if (!plan.nr || *end != ':')
		bad_plan(text);
	read_action(end + 1, text);
}

/* Straight to write(2): the log is no point of its own. */
static void log_point(enum sys_kind kind, const char *path, int fd)
{
	char link[64], target[PATH_MAX], line[PATH_MAX + 64];
	ssize_t len;
	int n;

	if (!path && fd >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		path = target;
	}
	n = snprintf(line, sizeof(line), "%s\t%s\n", kind_names[kind],
		     path ? path : "");
	if (n > 0 && (size_t)n < sizeof(line) &&
	    write(plan.log_fd, line, (size_t)n) != n)
		abort();
}

enum fault fault_point(enum sys_kind kind, const char *path, int fd)
{
	pthread_once(&plan_once, read_plan);
	if (plan.log_fd >= 0)
		log_point(kind, path, fd);
	if (plan.action == ACT_NOTHING ||
	    (plan.kind != SYS_KIND_NR && plan.kind != (int)kind))
		return FAULT_NONE;
	if (__atomic_add_fetch(&plan.passed, 1, __ATOMIC_RELAXED) != plan.nr)
		return FAULT_NONE;
	switch (plan.action) {
	case ACT_ERRNO:
		errno = plan.error;
		return FAULT_ERROR;
	case ACT_SHORT:
		return FAULT_SHORT;
	case ACT_KILL:
		raise(SIGKILL);
		break;
	case ACT_KILL_AFTER:
		return FAULT_KILL_AFTER;
	case ACT_NOTHING:
		break;
	}
	return FAULT_NONE;
}

void fault_after(enum fault fault)
{
	if (fault == FAULT_KILL_AFTER)
		raise(SIGKILL);
}

#endif
