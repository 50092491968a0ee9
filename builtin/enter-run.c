#include "lib/base/compat.h"
#include "builtin/enter-run.h"
#include "lib/base/error.h"

bool run_is_outside(const struct run_choice *choice)
{
	return choice->quiet && !choice->exp && !run_place_env();
}

void skip_stdin(void)
{
	char nowhere[16384];
	ssize_t len;

	do {
		len = read(0, nowhere, sizeof(nowhere));
	} while (len > 0 || (len < 0 && errno == EINTR));
}

int enter_run(struct run_place *place, const struct run_choice *choice)
{
	struct strbuf err = STRBUF_INIT;
	int ret = run_place_find(place, choice->exp, &err);

	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return exit_status_of(ret);
}
