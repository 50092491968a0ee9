#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/proc-env.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

int main(void)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT, mine = STRBUF_INIT;
	struct strbuf part = STRBUF_INIT;
	siginfo_t ended;
	pid_t pid;
	char byte = 'x';

	strbuf_addf(&mine, "RESUTIL_TEST_MARK=%ld", (long)getpid());
	check(!proc_env_find(mine.buf), "nobody has it");
	/* set later, it is not what a program began with */
	setenv("RESUTIL_TEST_MARK", mine.buf + strlen("RESUTIL_TEST_MARK="),
	       1);
	check(!proc_env_find(mine.buf), "nor have we");
	child.in = -1;	/* it lives until that is closed */
	child.out = -1;
	strvec_push(&child.args, "cat");
	if (start_command(&child, &err))
		die("%s", err.buf);
	pid = child.pid;
	/* spawned is not yet begun: execve() lets us go on before the kernel
	 * has the new environment in place */
	if (write(child.in, &byte, 1) != 1 || read(child.out, &byte, 1) != 1)
		die("cat does not answer");
	check(proc_env_find(mine.buf) == pid, "a child is found");
	strbuf_addf(&part, "%sx", mine.buf);
	check(!proc_env_find(part.buf), "by all of the text");
	strbuf_setlen(&part, part.len - 2);
	check(!proc_env_find(part.buf), "and no part of it");
	kill(pid, SIGKILL);
	/* it is there until somebody asks how it ended */
	while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT) &&
	       errno == EINTR)
		;
	check(!proc_env_find(mine.buf), "one that is dead is none");
	close(child.in);
	close(child.out);
	finish_command(&child);
	strbuf_release(&part);
	strbuf_release(&mine);
	strbuf_release(&err);
	return unit_done();
}
