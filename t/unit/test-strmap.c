#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strmap.h"
#include "t/unit/unit.h"

#define MANY 5000

static void test_few(void)
{
	struct strmap map = STRMAP_INIT;
	int one = 1, two = 2;

	check(!strmap_get(&map, "a"), "an empty map has nothing");
	check(!strmap_put(&map, "a", NULL) && !map.nr,
	      "nothing is put in by NULL");
	check(!strmap_put(&map, "a", &one) && strmap_get(&map, "a") == &one,
	      "what is put in is there");
	check(strmap_put(&map, "a", &two) == &one &&
	      strmap_get(&map, "a") == &two && map.nr == 1,
	      "another value takes its place, which is returned");
	check(!strmap_put(&map, "", &one) && strmap_get(&map, "") == &one,
	      "an empty text is a text");
	check(strmap_put(&map, "a", NULL) == &two && !strmap_get(&map, "a"),
	      "taken out it is gone");
	check(!strmap_put(&map, "a", &one) && strmap_get(&map, "a") == &one,
	      "and can come again");
	strmap_release(&map);
	check(!map.nr && !strmap_get(&map, "a"), "released it is empty");
	strmap_release(&map);
}

static void test_many(void)
{
	struct strmap map = STRMAP_INIT;
	char **key = xcalloc(MANY, sizeof(*key));
	bool good = true, order = true;
	size_t i;

	for (i = 0; i < MANY; i++) {
		key[i] = xstrfmt("key-%zu", i);
		strmap_put(&map, key[i], key[i]);
	}
	for (i = 0; i < MANY; i += 3)
		strmap_put(&map, key[i], NULL);
	for (i = 0; i < MANY; i++) {
		const char *found = strmap_get(&map, key[i]);

		good = good && found == (i % 3 ? key[i] : NULL);
		order = order && map.item[i].key == key[i];
	}
	check(good, "each of many is found, and those taken out are not");
	check(order && map.nr == MANY, "they stay in the order they came in");
	strmap_release(&map);
	for (i = 0; i < MANY; i++)
		free(key[i]);
	free(key);
}

int main(void)
{
	test_few();
	test_many();
	return unit_done();
}
