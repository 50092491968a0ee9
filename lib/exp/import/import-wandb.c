/*
 * Folders of W&B: wandb/offline-run-DATE-ID/run-ID.wandb, a log of the message
 * Record, and files/ beside it. Also what online runs leave.
 * The log: ":W&B", 0xBEE1, version 0; then blocks of 32 KiB as in the log of
 * LevelDB, with the CRC-32 of zlib over type and data.
 * Source: LevelDB's log_format.md; sdk/internal/datastore.py and
 * proto/wandb_internal.proto of wandb.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/protobuf-wire.h"
#include "lib/exp/import/import-wandb.h"
#include "lib/exp/import/importing.h"
#include "lib/wrap/zstream.h"

#include <dirent.h>

#define DEPTH 8
#define ENDING ".wandb"
#define BLOCK 32768u
#define HEAD 7u			/* of the file, and of each piece */
#define RECORD_MAX (64u << 20)

enum { PIECE_FULL = 1, PIECE_FIRST, PIECE_MIDDLE, PIECE_LAST };

/* ---- finding ------------------------------------------------------------ */

/* The log in a directory, and the run's id in its name. W&B makes one; of
 * several it is the first by name. Returns how many there are. */
static size_t find_log(struct strbuf *path, struct strbuf *id, const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	size_t len, found = 0;

	while (d && (entry = readdir(d))) {
		len = strlen(entry->d_name);
		if (strncmp(entry->d_name, "run-", 4) ||
		    len <= 4 + strlen(ENDING) ||
		    strcmp(entry->d_name + len - strlen(ENDING), ENDING))
			continue;
		if (found++ && strcmp(entry->d_name, path_basename(path->buf)) >
			       0)
			continue;
		strbuf_reset(path);
		strbuf_reset(id);
		strbuf_addf(path, "%s/%s", dir, entry->d_name);
		strbuf_add(id, entry->d_name + 4, len - 4 - strlen(ENDING));
	}
	if (d)
		closedir(d);
	return found;
}

static int look_at(struct strbuf *id, const char *path,
		   struct strbuf *err UNUSED)
{
	struct strbuf log = STRBUF_INIT;
	bool found = find_log(&log, id, path) > 0;

	strbuf_release(&log);
	return found ? IMPORT_IS_RUN : 0;
}

static int find(struct import_entries *out, const char *dir,
		const char *without, struct strvec *problems,
		struct strbuf *err)
{
	return import_find(out, dir, without, DEPTH, look_at, problems, err);
}

/* ---- the log ------------------------------------------------------------ */

struct log {
	FILE *in;
	uint64_t at;		/* in the file */
	unsigned char piece[BLOCK];
	size_t len;
};

enum log_answer { LOG_END, LOG_PIECE, LOG_DAMAGED };

static bool log_read(struct log *l, unsigned char *out, size_t len)
{
	size_t got = fread(out, 1, len, l->in);

	l->at += got;
	return got == len;
}

/* One piece; what its writer has not finished is the end. */
static enum log_answer next_piece(struct log *l, unsigned *type)
{
	unsigned char head[HEAD], pad[HEAD];
	size_t room = BLOCK - l->at % BLOCK;
	uint32_t crc, want;
	unsigned char kind;

	if (room < HEAD && !log_read(l, pad, room))
		return LOG_END;
	if (!log_read(l, head, HEAD))
		return LOG_END;
	want = (uint32_t)head[0] | (uint32_t)head[1] << 8 |
	       (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
	l->len = (size_t)head[4] | (size_t)head[5] << 8;
	kind = head[6];
	room = BLOCK - l->at % BLOCK;
	if (l->len > room || l->len > sizeof(l->piece) || !kind ||
	    kind > PIECE_LAST)
		return LOG_DAMAGED;
	if (!log_read(l, l->piece, l->len))
		return LOG_END;
	crc = zcrc32(0, &kind, 1);
	crc = zcrc32(crc, l->piece, l->len);
	*type = kind;
	return crc == want ? LOG_PIECE : LOG_DAMAGED;
}

static enum log_answer next_record(struct log *l, struct strbuf *data)
{
	enum log_answer answer;
	unsigned type = 0;

	strbuf_reset(data);
	do {
		answer = next_piece(l, &type);
		if (answer != LOG_PIECE)
			return answer;
		if ((type == PIECE_FULL || type == PIECE_FIRST) != !data->len ||
		    data->len + l->len > RECORD_MAX)
			return LOG_DAMAGED;
		strbuf_add(data, l->piece, l->len);
		/* an empty first piece would look like none */
		if (!l->len && type != PIECE_FULL && type != PIECE_LAST)
			return LOG_DAMAGED;
	} while (type == PIECE_FIRST || type == PIECE_MIDDLE);
	return LOG_PIECE;
}

static int read_head(struct log *l, const char *path, struct strbuf *err)
{
	static const unsigned char want[] = { ':', 'W', '&', 'B', 0xe1, 0xbe };
	unsigned char head[HEAD];

	if (!log_read(l, head, HEAD) || memcmp(head, want, sizeof(want)))
		return fail(err, ERR_CONTENT, "'%s' is no log of W&B", path);
	if (head[6] > 1)
		return fail(err, ERR_CONTENT, "'%s' is a log of version %u, "
			    "which is not known here", path, head[6]);
	return 0;
}

static int read_log(struct import_sink *sink, const char *path,
		    struct strbuf *err)
{
	struct wandb_reader *reader = wandb_reader_new(sink);
	struct log *l = xcalloc(1, sizeof(*l));
	struct strbuf data = STRBUF_INIT;
	enum log_answer answer;
	size_t nr = 0;
	int ret;

	l->in = import_open(path, err);
	ret = l->in ? read_head(l, path, err) : ERR_CONTENT;
	while (!ret && (answer = next_record(l, &data)) != LOG_END) {
		if (answer == LOG_DAMAGED ||
		    !wandb_read(reader, data.buf, data.len)) {
			import_problem(sink, "'%s' is damaged behind its "
				       "record %zu, so the rest of it is left "
				       "out", path, nr);
			break;
		}
		nr++;
	}
	if (!ret)
		wandb_reader_end(reader);
	if (l->in)
		fclose(l->in);
	free(l);
	wandb_reader_free(reader);
	strbuf_release(&data);
	return ret;
}

static int read_run(struct import_sink *sink, const struct import_entry *entry,
		    struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, id = STRBUF_INIT;
	size_t nr = find_log(&path, &id, entry->dir);
	int ret;

	if (nr > 1)
		import_problem(sink, "of %zu logs only '%s' is read: each run "
			       "has a directory of its own", nr,
			       path_basename(path.buf));
	if (!nr)
		ret = fail(err, ERR_NOT_FOUND, "there is no log of a run in "
			   "'%s'", entry->dir);
	else
		ret = read_log(sink, path.buf, err);
	strbuf_reset(&path);
	strbuf_addf(&path, "%s/files", entry->dir);
	if (!ret && path_is_dir(path.buf))
		import_file(sink, path.buf, "files");
	strbuf_release(&id);
	strbuf_release(&path);
	return ret;
}

const struct import_format import_wandb = {
	.name = "wandb",
	.help = "W&B (run-ID.wandb)",
	.find = find,
	.read = read_run,
};
