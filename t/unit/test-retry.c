#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "transport/transport.h"
#include "transport/transport-ops.h"
#include "t/unit/unit.h"

#include <pthread.h>

/* ---- a store of one object that does what it is told -------------------- */

struct fake {
	struct transport base;
	char bytes[64];
	size_t len;		/* SIZE_MAX: no object */
	unsigned version;
	const char *plan;	/* a letter a request: see answer() */
	char log[64];		/* a letter a request */
	size_t nr;
};

static struct fake *fake_of(struct transport *t)
{
	return (struct fake *)t;
}

/*
 * t: fails for now; l: done, and the answer is lost; h: half of it; r: done by
 * somebody else first; e: refused; anything else, or the end: done.
 */
static char answer(struct transport *t, char request)
{
	struct fake *f = fake_of(t);
	char now = strlen(f->plan) > f->nr ? f->plan[f->nr] : '.';

	f->log[f->nr++] = request;
	f->log[f->nr] = '\0';
	return now;
}

static void set(struct fake *f, const char *text)
{
	f->len = strlen(text);
	memcpy(f->bytes, text, f->len);
	f->version++;
}

static int fake_list(struct transport *t, const char *prefix UNUSED,
		     unsigned flags UNUSED, struct strbuf *cursor, object_fn fn,
		     void *data, struct strbuf *err)
{
	struct object o = { .key = (char *)"k", .version = (char *)"1" };

	if (answer(t, 'L') == 't')
		return fail(err, ERR_TRANSIENT, "not now");
	/* Two pages of one object. */
	if (cursor->len)
		strbuf_reset(cursor);
	else
		strbuf_addstr(cursor, "second");
	return fn(&o, data);
}

static int fake_stat(struct transport *t, const char *key, struct object *out,
		     struct strbuf *err)
{
	struct fake *f = fake_of(t);

	if (answer(t, 'S') == 't')
		return fail(err, ERR_TRANSIENT, "not now");
	if (f->len == SIZE_MAX)
		return fail(err, ERR_NOT_FOUND, "nothing");
	object_release(out);
	memset(out, 0, sizeof(*out));
	strvec_init(&out->meta);
	out->key = xstrdup(key);
	out->version = xstrfmt("%u", f->version);
	out->size = f->len;
	return 0;
}

static int fake_get(struct transport *t, const char *key UNUSED,
		    const struct object_range *r,
		    const struct object_sink *sink, struct strbuf *version,
		    struct strbuf *err)
{
	struct fake *f = fake_of(t);
	char now = answer(t, 'G'), is[16];
	size_t len;
	int ret;

	if (now == 't')
		return fail(err, ERR_TRANSIENT, "not now");
	snprintf(is, sizeof(is), "%u", f->version);
	if (r->version && strcmp(r->version, is))
		return fail(err, ERR_CONFLICT, "another version");
	if (version) {
		strbuf_reset(version);
		strbuf_addstr(version, is);
	}
	len = MINIMUM(r->len, f->len - r->offset);
	if (now == 'h' || now == 'r')
		len /= 2;
	ret = sink->write(sink->data, f->bytes + r->offset, len, err);
	if (now == 'r')
		set(f, "replaced");
	if (!ret && (now == 'h' || now == 'r'))
		ret = fail(err, ERR_TRANSIENT, "not now");
	return ret;
}

static int fake_put(struct transport *t, const struct put_request *r,
		    struct object *out, struct strbuf *err)
{
	struct fake *f = fake_of(t);
	char now = answer(t, 'P'), is[16], buf[64];
	size_t got;
	int ret = 0;

	snprintf(is, sizeof(is), "%u", f->version);
	if (now == 't' || now == 'e')
		return fail(err, now == 't' ? ERR_TRANSIENT : ERR_CREDENTIALS,
			    "not now");
	if (r->source->open)
		ret = r->source->open(r->source, 0, err);
	if (!ret)
		ret = r->source->read(r->source, buf, sizeof(buf) - 1, &got,
				      err);
	if (ret)
		return ret;
	buf[got] = '\0';
	if (now == 'r') {
		set(f, "somebody else's");
		return fail(err, ERR_TRANSIENT, "answer lost");
	}
	if ((r->expect == EXPECT_ABSENT && f->len != SIZE_MAX) ||
	    (r->expect == EXPECT_VERSION &&
	     (f->len == SIZE_MAX || strcmp(is, r->version))))
		return fail(err, ERR_CONFLICT, "not as expected");
	set(f, buf);
	if (now == 'l')
		return fail(err, ERR_TRANSIENT, "answer lost");
	f->nr--;	/* the stat is no request */
	ret = out ? fake_stat(t, r->key, out, err) : 0;
	if (!out)
		f->nr++;
	f->log[f->nr - 1] = 'P';
	return ret;
}

