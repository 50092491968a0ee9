#include "lib/base/compat.h"
#include "lib/sync/copy-internal.h"

#include <sys/statvfs.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/exp/pack/pack-verify.h"
#include "lib/exp/record/record.h"
#include "lib/sync/object-sums.h"
#include "lib/sync/remote-pack.h"

/* Of a large pack: what is read ahead, and by how many requests. */
#define AHEAD_MEMORY ((size_t)12 << 20)
#define AHEAD_REQUESTS 8
#define PIECE ((size_t)1 << 20)

/* ---- reading ------------------------------------------------------------- */

static void show(struct copy_item *item, uint64_t bytes)
{
	if (item->progress)	/* the other half is told by the put */
		progress_bytes(item->progress, bytes / 2);
}

/* What the store says of it; making a checksum there may take its time. */
static int ask_sums(struct copy_pack *p, struct copy_item *item,
		    struct strbuf *err)
{
	struct remote *r = item->c->from;
	struct strbuf key = STRBUF_INIT;
	int ret;

	remote_key(r, item->name, &key);
	ret = transport_sum(r->transport, key.buf, item->from->version, false,
			    &p->sums, err);
	strbuf_release(&key);
	return ret;
}

static int get_small(struct copy_pack *p, struct copy_item *item,
		     struct object_sums *sums, struct strbuf *err)
{
	struct remote *r = item->c->from;
	struct strbuf key = STRBUF_INIT;
	int ret;

	p->buf = xmalloc(MAXIMUM((size_t)p->size, (size_t)1));
	remote_key(r, item->name, &key);
	ret = transport_read(r->transport, key.buf, item->from->version,
			     p->buf, (size_t)p->size, 0, err);
	strbuf_release(&key);
	if (ret)
		return ret;
	object_sums_add(sums, p->buf, (size_t)p->size);
	show(item, p->size);
	return 0;
}

/* A file that fills the disk is of use to nobody. */
static int check_room(const struct copy_pack *p, uint64_t held,
		      struct copy_item *item, struct strbuf *err)
{
	struct strbuf needs = STRBUF_INIT, has = STRBUF_INIT;
	struct statvfs fs;
	uint64_t room;
	int ret = 0;

	if (fstatvfs(p->fd, &fs))
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (held < p->size && p->size - held > room) {
		size_format(&needs, p->size - held);
		size_format(&has, room);
		ret = fail(err, ERR_FAILED, "'%s' needs %s more in '%s/"
			   ".resutil/copies' while it is copied, and there is "
			   "%s", item->name, needs.buf,
			   item->c->project->root, has.buf);
	}
	strbuf_release(&has);
	strbuf_release(&needs);
	return ret;
}

/* What an earlier copy fetched counts in the sum like the rest. */
static int add_held(const struct copy_pack *p, uint64_t held,
		    struct object_sums *sums, unsigned char *buf,
		    struct strbuf *err)
{
	uint64_t at = 0;

