#include "lib/base/compat.h"
#include "lib/exp/recording/meta-gpu.h"

#include "lib/base/path.h"

#define MAX_DEVICES 256

bool meta_gpu_command(struct strvec *argv)
{
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	bool there = !path_find_program(&path, "nvidia-smi", &why);

	if (there)
		strvec_pushl(argv, path.buf, "--query-gpu=index,uuid,"
			     "memory.total,driver_version,name",
			     "--format=csv,noheader,nounits", NULL);
	strbuf_release(&path);
	strbuf_release(&why);
	return there;
}

/* The next field up to ", " (the last one, a name, up to the line's end). */
static void next_field(const char **at, const char *end, bool last,
		       struct strbuf *out)
{
	const char *comma = last ? NULL :
		memchr(*at, ',', (size_t)(end - *at));
	const char *stop = comma ? comma : end;

	strbuf_reset(out);
	strbuf_add(out, *at, (size_t)(stop - *at));
	strbuf_trim(out);
	*at = comma ? comma + 1 : end;
}

/* "[N/A]", "[Not Supported]" and the like tell nothing. */
static void set_known(struct value *map, const char *key,
		      const struct strbuf *text)
{
	if (text->len && *text->buf != '[')
		value_map_set(map, key, value_new_text(text->buf, text->len));
}

static bool take_line(struct value *gpu, struct value *devices,
		      const char *line, size_t len)
{
	const char *at = line, *end = line + len;
	struct value *device = value_new_map();
	struct strbuf field = STRBUF_INIT;
	char *stop;
	long long number;
	bool good;

	next_field(&at, end, false, &field);
	number = strtoll(field.buf, &stop, 10);
	good = field.len && !*stop && number >= 0;
	value_map_set_int(device, "index", number);
	next_field(&at, end, false, &field);
	set_known(device, "uuid", &field);
	next_field(&at, end, false, &field);
	number = strtoll(field.buf, &stop, 10);	/* MiB */
	if (field.len && !*stop && number > 0 && number < INT64_C(1) << 30)
		value_map_set_int(device, "memory", number << 20);
	next_field(&at, end, false, &field);
	if (!value_map_get(gpu, "driver"))
		set_known(gpu, "driver", &field);
	next_field(&at, end, true, &field);
	set_known(device, "name", &field);
	if (good)
		value_list_add(devices, device);
	else
		value_free(device);
	strbuf_release(&field);
	return good;
}

struct value *meta_gpu_parse(const struct strbuf *out)
{
	struct value *gpu = value_new_map(), *devices = value_new_list();
	const char *line = out->buf;

	while (*line && devices->u.list.nr < MAX_DEVICES) {
		size_t len = strcspn(line, "\n");

		if (len && !take_line(gpu, devices, line, len))
			break;
		line += len + (line[len] == '\n');
	}
	if (!devices->u.list.nr) {
		value_free(devices);
		value_free(gpu);
		return NULL;
	}
	value_map_set(gpu, "devices", devices);
	return gpu;
}