static int fake_remove(struct transport *t, const char *key UNUSED,
		       const char *version UNUSED, struct strbuf *err)
{
	struct fake *f = fake_of(t);
	char now = answer(t, 'R');

	if (now == 't')
		return fail(err, ERR_TRANSIENT, "not now");
	if (f->len == SIZE_MAX)
		return fail(err, ERR_NOT_FOUND, "nothing");
	f->len = SIZE_MAX;
	return now == 'l' ? fail(err, ERR_TRANSIENT, "answer lost") : 0;
}

static void fake_release(struct transport *t UNUSED)
{
}

/*
 * A letter of the plan for each key: t: that one fails for now; e: it is
 * refused; a: the call ends before it, for now.
 */
static int fake_remove_many(struct transport *t, const struct strvec *keys,
			    removed_fn fn, void *data, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < keys->nr && !ret; i++) {
		char now = answer(t, keys->v[i][0]);

		if (now == 'a')
			return fail(err, ERR_TRANSIENT, "not now");
		ret = fn(keys->v[i], now == 't' ? ERR_TRANSIENT :
			 now == 'e' ? ERR_CREDENTIALS : 0,
			 now == 't' || now == 'e' ? "why" : "", data);
	}
	return ret;
}

static const struct transport_ops fake_ops = {
	.type = "fake", .list = fake_list, .stat = fake_stat, .get = fake_get,
	.put = fake_put, .remove = fake_remove,
	.remove_many = fake_remove_many, .release = fake_release,
};

static struct fake fake;
static struct strbuf err = STRBUF_INIT;

/* `text` is there, or (NULL) nothing. */
static struct transport *begin_with(const char *plan, const char *text,
				    unsigned patience)
{
	struct transport_config c = { .patience = patience };

	memset(&fake, 0, sizeof(fake));
	fake.base.ops = &fake_ops;
	fake.base.url = (char *)"fake:";
	fake.version = 7;
	fake.plan = plan;
	fake.len = SIZE_MAX;
	if (text)
		set(&fake, text);
	strbuf_reset(&err);
	return transport_with_retry(&fake.base, &c);
}

static struct transport *begin(const char *plan, const char *text)
{
	return begin_with(plan, text, 20);
}

/* ---- the tests ---------------------------------------------------------- */

static int add_byte(void *data, const void *buf, size_t len,
		    struct strbuf *e UNUSED)
{
	strbuf_add(data, buf, len);
	return 0;
}

static int refuse(void *data UNUSED, const void *buf UNUSED, size_t len UNUSED,
		  struct strbuf *e)
{
	return fail(e, ERR_TRANSIENT, "the sink is full");
}

static void test_get(void)
{
	struct object_range range = { 1, 8, NULL };
	struct strbuf got = STRBUF_INIT, version = STRBUF_INIT;
	struct object_sink sink = { add_byte, &got };
	struct object_sink full = { refuse, NULL };
	struct transport *t = begin("thth", "0123456789");

	check(!transport_get(t, "k", &range, &sink, &version, &err) &&
	      !strcmp(got.buf, "12345678"), "get goes on behind what came");
	check_str(fake.log, "GGGGG", "in as many requests as it took");
	check_str(version.buf, "8", "and tells the version");
	check_str(err.buf, "", "and nothing of what failed");
	transport_close(t);

	t = begin("r", "0123456789");
	strbuf_reset(&got);
	check(transport_get(t, "k", &range, &sink, NULL, &err) ==
	      ERR_CONFLICT && !strcmp(got.buf, "1234"),
	      "what was replaced meanwhile is not mixed");
	transport_close(t);

	t = begin("", "0123456789");
	check(transport_get(t, "k", &range, &full, NULL, &err) ==
	      ERR_TRANSIENT && !strcmp(err.buf, "the sink is full") &&
	      fake.nr == 1, "a sink that fails is not asked again");
	transport_close(t);
	strbuf_release(&got);
	strbuf_release(&version);
}

static int put(struct transport *t, enum put_expect expect,
	       const char *version, bool again, const char *text,
	       struct object *out)
{
	struct put_memory source;
	struct put_request r = { .key = "k", .expect = expect,
				 .version = version };

