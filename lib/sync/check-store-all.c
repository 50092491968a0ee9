#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/pack/pack-end.h"
#include "lib/exp/store/remotes.h"

/* Several threads read one large pack, each waiting for the store. */
#define LARGE_THREADS 8u

/* ---- what was found ------------------------------------------------------ */

void found_add(struct store_check *c, const struct finding *f)
{
	struct strbuf key = STRBUF_INIT;
	struct finding found = *f;

	if (!f->where) {
		remote_key(c->r, f->name, &key);
		found.where = key.buf;
	}
	pthread_mutex_lock(&c->lock);
	finding_list_add(&c->found, &found);
	pthread_mutex_unlock(&c->lock);
	strbuf_release(&key);
}

/* ---- the store ----------------------------------------------------------- */

/* The store is out of reach: nobody asks it any more. */
static void give_up(struct store_check *c, int code, const struct strbuf *why)
{
	pthread_mutex_lock(&c->lock);
	if (!c->code) {
		c->code = code;
		strbuf_addbuf(&c->why, why);
	}
	pthread_mutex_unlock(&c->lock);
}

static bool has_given_up(struct store_check *c)
{
	bool given_up;

	pthread_mutex_lock(&c->lock);
	given_up = c->code != 0;
	pthread_mutex_unlock(&c->lock);
	return given_up;
}

int check_list_again(struct store_check *c, struct strbuf *err)
{
	int ret = 0;

	if (!c->listed_again)
		ret = remote_list(c->r, &c->again, err);
	c->listed_again |= !ret;
	return ret;
}

void check_add_command(const struct store_check *c, struct strbuf *out,
		       const char *command, const char *rest)
{
	bool origin = !strcmp(c->r->name, REMOTE_ORIGIN);

	strbuf_addf(out, "'resutil %s --remote%s%s%s'", command,
		    origin ? "" : "=", origin ? "" : c->r->name, rest);
}

bool check_is_here(const struct store_check *c, const char *name)
{
	return strvec_find(&c->here, name) >= 0;
}

/* ---- all packs ----------------------------------------------------------- */

static void look_at(struct checked *p, unsigned threads)
{
	struct store_check *c = p->check;
	struct strbuf err = STRBUF_INIT;
	int ret;

	p->verdict = PACK_GONE;
	if (has_given_up(c))
		return;
	ret = check_pack(p, threads, &err);
	if (ret)
		give_up(c, ret, &err);
	progress_items(c->progress, __atomic_add_fetch(&c->done, 1,
						       __ATOMIC_RELAXED));
	strbuf_release(&err);
}

static void do_pack(struct work *work, unsigned worker UNUSED)
{
	look_at((struct checked *)work, 1);
}

/* Small ones, and what is at the end of the others, all at once; then those
 * that are read whole and fill the line, and memory, by themselves. */
static void look_at_all(struct store_check *c)
{
	unsigned jobs = c->options->jobs ? c->options->jobs : REMOTE_JOBS;
	struct workers *workers;
	size_t i;

	jobs = workers_with_files(jobs, REMOTE_FILES_EACH);
	workers = workers_start((unsigned)MINIMUM((size_t)jobs,
						  c->list.nr + 1));
	c->progress = progress_start("Checking", c->list.nr, 0);
	for (i = 0; i < c->list.nr; i++) {
		struct checked *p = &c->pack[i];

		p->work.fn = do_pack;
		if (!p->whole || p->exp->size <= CHECK_SMALL)
			workers_add(workers, &p->work);
	}
	workers_stop(&workers);
	for (i = 0; i < c->list.nr; i++)
		if (c->pack[i].whole && c->pack[i].exp->size > CHECK_SMALL)
			look_at(&c->pack[i], c->options->jobs ?
				c->options->jobs : MAXIMUM(LARGE_THREADS,
							   workers_default()));
	progress_stop(&c->progress);
}

static void say_way_out(struct checked *p, struct strbuf *text)
{
	const char *name = p->exp->name;

	if (p->check->options->flags & CHECK_REPAIR) {
		strbuf_addstr(text, "; not repaired: ");
		return;
	}
	if (check_is_here(p->check, name))
		strbuf_addf(text, "; '%s' is here: when it is whole it is "
			    "sent again by ", name);
	else
		strbuf_addf(text, "; a clone that has '%s' whole can send it "
			    "again by ", name);
	check_add_command(p->check, text, "fsck", " --repair");
}

