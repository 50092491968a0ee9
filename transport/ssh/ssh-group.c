/*
 * Small objects that several threads put at once into one directory go there
 * together: what a request costs there, a dozen processes, is then paid once
 * for many. A thread that finds few others sending takes all that wait, packs
 * them with their names into an archive of tar (ustar), and sends it; others
 * come to wait meanwhile. Those of a group that is done come again at about
 * the same time, and are waited for: a few milliseconds, where a request takes
 * tens.
 *
 * Only what is to be absent, which link(2) decides for each by itself; and only
 * under names that no tool there writes otherwise. What a group cannot put is
 * put alone, which says why.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/trace.h"
#include "transport/object.h"
#include "transport/ssh/ssh-put.h"

#define GROUP_MAX 64
#define GROUP_BYTES ((size_t)4 << 20)
#define MEMBER_MAX ((size_t)512 << 10)
/* So that while one is on its way, another gathers. */
#define GROUPS_AT_ONCE 2
#define PATIENCE_NS 4000000
#define TAR_NAME_MAX 100
#define TAR_BLOCK 512

enum member_state { MEMBER_WAITS, MEMBER_SENT, MEMBER_DONE };

struct ssh_member {
	struct ssh_member *next;
	const struct put_request *request;
	const char *base;		/* into the key */
	const void *bytes;
	size_t len;
	struct object *out;		/* or NULL */
	enum member_state state;	/* under the lock */
	bool told;			/* it has a result of its own */
	bool alone;			/* it was not put, and may be alone */
	int ret;
	struct strbuf why;
};

struct group {
	struct ssh_store *store;
	struct ssh_member *member[GROUP_MAX];	/* in byte order of names */
	size_t nr;
	struct strbuf archive, sums;
};

/* ---- who may ------------------------------------------------------------ */

/* sha256sum writes names with other bytes in another way, `*` has none with a
 * dot first, and a dash would be an option. */
static bool is_plain_name(const char *name)
{
	const char *p;

	if (*name == '.' || *name == '-' || strlen(name) > TAR_NAME_MAX)
		return false;
	for (p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == '\\' || *p == 0x7f)
			return false;
	return true;
}

static const char *base_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash ? slash + 1 : key;
}

bool ssh_group_takes(struct ssh_store *s, const struct put_request *r,
		     size_t len)
{
	bool takes;

	pthread_mutex_lock(&s->group.lock);
	takes = !s->group.off;
	pthread_mutex_unlock(&s->group.lock);
	return takes && r->expect == EXPECT_ABSENT && len <= MEMBER_MAX &&
	       is_plain_name(base_of(r->key));
}

/* ---- the archive -------------------------------------------------------- */

static void add_octal(char *field, size_t width, uint64_t n)
{
	snprintf(field, width, "%0*" PRIo64, (int)width - 1, n);
}

