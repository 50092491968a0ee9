#include "lib/base/compat.h"
#include "lib/base/fault.h"
#include "lib/base/coverage.h"

#include <pthread.h>
#include <sys/mman.h>

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
	[SYS_HTTP] = "http",
	[SYS_ALLOC] = "alloc",
};

enum action { ACT_NOTHING, ACT_ERRNO, ACT_KILL, ACT_KILL_ALL, ACT_FAULT };

static struct plan {
	enum action action;
	int error;		/* of ACT_ERRNO */
	enum fault fault;	/* of ACT_FAULT */
	int kind;		/* SYS_KIND_NR: any but alloc */
	uint64_t nr;		/* counted from 1 */
	bool on;		/* also all later ones */
	uint64_t *passed;	/* of this process, or of all */
	int log_fd;
} plan = { .kind = SYS_KIND_NR, .log_fd = -1 };

static uint64_t passed_here;
static pthread_once_t plan_once = PTHREAD_ONCE_INIT;

static const struct { const char *name; int value; } errors[] = {
	{ "EACCES", EACCES }, { "EAGAIN", EAGAIN }, { "EBADF", EBADF },
	{ "EDQUOT", EDQUOT }, { "EEXIST", EEXIST }, { "EFBIG", EFBIG },
	{ "EINVAL", EINVAL }, { "EIO", EIO }, { "ELOOP", ELOOP },
	{ "EMFILE", EMFILE }, { "EMLINK", EMLINK }, { "ENFILE", ENFILE },
	{ "ENOENT", ENOENT }, { "ENOLCK", ENOLCK }, { "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC }, { "ENOSYS", ENOSYS }, { "ENOTEMPTY", ENOTEMPTY },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "EPERM", EPERM }, { "EPIPE", EPIPE },
	{ "EROFS", EROFS }, { "ESTALE", ESTALE }, { "EXDEV", EXDEV },
};

static const struct {
	const char *name;
	enum action action;
	enum fault fault;
	bool request;		/* of requests alone */
} words[] = {
	{ "kill", ACT_KILL, FAULT_NONE, false },
	{ "kill-all", ACT_KILL_ALL, FAULT_NONE, false },
	{ "short", ACT_FAULT, FAULT_SHORT, false },
	{ "kill-after", ACT_FAULT, FAULT_KILL_AFTER, false },
	{ "kill-all-after", ACT_FAULT, FAULT_KILL_ALL_AFTER, false },
	{ "transient", ACT_ERRNO, FAULT_NONE, true },
	{ "half", ACT_FAULT, FAULT_SHORT, true },
	{ "lost", ACT_FAULT, FAULT_LOST, true },
	{ "refused", ACT_FAULT, FAULT_REFUSED, true },
	{ "unreachable", ACT_FAULT, FAULT_UNREACHABLE, true },
	{ "conflict", ACT_FAULT, FAULT_CONFLICT, true },
	{ "hang", ACT_FAULT, FAULT_HANG, true },
};

/* A plan that cannot be read must not let a test pass unharmed. */
static void NORETURN bad_plan(const char *variable, const char *text)
{
	fprintf(stderr, "resutil: cannot read %s='%s'\n", variable, text);
	abort();
}

static void read_action(const char *word, const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i].name) &&
		    (!words[i].request || plan.kind == SYS_REQUEST ||
		     plan.kind == SYS_HTTP)) {
			plan.action = words[i].action;
			plan.fault = words[i].fault;
			return;
		}
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(word, errors[i].name)) {
			plan.action = ACT_ERRNO;
			plan.error = errors[i].value;
			return;
		}
	bad_plan("RESUTIL_TEST_FAULT", text);
}

/* The counter of all processes is a file that each of them maps. */
static void open_counter(void)
{
	const char *path = getenv("RESUTIL_TEST_FAULT_SHARED");
	struct stat st;
	void *map = MAP_FAILED;
	int fd;

	plan.passed = &passed_here;
	if (!path || !*path)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	/* Two may make it longer at once: what is there stays. */
	if (fd >= 0 && !fstat(fd, &st) &&
	    (st.st_size >= (off_t)sizeof(*plan.passed) ||
	     !ftruncate(fd, sizeof(*plan.passed))))
		map = mmap(NULL, sizeof(*plan.passed), PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		bad_plan("RESUTIL_TEST_FAULT_SHARED", path);
	plan.passed = map;
	close(fd);
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
	open_counter();
	if (!text || !*text)
		return;
	colon = strchr(text, ':');
	if (!colon)
		bad_plan("RESUTIL_TEST_FAULT", text);
	len = (size_t)(colon - text);
	for (plan.kind = 0; plan.kind < SYS_KIND_NR; plan.kind++)
		if (strlen(kind_names[plan.kind]) == len &&
		    !memcmp(kind_names[plan.kind], text, len))
			break;
	if (plan.kind == SYS_KIND_NR && (len != 3 || memcmp(text, "any", 3)))
		bad_plan("RESUTIL_TEST_FAULT", text);
	plan.nr = strtoull(colon + 1, &end, 10);
	plan.on = *end == '+';
	end += plan.on;
	if (!plan.nr || *end != ':')
		bad_plan("RESUTIL_TEST_FAULT", text);
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

/* Whether this point is of the plan's kind, and one of those it means. */
static bool is_hit(enum sys_kind kind)
{
	uint64_t passed;

	if (plan.kind == SYS_KIND_NR ? kind == SYS_ALLOC :
				       plan.kind != (int)kind)
		return false;
	passed = __atomic_add_fetch(plan.passed, 1, __ATOMIC_RELAXED);
	return plan.action != ACT_NOTHING &&
	       (passed == plan.nr || (plan.on && passed > plan.nr));
}

enum fault fault_point(enum sys_kind kind, const char *path, int fd)
{
	pthread_once(&plan_once, read_plan);
	if (plan.log_fd >= 0 && kind != SYS_ALLOC)
		log_point(kind, path, fd);
	if (!is_hit(kind))
		return FAULT_NONE;
	switch (plan.action) {
	case ACT_ERRNO:
		errno = plan.error;
		return FAULT_ERROR;
	case ACT_KILL:
		fault_after(FAULT_KILL_AFTER);
		break;
	case ACT_KILL_ALL:
		fault_after(FAULT_KILL_ALL_AFTER);
		break;
	case ACT_FAULT:
		return plan.fault;
	case ACT_NOTHING:
		break;
	}
	return FAULT_NONE;
}

void fault_after(enum fault fault)
{
	if (fault == FAULT_KILL_AFTER || fault == FAULT_KILL_ALL_AFTER)
		coverage_dump();
	/* The process, not this thread alone, and not later. */
	if (fault == FAULT_KILL_AFTER)
		kill(getpid(), SIGKILL);
	else if (fault == FAULT_KILL_ALL_AFTER)
		kill(0, SIGKILL);
	else
		return;
	for (;;)
		pause();
}

bool fault_alloc(void)
{
	int saved = errno;
	enum fault fault = fault_point(SYS_ALLOC, NULL, -1);

	fault_after(fault);
	errno = saved;
	return fault == FAULT_ERROR;
}

#endif
