/* Metadata providers, and the beginnings of /proc/cpuinfo of this world. */
#include "t/unit/unit.h"
#include "lib/base/strvec.h"
#include "lib/base/error.h"
#include "lib/exp/meta-cpu.h"
#include "lib/exp/meta.h"
#include "lib/exp/record.h"
#include "lib/wrap/json.h"

static void check_cpu(const char *text, int64_t logical, const char *want,
		      const char *what)
{
	struct value *map = meta_cpu_parse(text, logical);
	struct strbuf json = STRBUF_INIT;

	json_write(&json, map);
	check_str(json.buf, want, what);
	strbuf_release(&json);
	value_free(map);
}

static void test_cpu(void)
{
	check_cpu("processor\t: 0\nmodel\t\t: 207\n"
		  "model name\t: A  B @ 2 GHz\nsiblings\t: 8\n"
		  "cpu cores\t: 4\n\nprocessor\t: 1\n", 16,
		  "{\"model\":\"A  B @ 2 GHz\",\"logical\":16,\"physical\":8}",
		  "x86 with two threads a core on two sockets");
	check_cpu("processor\t: 0\nBogoMIPS\t: 50.00\n\n", 4,
		  "{\"logical\":4}", "ARM does not say");
	check_cpu("cpu\t\t: POWER9, altivec supported\n\n", 8,
		  "{\"model\":\"POWER9, altivec supported\",\"logical\":8}",
		  "POWER");
	check_cpu("model name\t: cut of", 2, "{\"logical\":2}",
		  "a line that is cut off is no line");
	check_cpu("siblings\t: 0\ncpu cores\t: 99999999999999999999\n", 1,
		  "{\"logical\":1}", "numbers that cannot be");
	check_cpu("", 0, "{}", "nothing is known");
	check_cpu("\nmodel name\t: x\n", 0, "{}", "only the first processor");
}

static void test_collect(void)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *git = value_new_map(), *meta;
	int64_t number;

	value_map_set_str(git, "commit_hash", "0123");
	value_map_set_str(git, "branch", "main");
	check(!meta_collect(&meta, NULL, git, &err), "all providers");
	check(meta->u.map.nr >= 6, "at least those of every machine");
	check_str(meta->u.map.pair[0].key, "system", "in their order");
	check_str(value_get_text(meta, "git.commit"), "0123",
		  "git comes from the code state");
	check(value_get_int(meta, "process.pid", &number) &&
	      number == getpid(), "this process");
	check(value_get_int(meta, "process.start", &number) && number > 0,
	      "with its start");
	check_str(value_get_text(meta, "host.boot_id"), record_boot_id(),
		  "and the kernel's");
	check(value_get_int(meta, "cpu.memory", &number) && number > 1 << 20,
	      "memory in bytes");
	check(strstr(value_get_text(meta, "system.platform"), "-with-glibc") !=
	      NULL, "platform as Python says it");
	value_free(meta);

	strvec_pushl(&names, "user", "host", NULL);
	check(!meta_collect(&meta, &names, git, &err) && meta->u.map.nr == 2,
	      "two providers");
	value_free(meta);
	strvec_push(&names, "moon");
	check(meta_collect(&meta, &names, git, &err) == ERR_USAGE && !meta,
	      "an unknown one");
	check(strstr(err.buf, "'moon'") != NULL, "is named");

	strvec_clear(&names);
	strvec_push(&names, "git");
	value_map_remove(git, "commit_hash");
	value_map_remove(git, "branch");
	check(!meta_collect(&meta, &names, git, &err) && !meta->u.map.nr,
	      "no repository, no git");
	value_free(meta);
	value_free(git);
	strvec_release(&names);
	strbuf_release(&err);
}

int main(void)
{
	test_cpu();
	test_collect();
	return unit_done();
}