	while (p->sums.sums && at < held) {
		size_t want = (size_t)MINIMUM(held - at, (uint64_t)PIECE);
		ssize_t n = pread(p->fd, buf, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(err, ERR_FAILED, "cannot read what was "
				    "copied before: %s", n ? strerror(errno) :
				    "it ends early");
		object_sums_add(sums, buf, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

/* What stayed of it would keep the disk full. */
static int fail_to_write(struct copy_pack *p, const struct copy_item *item,
			 struct strbuf *err)
{
	p->useless = errno == ENOSPC || errno == EDQUOT;
	return fail(err, ERR_FAILED, "cannot write '%s' into "
		    "'%s/.resutil/copies': %s", item->name,
		    item->c->project->root, strerror(errno));
}

/* Appended from the first missing byte to the last one, so that its length says
 * how much of it is there. */
static int fetch_rest(struct copy_pack *p, struct copy_item *item,
		      uint64_t held, struct object_sums *sums,
		      struct strbuf *err)
{
	struct pack_range rest = { held, p->size - held };
	struct pack_source *source = remote_pack_source(item->c->from,
							item->from);
	unsigned char *buf = xmalloc(PIECE);
	uint64_t at = held;
	int ret = add_held(p, held, sums, buf, err);

	remote_pack_read_ahead(source, true, AHEAD_MEMORY, AHEAD_REQUESTS,
			       &item->c->requests);
	if (!ret && rest.len)
		pack_source_expect(source, &rest, 1);
	show(item, held);
	while (!ret && at < p->size) {
		size_t len = (size_t)MINIMUM(p->size - at, (uint64_t)PIECE);

		ret = source->read(source, buf, len, at, err);
		if (!ret && sys_pwrite_all(p->fd, buf, len, (off_t)at) < 0)
			ret = fail_to_write(p, item, err);
		if (ret)
			break;
		object_sums_add(sums, buf, len);
		at += len;
		show(item, at);
	}
	source->release(source);
	free(buf);
	return ret;
}

/* ---- checking ------------------------------------------------------------ */

/* A part of a file, which stays open. */
struct fd_source {
	struct pack_source base;
	int fd;
};

static int fd_read(struct pack_source *source, void *buf, size_t len,
		   uint64_t offset, struct strbuf *err)
{
	int fd = ((struct fd_source *)source)->fd;
	char *to = buf;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "cannot read '%s'",
					  source->name);
		if (!n)
			return fail(err, ERR_CONTENT, "'%s' ends early",
				    source->name);
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static void fd_release(struct pack_source *source)
{
	free(source);
}

static struct pack_source *source_of(const struct copy_pack *p,
				     const char *name)
{
	struct fd_source *s;
	struct pack_source *memory;

	if (p->buf) {
		memory = pack_source_memory(p->buf, (size_t)p->size);
		memory->name = name;
		return memory;
	}
	s = xcalloc(1, sizeof(*s));
	s->base.name = name;
	s->base.size = p->size;
	s->base.read = fd_read;
	s->base.release = fd_release;
	s->fd = p->fd;
	return &s->base;
}

/* The first thing that is wrong is enough. */
static void keep_first(const char *sentence, void *data)
{
	struct strbuf *first = data;

	if (!first->len)
		strbuf_addstr(first, sentence);
}

static int add_piece(const unsigned char *buf, size_t len,
		     uint64_t offset UNUSED, void *data)
{
	strbuf_add(data, buf, len);
	return 0;
}

/* So that nobody has to read it again to list it there. */
static void read_summary(struct copy_pack *out, const struct pack *p)
{
	const struct pack_entry *e = pack_find(p, RECORD_FILE);
	struct strbuf text = STRBUF_INIT;
	struct pack_reader *reader;
	struct value *record = NULL;

	if (!e || !S_ISREG(e->mode) || e->size > RECORD_MAX_BYTES)
		return;
	reader = pack_reader_new();
	if (!pack_read_entry(p, e, reader, add_piece, &text, NULL) &&
	    !record_parse(&record, text.buf, text.len, RECORD_FILE, NULL)) {
		record_normalize(record);
		out->summary = remote_summary(record);
	}
	pack_reader_free(reader);
	value_free(record);
	strbuf_release(&text);
}

static int verify(struct copy_pack *p, struct copy_item *item,
		  struct strbuf *err)
{
	struct copy *c = item->c;
	struct strbuf first = STRBUF_INIT, why = STRBUF_INIT;
	char *name = xstrfmt("%s:%s", c->from->name, item->name);
	struct pack *pack = NULL;
	int ret = pack_open(&pack, source_of(p, name), &c->options->limits,
			    &why);

	/* A large one is checked by all processors, one after the other. */
	if (!ret && !p->buf)
		gate_enter(&c->processors, 1);
	if (!ret) {
		ret = pack_verify(pack, p->buf ? 1 : 0, 0, NULL, NULL,
				  keep_first, &first, &why);
		if (!p->buf)
			gate_leave(&c->processors, 1);
	}
	if (!ret) {
		p->info = pack->info;
		read_summary(p, pack);
	} else {
		fail(err, ret, "%s", first.len ? first.buf : why.buf);
	}
	pack_close(pack);
	free(name);
	strbuf_release(&why);
	strbuf_release(&first);
	return ret;
}

/* ---- both ---------------------------------------------------------------- */

static int get_once(struct copy_pack *p, struct copy_item *item, uint64_t held,
		    struct strbuf *err)
{
	struct object_sums *sums = NULL;
	int ret = object_sums_start(&sums, p->sums.sums, err);

	if (!ret && p->fd < 0)
		ret = get_small(p, item, sums, err);
	else if (!ret)
		ret = fetch_rest(p, item, held, sums, err);
	if (!ret && !object_sums_agree(&sums, &p->sums))
		ret = fail(err, ERR_CONTENT, "'%s' was not read as '%s' says "
			   "it is: another checksum", item->name,
			   item->c->from->name);
	object_sums_drop(&sums);
	return ret ? ret : verify(p, item, err);
}

static int open_file(struct copy_pack *p, struct copy_item *item,
		     struct strbuf *err)
{
	struct copy *c = item->c;

	p->claim = copy_claim_take(c->from, c->to, item->from);
	if (!p->claim)
		return copy_unnamed(&p->fd, c->project, err);
	p->fd = copy_claim_fd(p->claim);
	return 0;
}

/* What was begun before may have been damaged here since: then the store is
 * asked for all of it, before it is said to hold something that is bad. */
static int get_large(struct copy_pack *p, struct copy_item *item,
		     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	uint64_t held;
	int ret = open_file(p, item, &why);

	held = p->claim ? copy_claim_held(p->claim) : 0;
	if (!ret)
		ret = check_room(p, held, item, &why);
	if (!ret)
		ret = get_once(p, item, held, &why);
	if (ret == ERR_CONTENT && held) {
		strbuf_reset(&why);
		ret = copy_claim_restart(p->claim, &why);
		held = 0;
		if (!ret)
			ret = get_once(p, item, 0, &why);
	}
	p->useless |= ret == ERR_CONTENT;
	if (!ret)
		item->held = held;
	else
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

int copy_get(struct copy_pack *p, struct copy_item *item, struct strbuf *err)
{
	struct copy *c = item->c;
	bool small = item->from->size <= COPY_SMALL;
	int ret;

	*p = (struct copy_pack)COPY_PACK_INIT;
	p->size = item->from->size;
	gate_enter(small ? &c->memory : &c->disk, p->size);
	ret = ask_sums(p, item, err);
	if (!ret)
		ret = small ? get_once(p, item, 0, err) :
			      get_large(p, item, err);
	if (ret)
		copy_note_gone(c, c->from, ret);
	return ret;
}

void copy_pack_release(struct copy_pack *p, struct copy_item *item, bool done)
{
	struct copy *c = item->c;

	if (p->fd >= 0 && !p->claim)
		close(p->fd);
	copy_claim_end(p->claim, done || p->useless);
	gate_leave(p->size <= COPY_SMALL ? &c->memory : &c->disk, p->size);
	free(p->buf);
	value_free(p->summary);
	object_release(&p->sums);
	*p = (struct copy_pack)COPY_PACK_INIT;
}
