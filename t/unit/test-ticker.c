#include "lib/base/compat.h"
#include "lib/base/ticker.h"
#include "t/unit/unit.h"

#include <pthread.h>

struct count {
	pthread_mutex_t lock;
	int calls;
	int pause_ms;
	bool blocked;		/* signals, as the thread saw it */
};

static void pause_for(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void tick(void *data)
{
	struct count *c = data;
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	pthread_mutex_lock(&c->lock);
	c->calls++;
	c->blocked = sigismember(&now, SIGTERM) && sigismember(&now, SIGCHLD);
	pthread_mutex_unlock(&c->lock);
	pause_for(c->pause_ms);
}

static int calls(struct count *c)
{
	int nr;

	pthread_mutex_lock(&c->lock);
	nr = c->calls;
	pthread_mutex_unlock(&c->lock);
	return nr;
}

static bool comes_to(struct count *c, int nr)
{
	int tries = 0;

	while (calls(c) < nr && tries++ < 2000)
		pause_for(5);
	return calls(c) >= nr;
}

int main(void)
{
	struct count c = { PTHREAD_MUTEX_INITIALIZER, 0, 0, false };
	struct strbuf err = STRBUF_INIT;
	struct ticker *t = NULL;
	int before;

	check(!ticker_start(&t, 0.01, 0.01, tick, &c, &err), "starts");
	check(comes_to(&c, 3), "again and again");
	ticker_stop(&t);
	check(!t, "it is gone");
	check(c.blocked, "signals are not for it");
	before = c.calls;
	pause_for(50);
	check(c.calls == before, "nothing comes after it was stopped");

	c.calls = 0;
	check(!ticker_start(&t, 3600, 3600, tick, &c, &err), "a slow one");
	ticker_stop(&t);
	check(!c.calls, "is stopped before it ever came, and at once");

	c.calls = 0;
	check(!ticker_start(&t, 0.01, 3600, tick, &c, &err), "a first one");
	check(comes_to(&c, 1), "comes soon");
	pause_for(50);
	check(calls(&c) == 1, "and the next one does not");
	ticker_stop(&t);

	c.calls = 0;
	c.pause_ms = 100;
	check(!ticker_start(&t, 0.01, 0.01, tick, &c, &err),
	      "one that takes longer than its time");
	check(comes_to(&c, 1), "comes");
	ticker_stop(&t);
	check(c.calls < 30, "what it missed is not made up for");
	ticker_stop(&t);
	strbuf_release(&err);
	return unit_done();
}
