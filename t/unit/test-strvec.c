#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "t/unit/unit.h"

static void test_pushing(void)
{
	static const char *const more[] = { "d", "e", NULL };
	struct strvec vec = STRVEC_INIT;
	size_t i;

	check(!vec.v[0], "an empty list ends in NULL");
	strvec_push(&vec, "a");
	strvec_pushf(&vec, "%s%d", "b", 2);
	strvec_pushn(&vec, "cxx", 1);
	strvec_pushv(&vec, more);
	strvec_pushl(&vec, "f", "g", NULL);
	check(vec.nr == 7 && !vec.v[7], "seven strings and NULL");
	check_str(vec.v[1], "b2", "a formatted one");
	check_str(vec.v[2], "c", "a cut one");
	check_str(vec.v[6], "g", "the last one");
	strvec_remove(&vec, 0);
	check(vec.nr == 6 && !vec.v[6], "one is taken out");
	check_str(vec.v[0], "b2", "and the rest moves up");
	strvec_clear(&vec);
	check(!vec.nr && !vec.v[0], "cleared");
	for (i = 0; i < 1000; i++)
		strvec_pushf(&vec, "%zu", i);
	check(vec.nr == 1000 && !vec.v[1000] && !strcmp(vec.v[999], "999"),
	      "a thousand");
	strvec_release(&vec);
}

static void test_sorting(void)
{
	struct strvec vec = STRVEC_INIT;

	strvec_sort(&vec, true);
	check(strvec_find(&vec, "a") == -1, "nothing is in an empty list");
	strvec_pushl(&vec, "b", "\303\251", "a", "b", "B", "a", "b", NULL);
	strvec_sort(&vec, false);
	check(vec.nr == 7 && !strcmp(vec.v[0], "B") &&
	      !strcmp(vec.v[6], "\303\251"), "sorted by bytes");
	strvec_sort(&vec, true);
	check(vec.nr == 4 && !vec.v[4], "equal neighbours become one");
	check(strvec_find(&vec, "B") == 0 && strvec_find(&vec, "b") == 2 &&
	      strvec_find(&vec, "\303\251") == 3, "each is found");
	check(strvec_from(&vec, "A", 1) == 0 &&
	      strvec_from(&vec, "a", 1) == 1 &&
	      strvec_from(&vec, "bx", 1) == 2 &&
	      strvec_from(&vec, "bx", 2) == 3 &&
	      strvec_from(&vec, "\377", 1) == vec.nr,
	      "what begins so is found, or where it would be");
	check(strvec_find(&vec, "") == -1 && strvec_find(&vec, "bb") == -1 &&
	      strvec_find(&vec, "zz\377") == -1, "nothing else is");
	strvec_release(&vec);
}

int main(void)
{
	test_pushing();
	test_sorting();
	return unit_done();
}