	put_memory_init(&source, text, strlen(text));
	if (!again)
		source.source.open = NULL;
	r.source = &source.source;
	return transport_put(t, &r, out, &err);
}

static void check_put(const char *plan, const char *there,
		      enum put_expect expect, const char *version,
		      const char *text, int code, const char *log,
		      const char *left, const char *what)
{
	struct object out = OBJECT_INIT;
	struct transport *t = begin(plan, there);
	int ret = put(t, expect, version, true, text, &out);

	fake.bytes[fake.len == SIZE_MAX ? 0 : fake.len] = '\0';
	check(ret == code && (ret ? err.len > 0 : !err.len) &&
	      !strchr(err.buf, '\n'), what);
	check_str(fake.log, log, "  requests");
	check_str(fake.bytes, left, "  what is there");
	if (!ret)
		check(out.size == strlen(text) &&
		      strtoul(out.version, NULL, 10) == fake.version,
		      "  size and version of it are told");
	transport_close(t);
	object_release(&out);
}

static int bad_read(struct put_source *s UNUSED, void *buf UNUSED,
		    size_t len UNUSED, size_t *got UNUSED, struct strbuf *e)
{
	return fail(e, ERR_TRANSIENT, "the source is dry");
}

static int good_open(struct put_source *s UNUSED, uint64_t offset UNUSED,
		     struct strbuf *e UNUSED)
{
	return 0;
}

static void test_put(void)
{
	struct put_source bad = { 4, good_open, bad_read };
	struct put_request r = { .key = "k", .source = &bad };
	struct transport *t;

	check_put("tt", NULL, EXPECT_ANY, NULL, "new", 0, "PPP", "new",
		  "put is tried again");
	check_put("l", NULL, EXPECT_ANY, NULL, "new", 0, "PP", "new",
		  "put of anything is the same twice");
	check_put("l", NULL, EXPECT_ABSENT, NULL, "new", 0, "PSG", "new",
		  "a lost answer of a creation is found out");
	check_put("lt", NULL, EXPECT_ABSENT, NULL, "new", 0, "PSSG", "new",
		  "also when looking fails");
	check_put("lt.h", NULL, EXPECT_ABSENT, NULL, "new", 0, "PSSGSG", "new",
		  "also when reading fails");
	check_put("t", NULL, EXPECT_ABSENT, NULL, "new", 0, "PSP", "new",
		  "a creation that never happened is made");
	check_put("r", NULL, EXPECT_ABSENT, NULL, "somebody also's",
		  ERR_CONFLICT, "PSGPSG", "somebody else's",
		  "another's of the same size is a conflict");
	check_put("r...t", NULL, EXPECT_ABSENT, NULL, "somebody also's",
		  ERR_CONFLICT, "PSGPSSGPSG", "somebody else's",
		  "also when looking fails then");
	check_put("r", NULL, EXPECT_ABSENT, NULL, "new", ERR_CONFLICT,
		  "PSPS", "somebody else's", "another's is a conflict");
	check_put("l", "old", EXPECT_VERSION, "8", "new", 0, "PSG", "new",
		  "a lost answer of a replacement is found out");
	check_put("t", "old", EXPECT_VERSION, "8", "new", 0, "PSP", "new",
		  "a replacement that never happened is made");
	check_put("", "old", EXPECT_VERSION, "3", "old", ERR_CONFLICT, "P",
		  "old", "a conflict at once is one, whatever is there");
	check_put("te", NULL, EXPECT_ABSENT, NULL, "new", 0, "PSP", "new",
		  "only the tries count");
	check_put("t.e", NULL, EXPECT_ABSENT, NULL, "new", ERR_CREDENTIALS,
		  "PSP", "", "what is refused is not tried again");
	check_put("", NULL, EXPECT_ABSENT, NULL, "", 0, "P", "",
		  "nothing can be put");
	check_put("l", NULL, EXPECT_ABSENT, NULL, "", 0, "PSG", "",
		  "and be found out");

	t = begin("t", NULL);
	check(put(t, EXPECT_ANY, NULL, false, "new", NULL) ==
	      ERR_UNREACHABLE && fake.nr == 1,
	      "what can be read once is put once");
	transport_close(t);
	t = begin("", NULL);
	check(transport_put(t, &r, NULL, &err) == ERR_TRANSIENT &&
	      fake.nr == 1 && !strcmp(err.buf, "the source is dry"),
	      "a source that fails is not asked again");
	transport_close(t);
}

