/* A zip from anywhere: what is taken is the same by every way of reading. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/wrap/zstream.h"
#include "t/fuzz/fuzz.h"

struct sum {
	const struct pack_entry *e;
	uint64_t next;
	uint32_t crc;
};

static int add(const unsigned char *buf, size_t len, uint64_t offset,
	       void *data)
{
	struct sum *sum = data;

	MUST(len && len <= 256u << 10);
	MUST(offset == sum->next && offset + len <= sum->e->size);
	sum->next += len;
	sum->crc = zcrc32(sum->crc, buf, len);
	return 0;
}

static int read_segments(const struct pack *p, const struct pack_entry *e,
			 struct pack_reader *r)
{
	size_t nr = pack_segments(e), i;
	uint32_t *crc = xcalloc(nr, sizeof(*crc));
	int ret = 0;

	for (i = nr; i-- && !ret; ) {
		struct sum sum = { .e = e };

		if (i)
			sum.next = (uint64_t)i << e->unit_log2;
		ret = pack_read_segment(p, e, i, r, &crc[i], add, &sum, NULL);
		MUST(ret || crc[i] == sum.crc);
	}
	if (!ret)
		ret = pack_check_segments(p, e, crc, NULL);
	free(crc);
	return ret;
}

static void check_entry(const struct pack *p, const struct pack_entry *e,
			struct pack_reader *r)
{
	struct strbuf err = STRBUF_INIT;
	struct sum sum = { .e = e };
	int local, ret;

	MUST(e->path_len && strlen(e->path) == e->path_len);
	MUST(*e->path != '/' && !strstr(e->path, "//"));
	MUST(S_ISDIR(e->mode) == (e->path[e->path_len - 1] == '/'));
	MUST(pack_find(p, e->path) == e);
	MUST(e->offset < e->limit && e->limit <= p->central);

	local = pack_check_local(p, e, &err);
	MUST(!local == !err.len && (!local || local == ERR_CONTENT));
	strbuf_reset(&err);
	ret = pack_read_entry(p, e, r, add, &sum, &err);
	MUST(!ret == !err.len && (!ret || ret == ERR_CONTENT));
	MUST(!local || ret);
	MUST(ret || (sum.next == e->size && sum.crc == e->crc));
	MUST(!read_segments(p, e, r) == !ret);
	strbuf_release(&err);
}

static int check_walk(const char *path, uint32_t len,
		      const struct pack_entry *e, size_t pos, void *data)
{
	struct pack *p = data;
	char *dir;

	MUST(pos < p->nr);
	if (e) {
		MUST(&p->entry[p->by_path[pos]] == e && path == e->path);
		return 0;
	}
	MUST(len && path[len - 1] == '/');
	dir = xmemdupz(path, len - 1);
	MUST(!pack_find(p, dir) && pack_has_below(p, dir));
	free(dir);
	p->implied--;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct pack_limits limits = { 8u << 20, 1000 };
	struct strbuf err = STRBUF_INIT;
	struct pack_reader *r = NULL;
	struct pack *p = NULL;
	uint64_t size = 0;
	size_t i;
	int ret = pack_open(&p, pack_source_memory(data, len), &limits, &err);

	MUST(ret == 0 || ret == ERR_CONTENT);
	MUST((ret == 0) == (p != NULL) && (ret == 0) == (err.len == 0));
	if (p)
		r = pack_reader_new();
	for (i = 0; p && i < p->nr; i++) {
		check_entry(p, &p->entry[i], r);
		size += p->entry[i].size;
	}
	if (p) {
		MUST(size == p->size && size <= limits.max_size);
		pack_walk(p, check_walk, p);
		MUST(!p->implied);
	}
	pack_reader_free(r);
	pack_close(p);
	strbuf_release(&err);
	return 0;
}
