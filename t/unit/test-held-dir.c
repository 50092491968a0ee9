#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/recording/held-dir.h"
#include "t/unit/unit.h"

static char root[] = "/tmp/unit-held-dir-XXXXXX";

static char *below(const char *sub)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s", root, sub);
	return strbuf_detach(&path, NULL);
}

static void check_path(int held, const char *want, const char *what)
{
	struct strbuf path = STRBUF_INIT;

	check(held_dir_path(held, &path), what);
	check_str(path.buf, want, what);
	strbuf_release(&path);
}

static void test_moved(void)
{
	char *first = below("first"), *second = below("second (deleted)");
	int held;

	mkdir(first, 0777);
	held = held_dir_open(first);
	check(held >= 0, "a directory is held");
	check(held_dir_is_at(held, first), "it is where it was");
	check_path(held, first, "its path");
	rename(first, second);
	mkdir(first, 0777);
	check(!held_dir_is_at(held, first), "another one in its place is not");
	check(held_dir_is_at(held, second), "it is where it was moved to");
	check_path(held, second, "a name that ends as the kernel speaks");
	rmdir(second);
	check(!held_dir_is_at(held, second), "it is gone");
	check_path(held, second, "the last path of one that is gone");
	close(held);
	rmdir(first);
	free(first);
	free(second);
}

static void test_none(void)
{
	struct strbuf path = STRBUF_INIT;
	char *none = below("none");
	int held = held_dir_open(none);

	check(held < 0, "what is not there cannot be held");
	check(!held_dir_is_at(held, root), "and is nowhere");
	check(!held_dir_path(held, &path) && !path.len, "and has no path");
	strbuf_release(&path);
	free(none);
}

static void test_removed(void)
{
	struct value *record = value_new_map();
	int64_t revision = 0;

	check(held_dir_is_being_removed("/r/.aapfup_20240704T191555_a.12.rm"),
	      "a name that rm gives");
	check(!held_dir_is_being_removed("/r/aapfup_20240704T191555_a"),
	      "that of an experiment");
	held_dir_raise_revision(record);
	check(value_get_int(record, "revision", &revision) &&
	      revision > 1000000, "a record without a revision gets one");
	value_map_set_int(record, "revision", INT64_MAX);
	held_dir_raise_revision(record);
	check(value_get_int(record, "revision", &revision) &&
	      revision == INT64_MAX, "there is none above the highest");
	value_free(record);
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	test_moved();
	test_none();
	test_removed();
	rmdir(root);
	return unit_done();
}
