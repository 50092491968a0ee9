/* Metadata providers, and the beginnings of /proc/cpuinfo of this world. */
#include "t/unit/unit.h"
#include "lib/base/strvec.h"
#include "lib/base/error.h"
#include "lib/exp/recording/meta-commands.h"
#include "lib/exp/recording/meta-cpu.h"
#include "lib/exp/recording/meta-gpu.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/record/record.h"
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

static void test_start(void)
{
	const char *const argv[] = { "true", NULL };
	const struct meta_about about = { .argv = argv };
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *git = value_new_map(), *meta = NULL;
	struct meta_run *run = NULL;
	int64_t number;

	value_map_set_str(git, "commit_hash", "0123");
	value_map_set_str(git, "branch", "main");
	check(!meta_start(&run, &about, NULL, &meta, &err), "all providers");
	meta_add_git(meta, git, "/top");
	check_str(meta->u.map.pair[0].key, "system", "in their order");
	check_str(meta->u.map.pair[5].key, "git", "git in its place");
	check_str(value_get_text(meta, "git.commit"), "0123",
		  "which comes from the code state");
	check_str(value_get_text(meta, "git.repo"), "/top", "with its top");
	check(!value_map_get(meta, "python"), "`true` is no Python");
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
	check_str(meta_notice(run), "", "nothing was held back");
	meta_finish(&run, NULL, 0);
	check(!run, "the end, though it was never begun");
	value_free(meta);

	strvec_pushl(&names, "user", "host", NULL);
	check(!meta_start(&run, &about, &names, &meta, &err) &&
	      meta->u.map.nr == 2, "two providers");
	meta_add_git(meta, git, "/top");
	check(meta->u.map.nr == 2, "git was not asked for");
	meta_finish(&run, NULL, 0);
	value_free(meta);
	strvec_push(&names, "moon");
	check(meta_start(&run, &about, &names, &meta, &err) == ERR_USAGE,
	      "an unknown one");
	check(strstr(err.buf, "'moon'") != NULL, "is named");

	strvec_clear(&names);
	strvec_push(&names, "git");
	check(!meta_start(&run, &about, &names, &meta, &err), "git alone");
	meta_add_git(meta, NULL, NULL);
	check(!meta->u.map.nr, "no repository, no git");
	meta_finish(&run, NULL, 0);
	value_free(meta);
	value_free(git);
	strvec_release(&names);
	strbuf_release(&err);
}

static void check_output(const char *text, size_t len, const char *want,
			 const char *what)
{
	struct value *value = meta_output_value(text, len);
	struct strbuf json = STRBUF_INIT;

	if (value)
		json_write(&json, value);
	check_str(value ? json.buf : NULL, want, what);
	strbuf_release(&json);
	value_free(value);
}

static void test_output(void)
{
	struct strbuf deep = STRBUF_INIT;
	struct value *value;
	int i;

	check_output("", 0, NULL, "nothing");
	check_output(" \n\n", 3, NULL, "blanks are nothing");
	check_output("a\nb\r\n\n", 6, "\"a\\nb\"", "text without its end");
	check_output("8\n", 2, "\"8\"", "a number stays text");
	check_output(" {\"a\":1}\n", 9, "{\"a\":1}", "a map");
	check_output("[1,\"x\"]", 7, "[1,\"x\"]", "a list");
	check_output("{\"a\":1", 6, "\"{\\\"a\\\":1\"", "JSON that is not");
	check_output("\377\0", 2, "{\"base64\":\"/wA=\"}", "bytes");
	for (i = 0; i < 40; i++)
		strbuf_addch(&deep, '[');
	for (i = 0; i < 40; i++)
		strbuf_addch(&deep, ']');
	check_output(deep.buf + 10, 60, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]"
		     "]]]]]]]]]]]]]]]]]]]]]]", "deep");
	check_output(deep.buf, deep.len, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		     "[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\"",
		     "too deep for a record");
	strbuf_reset(&deep);
	for (i = 0; i < 10000; i++)
		strbuf_addstr(&deep, i ? ",1" : "[1");
	strbuf_addch(&deep, ']');
	value = meta_output_value(deep.buf, deep.len);
	check(value && value->type == VALUE_TEXT, "too many for a record");
	value_free(value);
	value = meta_output_value(deep.buf + 2, 0);
	check(!value, "nothing of it");
	strbuf_release(&deep);
}

static void check_gpu(const char *text, const char *want, const char *what)
{
	struct strbuf out = STRBUF_INIT, json = STRBUF_INIT;
	struct value *value;

	strbuf_addstr(&out, text);
	value = meta_gpu_parse(&out);
	if (value)
		json_write(&json, value);
	check_str(value ? json.buf : NULL, want, what);
	value_free(value);
	strbuf_release(&out);
	strbuf_release(&json);
}

static void test_gpu(void)
{
	check_gpu("", NULL, "no card");
	check_gpu("No devices were found\n", NULL, "in words");
	check_gpu("0, GPU-1, 1024, 535.1, T4\n", "{\"driver\":\"535.1\","
		  "\"devices\":[{\"index\":0,\"uuid\":\"GPU-1\","
		  "\"memory\":1073741824,\"name\":\"T4\"}]}", "a card");
	check_gpu("0\n", "{\"devices\":[{\"index\":0}]}", "fields that lack");
	check_gpu("0, [N/A], [N/A], [N/A], [N/A]",
		  "{\"devices\":[{\"index\":0}]}", "or are not known");
	check_gpu("0, a, -5, b, c, d\n-1,x,y,z\n", "{\"driver\":\"b\","
		  "\"devices\":[{\"index\":0,\"uuid\":\"a\","
		  "\"name\":\"c, d\"}]}", "numbers that cannot be");
}

int main(void)
{
	test_cpu();
	test_start();
	test_output();
	test_gpu();
	return unit_done();
}