static int stop_at_second(const struct object *o UNUSED, void *data)
{
	return ++*(int *)data == 2 ? ERR_TRANSIENT : 0;
}

static void test_others(void)
{
	struct object o = OBJECT_INIT;
	struct transport *t;
	int calls = 0;

	t = begin("t.tt", NULL);
	check(transport_list(t, "", 0, stop_at_second, &calls, &err) ==
	      ERR_TRANSIENT && calls == 2 && !strcmp(fake.log, "LLLLL"),
	      "each page is asked for again, and the caller's word is final");
	transport_close(t);
	t = begin("l", "x");
	check(!transport_remove(t, "k", NULL, &err) && fake.nr == 2 &&
	      !err.len, "a lost answer of a removal is found out");
	transport_close(t);
	t = begin("", NULL);
	check(transport_remove(t, "k", NULL, &err) == ERR_NOT_FOUND &&
	      fake.nr == 1, "but what was not there is not found");
	transport_close(t);
	t = begin("ttt", "x");
	check(!transport_stat(t, "k", &o, &err) && o.size == 1 &&
	      fake.nr == 4, "stat is tried again");
	transport_close(t);
	object_release(&o);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int tell_removed(const char *key, int code, const char *message,
			void *data)
{
	strbuf_addf(data, "%s%d%s ", key, -code, message);
	return 0;
}

static void check_many(const char *plan, unsigned patience, int want,
		       const char *log, const char *told, const char *what)
{
	static const char *const names[] = { "a", "b", "c", "d", NULL };
	struct transport *t = begin_with(plan, NULL, patience);
	struct strvec keys = STRVEC_INIT;
	struct strbuf said = STRBUF_INIT;
	int ret;

	strvec_pushv(&keys, names);
	ret = transport_remove_many(t, &keys, tell_removed, &said, &err);
	check(ret == want && (ret != 0) == (err.len != 0), what);
	check_str(fake.log, log, "... asking for what is left");
	check_str(said.buf, told, "... telling each once");
	transport_close(t);
	strvec_release(&keys);
	strbuf_release(&said);
}

static void test_many(void)
{
	check_many("", 20, 0, "abcd", "a0 b0 c0 d0 ", "many are removed");
	check_many(".t.t", 20, 0, "abcdbd", "a0 c0 b0 d0 ",
		   "those that failed for now are removed again");
	check_many(".e.tt", 20, 0, "abcddd", "a0 b3why c0 d0 ",
		   "what was refused is told");
	check_many("..a", 20, 0, "abccd", "a0 b0 c0 d0 ",
		   "a call that ended early is gone on with");
	check_many(".t", 0, 0, "abcd", "a0 c0 d0 b4why ",
		   "what never works is told at the end");
	check_many(".a", 0, ERR_UNREACHABLE, "ab", "a0 ",
		   "or why the rest was not tried");
}

static void test_patience(void)
{
	struct again again;
	double begun = now(), passed;
	unsigned tries = 0;
	int ret;

	strbuf_reset(&err);
	again_init(&again, 1);
	do {
		ret = fail(&again.why, ERR_TRANSIENT, "no answer");
		tries++;
	} while (again_wait(&again, ret));
	passed = now() - begun;
	check(again_end(&again, ret, &err) == ERR_UNREACHABLE,
	      "patience ends");
	check(passed >= 0.9 && passed < 10, "when it should");
	check(tries > 3 && tries < 1000, "after some tries");
	check_str(err.buf, "no answer (tried again for 1 s)", "and says so");

	strbuf_reset(&err);
	again_init(&again, 0);
	ret = fail(&again.why, ERR_TRANSIENT, "no answer");
	check(!again_wait(&again, ret) &&
	      again_end(&again, ret, &err) == ERR_UNREACHABLE &&
	      !strcmp(err.buf, "no answer"), "none at all: one try");
}

static void *bring_back(void *data UNUSED)
{
	const struct timespec pause = { .tv_nsec = 300000000 };

	nanosleep(&pause, NULL);
	if (rename("away", "store"))
		abort();
	return NULL;
}

static void test_vanishing(void)
{
	struct value *config = value_new_map();
	struct transport_config c = { .type = "dir", .config = config,
				      .patience = 20 };
	struct transport *t = NULL;
	struct strbuf text = STRBUF_INIT;
	struct object o = OBJECT_INIT;
	pthread_t thread = 0;

	strbuf_reset(&err);
	value_map_set_str(config, "path", "store");
	check(!mkdir("store", 0777) && !transport_open(&t, &c, &err) &&
	      !put(t, EXPECT_ABSENT, NULL, true, "text", &o),
	      "a store that is there");
	check(!rename("store", "away") &&
	      !pthread_create(&thread, NULL, bring_back, NULL) &&
	      !transport_stat(t, "k", &o, &err) && o.size == 4,
	      "one that vanishes and comes back is waited for");
	pthread_join(thread, NULL);
	check(!rename("store", "away") &&
	      !pthread_create(&thread, NULL, bring_back, NULL) &&
	      !put(t, EXPECT_VERSION, o.version, true, "new text", &o),
	      "by a put, too");
	pthread_join(thread, NULL);
	transport_close(t);
	c.patience = 1;
	check(!transport_open(&t, &c, &err) &&
	      !transport_stat(t, "k", &o, &err) && !rename("store", "away") &&
	      transport_stat(t, "k", &o, &err) == ERR_UNREACHABLE &&
	      strstr(err.buf, "make it, or mount") &&
	      strstr(err.buf, "tried again for 1 s"),
	      "but not for ever");
	transport_close(t);
	object_release(&o);
	strbuf_release(&text);
	value_free(config);
}

/* ---- copies whose answer was lost ---------------------------------------- */

/* Two objects of one size; sums[0] and sums[1] are those of "a" and "b". */
static uint32_t two_sums[2];
static unsigned two_known, two_calls;
static bool two_meta;

static int two_stat(struct transport *t UNUSED, const char *key,
		    struct object *out, struct strbuf *e UNUSED)
{
	out->key = xstrdup(key);
	out->version = xstrdup(*key == 'b' ? "2" : "1");
	out->size = 5;
	out->sums = two_known;
	out->crc32c = two_sums[*key == 'b'];
	if (two_meta)
		strvec_pushf(&out->meta, "id=%u", two_sums[*key == 'b']);
	return 0;
}

static int two_copy(struct transport *t UNUSED, const char *from UNUSED,
		    const char *to UNUSED, const char *version UNUSED,
		    struct strbuf *e)
{
	return two_calls++ ? fail(e, ERR_CONFLICT, "it is there") :
			     fail(e, ERR_TRANSIENT, "answer lost");
}

static const struct transport_ops two_ops = {
	.type = "two", .caps = TRANSPORT_CAN_COPY, .stat = two_stat,
	.copy = two_copy, .release = fake_release,
};

static int copy_again(const char *to, unsigned known, uint32_t a, uint32_t b)
{
	struct transport inner = { .ops = &two_ops, .caps = two_ops.caps,
				   .url = (char *)"two:" };
	struct transport_config c = { .patience = 20 };
	struct transport *t = transport_with_retry(&inner, &c);
	int ret;

	two_known = known;
	two_sums[0] = a;
	two_sums[1] = b;
	two_calls = 0;
	strbuf_reset(&err);
	ret = t->ops->copy(t, "a", to, NULL, &err);
	transport_close(t);
	return ret;
}

static void test_copy(void)
{
	check(!copy_again("b", OBJECT_HAS_CRC32C, 1, 1),
	      "a copy whose answer was lost is there");
	check(copy_again("b", OBJECT_HAS_CRC32C, 1, 2) == ERR_CONFLICT,
	      "what has its size only is somebody else's");
	check(copy_again("b", 0, 1, 1) == ERR_CONFLICT,
	      "what nobody knows the bytes of is, too");
	two_meta = true;
	check(!copy_again("b", 0, 1, 1),
	      "a copy without sums is known by its metadata");
	check(copy_again("b", 0, 1, 2) == ERR_CONFLICT,
	      "what has other metadata is somebody else's");
	check(copy_again("a", OBJECT_HAS_CRC32C, 1, 1) == ERR_CONFLICT,
	      "a copy onto itself is none");
}

int main(void)
{
	char dir[] = "/tmp/resutil-unit-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	test_get();
	test_put();
	test_others();
	test_many();
	test_copy();
	test_patience();
	test_vanishing();
	if (unlink("away/k") || unlink("away/.resutil-lock") ||
	    rmdir("away") || chdir("/") || rmdir(dir))
		return 1;
	strbuf_release(&err);
	return unit_done();
}
