/*
 * Fuzz target: numbers that come from anywhere, in each of their forms, and
 * what is computed of them. The first byte says which form and whether a
 * column is asked for.
 */
#include "lib/base/compat.h"
#include "t/fuzz/fuzz.h"

#include <math.h>
#include <sys/mman.h>

#include "lib/base/error.h"
#include "lib/base/summary.h"
#include "lib/base/sys.h"
#include "lib/exp/sheet/sample-read.h"

static void must_be_sound(struct sample *s)
{
	struct summary sum;
	uint64_t all = 0, finite = 0;
	size_t i;

	for (i = 0; i < s->nr; i++)
		finite += isfinite(s->x[i]);
	summary_make(&sum, s->x, s->nr, NULL);
	MUST(sum.stats.nr + sum.missing == s->nr);
	MUST(!sum.stats.nr || sum.stats.min <= sum.stats.max);
	MUST(sum.mild + sum.severe <= sum.stats.nr);
	for (i = 0; i < sum.nr; i++) {
		MUST(sum.percentile[i].interval.low <=
		     sum.percentile[i].value);
		MUST(sum.percentile[i].value <=
		     sum.percentile[i].interval.high);
	}
	for (i = 0; i < sum.histogram.nr; i++) {
		MUST(sum.histogram.edge[i] <= sum.histogram.edge[i + 1]);
		all += sum.histogram.count[i];
	}
	MUST(all == finite);
	value_free(summary_value(&sum, 1e-9));
	summary_release(&sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const columns[] = { NULL, "a", "b.c", "" };
	struct sample s = SAMPLE_INIT;
	struct strbuf err = STRBUF_INIT;
	int fd, ret;

	if (!len)
		return 0;
	fd = memfd_create("sample", MFD_CLOEXEC);
	MUST(fd >= 0);
	MUST(!sys_pwrite_all(fd, data + 1, len - 1, 0));
	ret = sample_read(&s, fd, "input", (enum sample_format)(*data % 5),
			  columns[*data / 5 % 4], &err);
	close(fd);
	if (ret)
		must_be_sentence(&err);
	else
		must_be_sound(&s);
	sample_release(&s);
	strbuf_release(&err);
	return 0;
}
