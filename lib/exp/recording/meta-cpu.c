#include "lib/base/compat.h"
#include <sys/sysinfo.h>
#include "lib/base/strbuf.h"
#include "lib/exp/recording/meta-cpu.h"

/* The first processor's lines up to the long list of flags; the kernel makes
 * the text as it is read, so reading less asks fewer processors. */
#define CPUINFO_BYTES 1024

/* Finds "KEY<blanks>: VALUE" among the lines before the first empty one. */
static bool find_line(struct strbuf *out, const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *line = text;

	while (*line && *line != '\n') {
		size_t size = strcspn(line, "\n");
		size_t skip = len;

		/* a line that is cut off by the end of the text is not whole */
		if (!line[size])
			return false;
		if (size > len)
			skip += strspn(line + len, " \t");
		if (skip < size && !strncmp(line, key, len) &&
		    line[skip] == ':') {
			strbuf_reset(out);
			strbuf_add(out, line + skip + 1, size - skip - 1);
			strbuf_trim(out);
			return out->len > 0;
		}
		line += size + 1;
	}
	return false;
}

static int64_t find_number(const char *text, const char *key)
{
	struct strbuf value = STRBUF_INIT;
	int64_t number = 0;

	if (find_line(&value, text, key))
		number = strtoll(value.buf, NULL, 10);
	strbuf_release(&value);
	return number > 0 && number < 1 << 20 ? number : 0;
}

struct value *meta_cpu_parse(const char *text, int64_t logical)
{
	/* x86 and s390; ARM has no such line, POWER, RISC-V and MIPS others */
	static const char *const keys[] = {
		"model name", "cpu model", "uarch", "cpu"
	};
	int64_t siblings = find_number(text, "siblings");
	int64_t cores = find_number(text, "cpu cores");
	struct value *map = value_new_map();
	struct strbuf model = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (find_line(&model, text, keys[i])) {
			value_map_set(map, "model",
				      value_new_text(model.buf, model.len));
			break;
		}
	if (logical > 0)
		value_map_set_int(map, "logical", logical);
	/* Threads per core are the same for all sockets of such machines. */
	if (logical > 0 && siblings && cores && cores <= siblings &&
	    logical * cores / siblings > 0)
		value_map_set_int(map, "physical", logical * cores / siblings);
	strbuf_release(&model);
	return map;
}

struct value *meta_cpu(void)
{
	char text[CPUINFO_BYTES + 1] = "";
	struct value *map;
	struct sysinfo info;
	ssize_t got;
	int fd;

	fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, text, CPUINFO_BYTES);
		text[got > 0 ? got : 0] = '\0';
		close(fd);
	}
	map = meta_cpu_parse(text, sysconf(_SC_NPROCESSORS_ONLN));
	if (!sysinfo(&info))
		value_map_set_int(map, "memory",
				  (int64_t)info.totalram * info.mem_unit);
	return map;
}