/* Source: POSIX, pax, "ustar Interchange Format". */
static void add_file(struct strbuf *out, const char *name, const void *bytes,
		     size_t len)
{
	static const char zeros[TAR_BLOCK];
	char head[TAR_BLOCK];
	unsigned sum = 0;
	size_t i;

	memset(head, 0, sizeof(head));
	memcpy(head, name, strlen(name));
	add_octal(head + 100, 8, 0600);
	add_octal(head + 108, 8, 0);
	add_octal(head + 116, 8, 0);
	add_octal(head + 124, 12, len);
	add_octal(head + 136, 12, 0);
	memset(head + 148, ' ', 8);
	head[156] = '0';
	memcpy(head + 257, "ustar\00000", 8);
	for (i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	strbuf_add(out, head, sizeof(head));
	strbuf_add(out, bytes, len);
	if (len % TAR_BLOCK)
		strbuf_add(out, zeros, TAR_BLOCK - len % TAR_BLOCK);
}

static int by_name(const void *a, const void *b)
{
	const struct ssh_member *const *x = a, *const *y = b;

	return strcmp((*x)->base, (*y)->base);
}

static int pack(struct group *g, const struct ssh_facts *facts,
		struct strbuf *err)
{
	static const char end[2 * TAR_BLOCK];
	size_t i;
	int ret = 0;

	qsort(g->member, g->nr, sizeof(*g->member), by_name);
	for (i = 0; i < g->nr && !ret; i++) {
		struct ssh_member *m = g->member[i];

		add_file(&g->archive, m->base, m->bytes, m->len);
		ret = ssh_hash(&g->sums, facts, m->bytes, m->len, err);
		strbuf_addf(&g->sums, "  %s\n", m->base);
	}
	add_file(&g->archive, ".sums", g->sums.buf, g->sums.len);
	strbuf_add(&g->archive, end, sizeof(end));
	return ret;
}

/* ---- sending ------------------------------------------------------------ */

static int take_result(struct ssh_call *c, struct ssh_member *m,
		       struct strbuf *err)
{
	const char *rest;
	int ret = ssh_call_answer(c, &rest, err);

	if (ret)
		return ret;
	c->key = m->request->key;
	if (!strcmp(rest, "exists"))
		m->ret = object_fail_exists(&c->store->base, m->request->key,
					    &m->why);
	else if (!strcmp(rest, "alone"))
		m->alone = true;
	else
		m->ret = ssh_put_done(c, rest, m->len, m->out, &m->why);
	m->told = true;
	return 0;
}

static void switch_off(struct ssh_store *s)
{
	pthread_mutex_lock(&s->group.lock);
	s->group.off = true;
	pthread_mutex_unlock(&s->group.lock);
}

/* What has no result of its own when that fails has this one. */
static int send_by(struct group *g, struct ssh_call *c, struct strbuf *err)
{
	const char *key = g->member[0]->request->key, *rest;
	char *parent = xmemdupz(key, (size_t)(base_of(key) - key));
	struct ssh_temporary temporary;
	struct ssh_facts facts;
	size_t i;
	int ret = ssh_temporary_make(&temporary, err);

	ssh_get_facts(g->store, &facts);
	if (!ret)
		ret = pack(g, &facts, err);
	ssh_call_key(c, parent);
	free(parent);
	ssh_call_word(c, temporary.hex);
	ssh_call_number(c, g->archive.len);
	if (!ret)
		ret = ssh_call_send(c, err);
	if (!ret)
		ret = ssh_call_data(c, g->archive.buf, g->archive.len, err);
	if (!ret)
		ret = ssh_call_answer(c, &rest, err);
	if (!ret && !strcmp(rest, "none")) {
		/* No tar, or one that is something else. */
		switch_off(g->store);
		for (i = 0; i < g->nr; i++)
			g->member[i]->alone = true;
		return 0;
	}
	for (i = 0; i < g->nr && !ret; i++)
		ret = take_result(c, g->member[i], err);
	c->broken |= ret != 0;
	return ret;
}

static void send_group(struct group *g)
{
	struct strbuf why = STRBUF_INIT;
	struct ssh_call c;
	size_t i;
	int ret;

	strbuf_init(&g->archive);
	strbuf_init(&g->sums);
	ret = ssh_call_begin(&c, g->store, "put_group", "put",
			     g->member[0]->request->key, &why);
	if (!ret)
		ret = ssh_call_end(&c, send_by(g, &c, &why));
	for (i = 0; i < g->nr && ret; i++)
		if (!g->member[i]->told)
			g->member[i]->ret = fail(&g->member[i]->why, ret,
						 "%s", why.buf);
	trace_printf("put %zu objects at once: %d", g->nr, ret);
	strbuf_release(&why);
	strbuf_release(&g->archive);
	strbuf_release(&g->sums);
}

/* ---- gathering ---------------------------------------------------------- */

static bool fits(const struct group *g, const struct ssh_member *m,
		 size_t bytes)
{
	const struct ssh_member *first = g->member[0];
	size_t i, len = (size_t)(m->base - m->request->key);

	if (!g->nr)
		return true;
	if (bytes + m->len > GROUP_BYTES || g->nr == GROUP_MAX ||
	    len != (size_t)(first->base - first->request->key) ||
	    memcmp(m->request->key, first->request->key, len))
		return false;
	for (i = 0; i < g->nr; i++)
		if (!strcmp(g->member[i]->base, m->base))
			return false;
	return true;
}

/* Of those that wait, the first and all that go with it. Under the lock. */
static void gather(struct group *g, struct ssh_group *all)
{
	struct ssh_member **link = &all->first, *m;
	size_t bytes = 0;

	while ((m = *link)) {
		if (!fits(g, m, bytes)) {
			link = &m->next;
			continue;
		}
		*link = m->next;
		m->state = MEMBER_SENT;
		bytes += m->len;
		g->member[g->nr++] = m;
	}
	all->last = link;
}

/* Until as many wait as were done last, or no more come. */
static void wait_for_company(struct ssh_group *all)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (all->waiting < all->last_nr &&
	       !pthread_cond_timedwait(&all->come, &all->lock, &until))
		;
}

/* Under the lock, which is left meanwhile. */
static void lead(struct ssh_store *s)
{
	struct ssh_group *all = &s->group;
	struct group g = { .store = s };
	size_t i;

	all->sending++;
	wait_for_company(all);
	gather(&g, all);
	all->waiting -= g.nr;
	pthread_mutex_unlock(&all->lock);
	/* One alone costs less as such. */
	if (g.nr > 1)
		send_group(&g);
	else if (g.nr)
		g.member[0]->ret = ssh_put_once(s, g.member[0]->request,
						g.member[0]->bytes,
						g.member[0]->len,
						g.member[0]->out,
						&g.member[0]->why);
	pthread_mutex_lock(&all->lock);
	all->sending--;
	all->last_nr = g.nr;
	for (i = 0; i < g.nr; i++)
		g.member[i]->state = MEMBER_DONE;
	pthread_cond_broadcast(&all->done);
}

int ssh_group_put(struct ssh_store *s, const struct put_request *r,
		  const void *bytes, size_t len, struct object *out,
		  struct strbuf *err)
{
	struct ssh_group *all = &s->group;
	struct ssh_member m = {
		.request = r, .base = base_of(r->key), .bytes = bytes,
		.len = len, .out = out, .why = STRBUF_INIT
	};

	pthread_mutex_lock(&all->lock);
	*all->last = &m;
	all->last = &m.next;
	all->waiting++;
	pthread_cond_broadcast(&all->come);
	while (m.state != MEMBER_DONE) {
		if (m.state == MEMBER_WAITS && all->sending < GROUPS_AT_ONCE)
			lead(s);
		else
			pthread_cond_wait(&all->done, &all->lock);
	}
	pthread_mutex_unlock(&all->lock);
	if (m.ret)
		fail(err, m.ret, "%s", m.why.buf);
	strbuf_release(&m.why);
	return m.alone ? ERR_NO : m.ret;
}

void ssh_group_init(struct ssh_group *g)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->done, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->come, &attr);
	pthread_condattr_destroy(&attr);
	g->last = &g->first;
}

void ssh_group_release(struct ssh_group *g)
{
	pthread_cond_destroy(&g->come);
	pthread_cond_destroy(&g->done);
	pthread_mutex_destroy(&g->lock);
}
