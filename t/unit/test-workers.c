#include "lib/base/compat.h"
#include "lib/base/workers.h"
#include "t/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#define MANY 2000

struct piece {
	struct work work;
	struct workers *pool;
	unsigned nr, by;
	unsigned long sum;
	struct piece *more;	/* given while this one is done */
};

static unsigned in_order[MANY], nr_in_order;
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;

static void sum_up(struct work *work, unsigned worker)
{
	struct piece *p = (struct piece *)work;
	unsigned i;

	p->by = worker;
	for (i = 0; i <= p->nr; i++)
		p->sum += i;
	pthread_mutex_lock(&order_lock);
	in_order[nr_in_order++] = p->nr;
	pthread_mutex_unlock(&order_lock);
	if (p->more)
		workers_add(p->pool, &p->more->work);
}

static struct piece piece[MANY];

static void prepare(struct workers *w)
{
	unsigned i;

	memset(piece, 0, sizeof(piece));
	nr_in_order = 0;
	for (i = 0; i < MANY; i++) {
		piece[i].work.fn = sum_up;
		piece[i].pool = w;
		piece[i].nr = i;
	}
}

static bool all_done(const struct workers *w)
{
	unsigned long i;

	for (i = 0; i < MANY; i++)
		if (piece[i].sum != i * (i + 1) / 2 ||
		    piece[i].by >= workers_nr(w))
			return false;
	return nr_in_order == MANY;
}

static bool is_ascending(void)
{
	unsigned i;

	for (i = 0; i < nr_in_order; i++)
		if (in_order[i] != i)
			return false;
	return true;
}

static void test_pool(unsigned nr)
{
	struct workers *w = workers_start(nr);
	unsigned i;
	bool good = true;

	check(workers_nr(w) == nr, "as many workers as were asked for");
	prepare(w);
	for (i = 0; i < MANY; i++)
		workers_add(w, &piece[i].work);
	for (i = 0; i < MANY; i++) {
		workers_wait(w, &piece[i].work);
		good &= piece[i].sum == (unsigned long)i * (i + 1) / 2;
	}
	check(good && all_done(w), "waiting for each in turn");
	check(nr > 1 || is_ascending(), "done in the order they were given");

	/* From the last to the first. */
	prepare(w);
	for (i = 0; i < MANY; i++)
		workers_add(w, &piece[i].work);
	for (i = MANY; i--; )
		workers_wait(w, &piece[i].work);
	check(all_done(w), "waiting in another order");

	prepare(w);
	for (i = 0; i + 1 < MANY; i++)
		piece[i].more = &piece[i + 1];
	workers_add(w, &piece[0].work);
	workers_wait_all(w);
	check(all_done(w) && is_ascending(), "work that gives more work");

	prepare(w);
	for (i = 0; i < MANY; i++)
		workers_add(w, &piece[i].work);
	workers_stop(&w);
	check(!w && nr_in_order == MANY, "stopping waits for all");
}

static void test_ring(void)
{
	struct workers *w = workers_start(3);
	enum { RING = 5 };
	unsigned i;
	bool good = true;

	prepare(w);
	for (i = 0; i < MANY + RING; i++) {
		struct piece *p = &piece[i % RING];

		if (i >= RING) {
			workers_wait(w, &p->work);
			good &= p->sum == (unsigned long)(i - RING) *
					  (i - RING + 1) / 2;
		}
		if (i < MANY) {
			p->nr = i;
			p->sum = 0;
			workers_add(w, &p->work);
		}
	}
	check(good && nr_in_order == MANY, "a ring of work that is used again");
	workers_stop(&w);
}

static void look_at_signals(struct work *work, unsigned worker UNUSED)
{
	struct piece *p = (struct piece *)work;
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	p->nr = sigismember(&set, SIGTERM) == 1 &&
		sigismember(&set, SIGINT) == 1;
}

static void test_signals(void)
{
	struct workers *w = workers_start(2);
	struct piece p = { .work.fn = look_at_signals };
	sigset_t set;

	workers_add(w, &p.work);
	workers_wait(w, &p.work);
	check(p.nr, "signals are blocked in the threads");
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	check(!sigismember(&set, SIGTERM), "and not in the one that started");
	workers_stop(&w);
}

static void test_numbers(void)
{
	struct workers *w = workers_start(0), *none = NULL;
	cpu_set_t before, one;

	check(workers_nr(w) == workers_default(), "0: one a processor");
	workers_wait_all(w);
	workers_stop(&w);
	workers_stop(&none);
	check(!w && !none, "stopping idle ones, and none");
	w = workers_start(WORKERS_MAX + 1);
	check(workers_nr(w) == WORKERS_MAX, "no more than the maximum");
	workers_stop(&w);

	if (sched_getaffinity(0, sizeof(before), &before))
		return;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (!sched_setaffinity(0, sizeof(one), &one))
		check(workers_default() == 1,
		      "processors that this process may use");
	sched_setaffinity(0, sizeof(before), &before);
}

static void test_files(void)
{
	struct rlimit before, low;

	if (getrlimit(RLIMIT_NOFILE, &before) || before.rlim_cur < 64)
		return;
	low = before;
	low.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &low);
	check(workers_with_files(16, 8) == 6, "as many as the limit allows");
	check(workers_with_files(4, 8) == 4, "no more than are wanted");
	low.rlim_cur = 12;
	setrlimit(RLIMIT_NOFILE, &low);
	check(workers_with_files(16, 8) == 1, "one at least");
	setrlimit(RLIMIT_NOFILE, &before);
}

static int opened = -1;

static void open_alone(struct work *work UNUSED, unsigned worker UNUSED)
{
	workers_own_files();
	workers_own_files();
	opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Where the system refuses, they are shared as ever. */
static void test_own_files(void)
{
	struct work work = { .fn = open_alone };
	struct workers *w = workers_start(2);
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool refused = unshare(0);

	workers_add(w, &work);
	workers_wait(w, &work);
	check(opened >= 0, "a worker opens files of its own");
	check(refused || workers_nr(w) < 2 || fcntl(opened, F_GETFD) < 0,
	      "which are nobody else's");
	check(fcntl(before, F_GETFD) >= 0, "and those of others stay");
	workers_stop(&w);
	check(fcntl(before, F_GETFD) >= 0, "also when it ends");
	close(before);
}

int main(void)
{
	test_pool(1);
	test_pool(2);
	test_pool(7);
	test_ring();
	test_signals();
	test_numbers();
	test_files();
	test_own_files();
	return unit_done();
}
