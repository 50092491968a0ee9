#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/key-sort.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

#include <sys/resource.h>

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void test_few(void)
{
	static const char *const keys[] = {
		"b", "a/b", "a", "a-b", "a.b", "\377", "ab", "\303\251", "Z"
	};
	static const char *const want = "Z a a-b a.b a/b ab b \303\251 \377";
	struct key_sort *s = key_sort_new(0);
	struct strbuf all = STRBUF_INIT;
	struct key_record r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (key_sort_add(s, keys[i], strlen(keys[i]), NULL, 0, NULL))
			break;
	check(i == ARRAY_SIZE(keys), "all are taken");
	while (key_sort_next(s, &r, NULL) == 1) {
		if (all.len)
			strbuf_addch(&all, ' ');
		strbuf_addstr(&all, r.key);
		if (r.data_len || r.key_len != strlen(r.key))
			break;
	}
	check_str(all.buf, want, "byte order");
	check(!key_sort_next(s, &r, NULL), "the end stays the end");
	key_sort_free(s);
	s = key_sort_new(0);
	check(!key_sort_next(s, &r, NULL), "none");
	key_sort_free(s);
	key_sort_free(NULL);
	strbuf_release(&all);
}

/* What comes out is what went in, in order, equal keys as they were added. */
struct many {
	unsigned nr, keys;	/* how many different ones */
	size_t memory, data_max;
	bool in_order;
};

static size_t make_data(unsigned char *data, uint32_t nr, size_t max)
{
	size_t len = max ? sizeof(nr) + nr * 7919u % max : sizeof(nr), i;

	memcpy(data, &nr, sizeof(nr));
	for (i = sizeof(nr); i < len; i++)
		data[i] = (unsigned char)(nr + i);
	return len;
}

static bool add_many(struct key_sort *s, const struct many *m, uint32_t *sum)
{
	unsigned char *data = xmalloc(m->data_max + 8);
	struct strbuf key = STRBUF_INIT;
	uint32_t state = 42, i;
	int ret = 0;

	for (i = 0; i < m->nr && !ret; i++) {
		size_t len = make_data(data, i, m->data_max);

		strbuf_reset(&key);
		strbuf_addf(&key, "project/%07u", m->in_order ? i :
			    next_random(&state) % m->keys);
		ret = key_sort_add(s, key.buf, key.len, data, len, NULL);
		*sum += i * (i + 1);
	}
	strbuf_release(&key);
	free(data);
	return !ret;
}

static bool read_many(struct key_sort *s, const struct many *m, uint32_t *sum)
{
	unsigned char *data = xmalloc(m->data_max + 8);
	struct strbuf before = STRBUF_INIT;
	uint32_t nr = 0, last = 0, id;
	struct key_record r;
	bool good = true;
	int ret;

	while ((ret = key_sort_next(s, &r, NULL)) == 1 && good) {
		int order = nr++ ? strcmp(before.buf, r.key) : -1;

		memcpy(&id, r.data, sizeof(id));
		good = order <= 0 && (order || last < id) &&
		       !((uintptr_t)r.data % 16) &&
		       r.data_len == make_data(data, id, m->data_max) &&
		       !memcmp(data, r.data, r.data_len);
		last = id;
		*sum -= id * (id + 1);
		strbuf_reset(&before);
		strbuf_addstr(&before, r.key);
	}
	strbuf_release(&before);
	free(data);
	return good && !ret && nr == m->nr;
}

static void test_many(const char *what, struct many m)
{
	struct key_sort *s = key_sort_new(m.memory);
	uint32_t sum = 0;

	check(add_many(s, &m, &sum), what);
	check(read_many(s, &m, &sum) && !sum, "and back in order");
	key_sort_free(s);
}

static void test_no_room(void)
{
	struct key_sort *s = key_sort_new(4096);
	struct strbuf err = STRBUF_INIT;
	struct many m = { .nr = 1, .keys = 1 };
	uint32_t sum = 0;
	int ret = 0, i;

	setenv("TMPDIR", "/nonexistent/tmp", 1);
	check(add_many(s, &m, &sum), "without a file a few can be sorted");
	for (i = 0; i < 1000 && !ret; i++)
		ret = key_sort_add(s, "key", 3, &i, sizeof(i), &err);
	check(ret == ERR_FAILED && strstr(err.buf, "/nonexistent/tmp"),
	      err.buf);
	key_sort_free(s);
	unsetenv("TMPDIR");
	strbuf_release(&err);
}

static void test_full(void)
{
	struct rlimit old, little = { 64 << 10, 64 << 10 };
	struct key_sort *s = key_sort_new(16 << 10);
	struct strbuf err = STRBUF_INIT;
	int ret = 0, i;

	getrlimit(RLIMIT_FSIZE, &old);
	little.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &little))
		printf("# no limit\n");
	for (i = 0; i < 100000 && !ret; i++)
		ret = key_sort_add(s, "key", 3, &i, sizeof(i), &err);
	setrlimit(RLIMIT_FSIZE, &old);
	check(ret == ERR_FAILED && i < 100000 &&
	      strstr(err.buf, "TMPDIR must be"), err.buf);
	key_sort_free(s);
	strbuf_release(&err);
}

/* Sanitizers keep what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEPS_FREED 1
#else
#define KEEPS_FREED 0
#endif

static long most_memory(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_maxrss;
}

static void test_memory(void)
{
	long before = most_memory(), grown;

	test_many("50 MB of records",
		  (struct many){ 400000, 300000, 1 << 20, 100, false });
	grown = most_memory() - before;
	printf("# %ld KiB\n", grown);
	check(KEEPS_FREED || grown < 6 << 10, "in bounded memory");
}

int main(void)
{
	test_memory();
	test_few();
	test_many("in memory",
		  (struct many){ 20000, 9000, 0, 20, false });
	test_many("some runs",
		  (struct many){ 50000, 9000, 1 << 18, 20, false });
	test_many("in order",
		  (struct many){ 50000, 1, 1 << 18, 20, true });
	test_many("three levels",
		  (struct many){ 60000, 100, 4096, 20, false });
	test_many("records longer than memory",
		  (struct many){ 300, 40, 4096, 300000, false });
	test_many("few different ones",
		  (struct many){ 30000, 3, 1 << 16, 0, false });
	test_no_room();
	test_full();
	return unit_done();
}
