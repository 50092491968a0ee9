#include "lib/base/compat.h"
#include "lib/base/similar.h"
#include "t/unit/unit.h"

static const char *const commands[] = {
	"add", "init", "list", "list-exps", "log", "read-deps", "rm", "run",
	"show", "status", "version", NULL
};

static void best_is(const char *typed, const char *want)
{
	struct strvec out = STRVEC_INIT;

	similar_find(&out, typed, commands);
	check_str(out.nr ? out.v[0] : NULL, want, typed);
	check(out.nr <= 5, "at most five");
	strvec_release(&out);
}

int main(void)
{
	check(similar_distance("same", "same") == 0, "the same");
	check(similar_distance("shwo", "show") == 1, "two letters swapped");
	check(similar_distance("stats", "status") == 1, "one left out");
	check(similar_distance("showx", "show") == 2, "one too many");
	check(similar_distance("shou", "show") == 2, "one wrong");
	check(similar_distance("", "abc") == 3, "nothing typed");
	check(similar_distance("ab", "") == 4, "nothing meant");
	best_is("shwo", "show");
	best_is("stats", "status");
	best_is("lsit", "list");
	best_is("ls", "list");
	best_is("lg", "log");
	best_is("rn", "run");
	best_is("read-dpes", "read-deps");
	best_is("ver", "version");
	best_is("push", NULL);
	best_is("xyzzy", NULL);
	best_is("z", NULL);
	best_is("", NULL);
	return unit_done();
}