static void tell_bad_pack(struct checked *p)
{
	static const char *const ids[] = {
		[PACK_BAD] = "pack-damaged",
		[PACK_NO_RECORD] = "pack-no-record",
		[PACK_UNREADABLE] = "unreadable",
		[PACK_BEYOND] = "unreadable"
	};
	struct store_check *c = p->check;
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_ERROR, .id = ids[p->verdict],
		.name = p->exp->name
	};

	strbuf_addbuf(&text, &p->why);
	if (p->verdict == PACK_BAD) {
		if (c->options->flags & CHECK_REPAIR)
			f.state = repair_pack(p, &why);
		if (f.state == FINDING_OPEN)
			say_way_out(p, &text);
		else
			strbuf_addf(&text, f.state == FINDING_WOULD ?
				    "; it would be sent again from here" :
				    "; it was sent again from here");
		strbuf_addbuf(&text, &why);
	}
	f.text = text.buf;
	found_add(c, &f);
	strbuf_release(&why);
	strbuf_release(&text);
}

static void tell_bad_packs(struct store_check *c)
{
	size_t i;

	for (i = 0; i < c->list.nr; i++) {
		struct checked *p = &c->pack[i];

		if (p->verdict != PACK_GOOD && p->verdict != PACK_GONE)
			tell_bad_pack(p);
	}
}

/* ---- one check ----------------------------------------------------------- */

static int begin(struct store_check *c, const struct check_subset *subset,
		 struct strbuf *err)
{
	size_t i;
	int ret = pack_limits_fill(&c->limits, err);

	/* nothing is unpacked */
	c->limits.max_size = 0;
	if (!ret)
		ret = remote_open_ledger(c->r, err);
	if (!ret)
		ret = exp_list_names(c->r->project, &c->here, err);
	if (!ret)
		ret = remote_list(c->r, &c->list, err);
	if (ret)
		return ret;
	c->pack = xcalloc(c->list.nr + 1, sizeof(*c->pack));
	for (i = 0; i < c->list.nr; i++) {
		struct checked *p = &c->pack[i];

		p->check = c;
		p->exp = &c->list.exp[i];
		strvec_init(&p->deps);
		strvec_init(&p->dep_ids);
		strbuf_init(&p->why);
	}
	if (c->options->flags & CHECK_READ_DATA)
		ret = subset_choose(subset, c->pack, c->list.nr, err);
	for (i = 0; i < c->list.nr; i++)
		c->pack[i].whole = c->pack[i].chosen ||
				   c->list.exp[i].size <= PACK_TAIL_MAX;
	return ret;
}

static int check_all(struct store_check *c, const struct check_subset *subset,
		     struct strbuf *err)
{
	int ret = begin(c, subset, err);

	if (ret)
		return ret;
	look_at_all(c);
	tell_bad_packs(c);
	if (c->code)
		return fail(err, c->code, "%s", c->why.buf);
	ret = check_links(c, err);
	if (!ret)
		ret = check_doubles(c, err);
	return ret ? ret : check_rests(c, err);
}

static void check_release(struct store_check *c)
{
	size_t i;

	for (i = 0; c->pack && i < c->list.nr; i++) {
		strvec_release(&c->pack[i].deps);
		strvec_release(&c->pack[i].dep_ids);
		strbuf_release(&c->pack[i].why);
	}
	free(c->pack);
	finding_list_release(&c->found);
	remote_list_release(&c->again);
	remote_list_release(&c->list);
	strvec_release(&c->here);
	strbuf_release(&c->why);
	pthread_mutex_destroy(&c->lock);
}

int check_store(const struct project *p, const char *remote,
		const struct check_options *options,
		const struct check_subset *subset, finding_fn fn, void *data,
		struct strbuf *err)
{
	struct store_check c = {
		.options = options, .limits = PACK_LIMITS_INIT,
		.found = FINDING_LIST_INIT, .list = REMOTE_LIST_INIT,
		.again = REMOTE_LIST_INIT,
		.here = STRVEC_INIT, .why = STRBUF_INIT
	};
	int ret, told;

	ret = remote_open(&c.r, p, remote, TRANSPORT_PATIENCE_DEFAULT, err);
	if (ret)
		return ret;
	pthread_mutex_init(&c.lock, NULL);
	ret = check_all(&c, subset, err);
	finding_list_sort(&c.found);
	told = finding_list_each(&c.found, fn, data);
	check_release(&c);
	remote_close(c.r);
	return ret ? ret : told;
}
