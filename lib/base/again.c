#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/error.h"

#include <sys/random.h>

#define FIRST_DELAY 50		/* milliseconds */
#define LONGEST_DELAY 8000

void again_init(struct again *a, unsigned patience)
{
	memset(a, 0, sizeof(*a));
	a->patience = patience;
	strbuf_init(&a->why);
}

void again_reset(struct again *a)
{
	a->tries = 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/*
 * Full jitter: of many clients that a store failed at one moment, no two come
 * back at one moment.
 */
static uint64_t delay_ms(unsigned tries)
{
	unsigned shift = MINIMUM(tries, 16u);
	uint64_t most = MINIMUM((uint64_t)FIRST_DELAY << shift, LONGEST_DELAY);
	uint32_t chance;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) !=
	    sizeof(chance))
		return most;
	return 1 + most * chance / UINT32_MAX;
}

bool again_wait(struct again *a, int ret)
{
	return again_wait_for(a, ret, 0);
}

bool again_wait_for(struct again *a, int ret, uint64_t least)
{
	uint64_t now, passed, wait, all = (uint64_t)a->patience * 1000;

	if (ret != ERR_TRANSIENT)
		return false;
	now = now_ms();
	if (!a->tries)
		a->since = now;
	passed = now - a->since;
	if (passed >= all)
		return false;
	/* The last try is at the end of the patience, not before. */
	wait = MINIMUM(delay_ms(a->tries), all - passed);
	/* Those that were all told "in 5 seconds" do not come at one moment
	 * either. */
	sleep_ms(least ? least + wait / 4 : wait);
	a->tries++;
	strbuf_reset(&a->why);
	return true;
}

int again_give_up(struct again *a, int ret, struct strbuf *err)
{
	if (ret && a->why.len)
		fail(err, ret, "%s", a->why.buf);
	strbuf_release(&a->why);
	return ret;
}

int again_end(struct again *a, int ret, struct strbuf *err)
{
	if (ret == ERR_TRANSIENT) {
		ret = ERR_UNREACHABLE;
		if (a->tries)
			strbuf_addf(&a->why, _(" (tried again for %u s)"),
				    a->patience);
	}
	return again_give_up(a, ret, err);
}
