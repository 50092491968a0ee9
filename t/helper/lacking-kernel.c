/*
 * lacking-kernel CALL[=ERRNO]... -- COMMAND...: runs a command where system
 * calls fail that not every kernel or file system has. ERRNO: ENOSYS (the
 * default), EINVAL, EOPNOTSUPP, EPERM, EXDEV. renameat2 fails only with flags.
 * Status 77: filters of system calls cannot be had here.
 */
#include "lib/base/compat.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/base/error.h"

#define CANNOT 77
#define MAX_RULES 16

static const struct { const char *name; long nr; } calls[] = {
	{ "renameat2", SYS_renameat2 },
	{ "openat2", SYS_openat2 },
	{ "copy_file_range", SYS_copy_file_range },
	{ "linkat", SYS_linkat },
	{ "ioctl", SYS_ioctl },
	{ "flock", SYS_flock },
	{ "readlinkat", SYS_readlinkat },
#ifdef SYS_readlink	/* newer machines have only the other one */
	{ "readlink", SYS_readlink },
#else
	{ "readlink", SYS_readlinkat },
#endif
};

static const struct { const char *name; int value; } errors[] = {
	{ "ENOSYS", ENOSYS }, { "EINVAL", EINVAL }, { "EPERM", EPERM },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "EXDEV", EXDEV },
};

static void read_rule(const char *word, long *nr, int *error)
{
	size_t len = strcspn(word, "="), i;

	*nr = -1;
	*error = word[len] ? -1 : ENOSYS;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (strlen(calls[i].name) == len &&
		    !memcmp(calls[i].name, word, len))
			*nr = calls[i].nr;
	for (i = 0; word[len] && i < ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, word + len + 1))
			*error = errors[i].value;
	if (*nr < 0 || *error < 0)
		die("cannot read '%s'", word);
}

/* Is it the call, and has it flags where that counts? Then the error. */
static size_t add_rule(struct sock_filter *code, long nr, int error)
{
	const struct sock_filter rule[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 nr == SYS_renameat2 ?
			 offsetof(struct seccomp_data, args[4]) :
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (unsigned)error),
	};

	memcpy(code, rule, sizeof(rule));
	return ARRAY_SIZE(rule);
}

int main(int argc, char **argv)
{
	struct sock_filter code[MAX_RULES * 5 + 1];
	const struct sock_filter allow =
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 0, code };
	int i, error;
	size_t len = 0;
	long nr;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (i > MAX_RULES)
			die("more than %d calls", MAX_RULES);
		read_rule(argv[i], &nr, &error);
		len += add_rule(code + len, nr, error);
	}
	if (i + 1 >= argc)
		die_status(EXIT_USAGE, "usage: lacking-kernel CALL[=ERRNO]... "
			   "-- COMMAND...");
	code[len++] = allow;
	program.len = (unsigned short)len;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return CANNOT;
	execvp(argv[i + 1], argv + i + 1);
	die("cannot run '%s'", argv[i + 1]);
}
