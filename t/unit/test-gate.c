#include "lib/base/compat.h"
#include "lib/base/gate.h"
#include "lib/base/workers.h"
#include "t/unit/unit.h"

#include <sched.h>

#define PASSES 400
#define THREADS 8

static struct gate gate;
static uint64_t inside, most;
static unsigned passed;

struct visitor {
	struct work work;
	uint64_t n;
};

static void visit(struct work *work, unsigned worker UNUSED)
{
	struct visitor *v = (struct visitor *)work;
	uint64_t now, seen;

	gate_enter(&gate, v->n);
	now = __atomic_add_fetch(&inside, v->n, __ATOMIC_SEQ_CST);
	seen = __atomic_load_n(&most, __ATOMIC_SEQ_CST);
	while (now > seen &&
	       !__atomic_compare_exchange_n(&most, &seen, now, false,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
	sched_yield();
	__atomic_sub_fetch(&inside, v->n, __ATOMIC_SEQ_CST);
	gate_leave(&gate, v->n);
	__atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
}

/* Passes all of them; n of each is up to `largest`. */
static void visit_all(uint64_t total, uint64_t largest)
{
	static struct visitor visitor[PASSES];
	struct workers *w = workers_start(THREADS);
	size_t i;

	gate_init(&gate, total);
	inside = most = 0;
	passed = 0;
	for (i = 0; i < PASSES; i++) {
		visitor[i].work.fn = visit;
		visitor[i].n = 1 + i % largest;
		workers_add(w, &visitor[i].work);
	}
	workers_stop(&w);
	gate_release(&gate);
}

/* Waits for the gate, and notes when it was let in. */
static int order[3], nr_order;

struct waiter {
	struct work work;
	uint64_t n;
	int nr;
};

static void wait_for_it(struct work *work, unsigned worker UNUSED)
{
	struct waiter *w = (struct waiter *)work;

	gate_enter(&gate, w->n);
	order[__atomic_fetch_add(&nr_order, 1, __ATOMIC_SEQ_CST)] = w->nr;
	gate_leave(&gate, w->n);
}

static bool somebody_waits(void)
{
	bool ret;

	pthread_mutex_lock(&gate.lock);
	ret = gate.first != NULL;
	pthread_mutex_unlock(&gate.lock);
	return ret;
}

/* The first wants more than is left; the second, which is smaller, does not
 * overtake it. */
static bool is_in_order(void)
{
	struct workers *w = workers_start(2);
	struct waiter large = { .n = 3, .nr = 1 }, small = { .n = 1, .nr = 2 };

	gate_init(&gate, 3);
	gate_enter(&gate, 1);
	nr_order = 0;
	large.work.fn = small.work.fn = wait_for_it;
	workers_add(w, &large.work);
	while (!somebody_waits())
		sched_yield();
	workers_add(w, &small.work);
	gate_leave(&gate, 1);
	workers_stop(&w);
	gate_release(&gate);
	return nr_order == 2 && order[0] == 1 && order[1] == 2;
}

int main(void)
{
	visit_all(1, 1);
	check(passed == PASSES && most == 1, "one at a time");
	visit_all(5, 3);
	check(passed == PASSES && most <= 5, "never more than there is");
	check(inside == 0 && !gate.taken, "all was given back");
	visit_all(2, 4);
	check(passed == PASSES && most <= 4,
	      "what is more than all passes alone");
	check(is_in_order(), "nobody overtakes");
	gate_init(&gate, 2);
	check(gate_try(&gate, 1) && !gate_try(&gate, 2) &&
	      gate_try(&gate, 1), "who does not wait gets what is left");
	gate_leave(&gate, 2);
	gate_release(&gate);
	gate_init(&gate, 1);
	gate_enter(&gate, 1);
	gate_enter(&gate, 0);
	gate_leave(&gate, 0);
	gate_leave(&gate, 1);
	check(!gate.taken, "nothing needs no room");
	gate_release(&gate);
	return unit_done();
}
