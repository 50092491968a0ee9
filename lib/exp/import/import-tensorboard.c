/*
 * TensorBoard: directories of event files. A file is a sequence of records
 * (length, masked CRC32C of it, bytes, masked CRC32C of them), each the message
 * Event. A directory with such files is a run; what lies below it, and
 * `train`, `validation` and their like beside one another, are its series.
 * Source: TensorFlow's documentation of TFRecord; the comments and numbers in
 * event.proto, summary.proto and tensor.proto of TensorFlow, and in
 * plugin_data.proto of TensorBoard's plugin hparams.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/protobuf-wire.h"
#include "lib/base/strvec.h"
#include "lib/exp/import/import-events.h"
#include "lib/exp/import/importing.h"
#include "lib/wrap/digest-crc32c.h"

#include <dirent.h>

#define DEPTH 16
#define MARK ".tfevents."
#define RECORD_MAX (64u << 20)

/* ---- finding ------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the event files in a directory, sorted; false: it has none. */
static bool list_events(struct strvec *names, const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d)))
		if (strstr(entry->d_name, MARK) && *entry->d_name != '.')
			strvec_push(names, entry->d_name);
	if (d)
		closedir(d);
	if (names->nr > 1)
		qsort(names->v, names->nr, sizeof(*names->v), compare_names);
	return names->nr;
}

/* Below a run whose own directory has no events, as Keras lays them. */
static bool is_part_name(const char *name)
{
	static const char *const parts[] = {
		"train", "validation", "valid", "val", "test", "eval", NULL
	};
	size_t i;

	for (i = 0; parts[i] && strcmp(parts[i], name); i++)
		;
	return parts[i];
}

static bool has_parts(struct strbuf *first, const char *path)
{
	struct strbuf part = STRBUF_INIT;
	struct strvec names = STRVEC_INIT, files = STRVEC_INIT;
	struct dirent *entry;
	DIR *d = opendir(path);
	size_t i;

	while (d && (entry = readdir(d)))
		if (is_part_name(entry->d_name))
			strvec_push(&names, entry->d_name);
	if (d)
		closedir(d);
	if (names.nr > 1)
		qsort(names.v, names.nr, sizeof(*names.v), compare_names);
	for (i = 0; i < names.nr && !files.nr; i++) {
		strbuf_reset(&part);
		strbuf_addf(&part, "%s/%s", path, names.v[i]);
		if (list_events(&files, part.buf))
			strbuf_addstr(first, files.v[0]);
	}
	strvec_release(&files);
	strvec_release(&names);
	strbuf_release(&part);
	return first->len;
}

/* A run is called by its first file, whose name has time, host and process. */
static int look_at(struct strbuf *first, const char *path,
		   struct strbuf *err UNUSED)
{
	struct strvec names = STRVEC_INIT;

	if (list_events(&names, path))
		strbuf_addstr(first, names.v[0]);
	strvec_release(&names);
	return first->len || has_parts(first, path) ? IMPORT_IS_RUN : 0;
}

static int find(struct import_entries *out, const char *dir,
		const char *without, struct strvec *problems,
		struct strbuf *err)
{
	return import_find(out, dir, without, DEPTH, look_at, problems, err);
}

/* ---- reading ------------------------------------------------------------- */

struct reading {
	struct import_sink *sink;
	const char *dir;
	struct event_reader *events;
};

static uint32_t masked(uint32_t crc)
{
	return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static uint64_t little(const unsigned char *at, size_t nr)
{
	uint64_t number = 0;

	while (nr--)
		number = number << 8 | at[nr];
	return number;
}

/* One record into `data`; 1, 0: the end, or a record that is still being
 * written, -1: damaged. */
static int next_record(FILE *in, struct strbuf *data)
{
	unsigned char head[12], foot[4];
	uint64_t len;

	if (fread(head, 1, sizeof(head), in) != sizeof(head))
		return 0;
	if (masked(crc32c(0, head, 8)) != little(head + 8, 4))
		return -1;
	len = little(head, 8);
	if (len > RECORD_MAX)
		return -1;
	strbuf_reset(data);
	strbuf_grow(data, (size_t)len);
	if (fread(data->buf, 1, (size_t)len, in) != len)
		return 0;
	strbuf_setlen(data, (size_t)len);
	if (fread(foot, 1, sizeof(foot), in) != sizeof(foot))
		return 0;
	return masked(crc32c(0, data->buf, data->len)) == little(foot, 4) ?
	       1 : -1;
}

static void read_file_of(struct reading *r, const char *path,
			 const char *series)
{
	struct strbuf data = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	FILE *in = import_open(path, &err);
	size_t nr = 0;
	int got = 0;

	if (!in) {
		import_problem(r->sink, "%s", err.buf);
		strbuf_release(&err);
		return;
	}
	while ((got = next_record(in, &data)) > 0) {
		if (!event_read(r->events, data.buf, data.len, series)) {
			got = -1;
			break;
		}
		nr++;
	}
	if (got < 0)
		import_problem(r->sink, "'%s' is damaged behind its record "
			       "%zu, so the rest of it is left out", path, nr);
	fclose(in);
	strbuf_release(&data);
}

/* Files in `path`: series by the path below the run. */
static int read_dir(const char *path, void *data)
{
	struct strbuf file = STRBUF_INIT, series = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	struct reading *r = data;
	size_t i;

	if (path[strlen(r->dir)])
		strbuf_addstr(&series, path + strlen(r->dir) + 1);
	list_events(&names, path);
	for (i = 0; i < names.nr; i++) {
		strbuf_reset(&file);
		strbuf_addf(&file, "%s/%s", path, names.v[i]);
		read_file_of(r, file.buf, series.buf);
	}
	strvec_release(&names);
	strbuf_release(&series);
	strbuf_release(&file);
	return 0;
}

static int read_run(struct import_sink *sink, const struct import_entry *entry,
		    struct strbuf *err)
{
	struct reading r = { .sink = sink, .dir = entry->dir };
	struct strvec problems = STRVEC_INIT;
	size_t i;
	int ret;

	r.events = event_reader_new(sink);
	import_comment(sink, path_basename(entry->dir));
	ret = import_walk(entry->dir, NULL, DEPTH, read_dir, &r, &problems,
			  err);
	for (i = 0; i < problems.nr; i++)
		import_problem(sink, "%s", problems.v[i]);
	if (ret == ERR_PARTLY)
		ret = 0;
	if (!ret)
		event_reader_end(r.events);
	event_reader_free(r.events);
	strvec_release(&problems);
	return ret;
}

const struct import_format import_tensorboard = {
	.name = "tensorboard",
	.help = "TensorBoard (event files)",
	.find = find,
	.read = read_run,
};
