/*
 * Each waiter has a condition of its own: one that all share would wake all of
 * them for each that may pass.
 */
#include "lib/base/compat.h"
#include "lib/base/gate.h"

struct gate_waiter {
	struct gate_waiter *next;
	uint64_t n;
	pthread_cond_t go;
	bool passed;
};

void gate_init(struct gate *g, uint64_t total)
{
	pthread_mutex_init(&g->lock, NULL);
	g->total = total;
	g->taken = 0;
	g->first = NULL;
	g->last = &g->first;
}

void gate_release(struct gate *g)
{
	pthread_mutex_destroy(&g->lock);
}

static bool fits(const struct gate *g, uint64_t n)
{
	return !g->taken || (g->taken <= g->total &&
			     n <= g->total - g->taken);
}

void gate_enter(struct gate *g, uint64_t n)
{
	struct gate_waiter me = { .n = n };

	if (!n)
		return;
	pthread_mutex_lock(&g->lock);
	if (!g->first && fits(g, n)) {
		g->taken += n;
	} else {
		pthread_cond_init(&me.go, NULL);
		*g->last = &me;
		/* it is out of the list before this returns */
		/* cppcheck-suppress autoVariables */
		g->last = &me.next;
		while (!me.passed)
			pthread_cond_wait(&me.go, &g->lock);
		pthread_cond_destroy(&me.go);
	}
	pthread_mutex_unlock(&g->lock);
}

bool gate_try(struct gate *g, uint64_t n)
{
	bool good;

	pthread_mutex_lock(&g->lock);
	good = !g->first && fits(g, n);
	if (good)
		g->taken += n;
	pthread_mutex_unlock(&g->lock);
	return good;
}

void gate_leave(struct gate *g, uint64_t n)
{
	struct gate_waiter *w;

	if (!n)
		return;
	pthread_mutex_lock(&g->lock);
	g->taken -= n;
	while ((w = g->first) && fits(g, w->n)) {
		g->first = w->next;
		if (!g->first)
			g->last = &g->first;
		g->taken += w->n;
		w->passed = true;
		pthread_cond_signal(&w->go);
	}
	pthread_mutex_unlock(&g->lock);
}
