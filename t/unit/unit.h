/*
 * Unit tests in C: TAP on stdout, one line a check.
 *
 *	int main(void)
 *	{
 *		check(1 + 1 == 2, "addition");
 *		check_str(buf.buf, "text", "what it shows");
 *		return unit_done();
 *	}
 */
#ifndef T_UNIT_UNIT_H
#define T_UNIT_UNIT_H

#include "lib/base/compat.h"

static int unit_nr, unit_failed;

static void check_at(const char *file, int line, bool good, const char *what)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++unit_nr, what);
	if (!good) {
		unit_failed++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
}

#define check(cond, what) check_at(__FILE__, __LINE__, !!(cond), what)

static void UNUSED check_str_at(const char *file, int line, const char *got,
				const char *want, const char *what)
{
	bool good = got && want ? !strcmp(got, want) : got == want;

	check_at(file, line, good, what);
	if (!good)
		printf("# got:  %s\n# want: %s\n", got ? got : "(null)",
		       want ? want : "(null)");
}

#define check_str(got, want, what)                                            \
	check_str_at(__FILE__, __LINE__, (got), (want), (what))

static int unit_done(void)
{
	printf("1..%d\n", unit_nr);
	return unit_failed ? 1 : 0;
}

#endif
