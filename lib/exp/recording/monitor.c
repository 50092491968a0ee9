#include "lib/base/compat.h"
#include "lib/exp/recording/monitor.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/gpu-sample.h"
#include "lib/base/process-tree.h"
#include "lib/base/strbuf.h"
#include "lib/base/ticker.h"
#include "lib/base/value.h"
#include "lib/exp/series/metrics-file.h"

/* Most programs live shorter than people would wait for a row. */
#define FIRST_SECONDS 1.0

struct monitor {
	char *dir;
	struct process_tree *tree;
	struct gpu_watch *gpu;
	struct metrics *metrics;
	struct ticker *ticker;
	double cpu;		/* of the last row */
	struct timespec at;	/* its time, monotonic */
	uint64_t rows, lost;
	struct strbuf why;	/* the first reason */
};

static double since(const struct timespec *then, const struct timespec *now)
{
	return (double)(now->tv_sec - then->tv_sec) +
	       (double)(now->tv_nsec - then->tv_nsec) / 1e9;
}

/* The kernel counts in hundredths; more digits would only look exact. */
static struct value *rounded(double number)
{
	return value_new_float((double)(int64_t)(number * 1000 + 0.5) / 1000);
}

static void set_number(struct value *row, const char *column, uint64_t number)
{
	value_map_set_int(row, column,
			  (int64_t)MINIMUM(number, (uint64_t)INT64_MAX));
}

static void add_gpus(struct monitor *m, struct value *row)
{
	struct gpu_sample sample[GPU_MAX];
	unsigned nr = m->gpu ? gpu_watch_read(m->gpu, sample) : 0, i;
	char column[32];

	for (i = 0; i < nr; i++) {
		const struct gpu_sample *s = &sample[i];

		if (!s->known)
			continue;
		snprintf(column, sizeof(column), "gpu%u", i);
		value_map_set(row, column, s->load < 0 ? value_new_null() :
			      value_new_float(s->load));
		snprintf(column, sizeof(column), "gpu%u_memory", i);
		value_map_set(row, column, s->memory < 0 ? value_new_null() :
			      value_new_int(s->memory));
	}
}

static struct value *make_row(struct monitor *m)
{
	struct value *row = value_new_map();
	struct process_sums sums;
	struct timespec now;
	double passed;

	process_tree_look(m->tree, &sums);
	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = since(&m->at, &now);
	set_number(row, "processes", sums.processes);
	set_number(row, "threads", sums.threads);
	value_map_set(row, "cpu", passed > 0 ?
		      rounded((sums.cpu - m->cpu) / passed) :
		      value_new_null());
	value_map_set(row, "cpu_seconds", rounded(sums.cpu));
	set_number(row, "memory", sums.memory);
	set_number(row, "read_bytes", sums.read);
	set_number(row, "write_bytes", sums.written);
	add_gpus(m, row);
	m->cpu = sums.cpu;
	m->at = now;
	return row;
}

/* Opened when there is a row: a directory that the program has removed and
 * made again is another one. */
static int keep(struct monitor *m, const struct value *row, struct strbuf *err)
{
	struct moment now = moment_now();
	int ret = 0;

	if (!m->metrics)
		ret = metrics_open(&m->metrics, m->dir, MONITOR_SERIES,
				   METRICS_CSV, err);
	if (!ret)
		ret = metrics_add(m->metrics, &now, row, err);
	if (!ret)
		ret = metrics_flush(m->metrics, err);
	if (ret && m->metrics)
		metrics_close(&m->metrics, NULL);
	return ret;
}

static void look(void *data)
{
	struct monitor *m = data;
	struct value *row = make_row(m);
	struct strbuf err = STRBUF_INIT;

	m->rows++;
	if (keep(m, row, &err) && !m->lost++)
		strbuf_addbuf(&m->why, &err);
	strbuf_release(&err);
	value_free(row);
}

static void release(struct monitor **m)
{
	if ((*m)->metrics)
		metrics_close(&(*m)->metrics, NULL);
	gpu_watch_stop(&(*m)->gpu);
	process_tree_free((*m)->tree);
	strbuf_release(&(*m)->why);
	free((*m)->dir);
	free(*m);
	*m = NULL;
}

int monitor_start(struct monitor **out, const char *dir, const char *id,
		  pid_t pid, double seconds, struct strbuf *err)
{
	struct monitor *m = xcalloc(1, sizeof(*m));
	struct strbuf mark = STRBUF_INIT;
	struct process_sums sums;
	int ret;

	strbuf_init(&m->why);
	m->dir = xstrdup(dir);
	strbuf_addf(&mark, "RESUTIL_ID=%s", id);
	m->tree = process_tree_new(pid, mark.buf);
	strbuf_release(&mark);
	if (!m->tree) {
		ret = fail(err, ERR_FAILED, "there is no /proc, which says "
			   "what processes use");
		goto failed;
	}
	m->gpu = gpu_watch_start(seconds);
	/* What it had used by now belongs to the first row. */
	process_tree_look(m->tree, &sums);
	clock_gettime(CLOCK_MONOTONIC, &m->at);
	ret = ticker_start(&m->ticker, MINIMUM(seconds, FIRST_SECONDS),
			   seconds, look, m, err);
	if (ret)
		goto failed;
	*out = m;
	return 0;

failed:
	release(&m);
	return ret;
}

void monitor_stop(struct monitor **m, struct strbuf *lost)
{
	if (!*m)
		return;
	ticker_stop(&(*m)->ticker);
	look(*m);
	if ((*m)->lost)
		strbuf_addf(lost, "%" PRIu64 " of %" PRIu64 " rows of the "
			    "series '" MONITOR_SERIES "' were not kept: %s",
			    (*m)->lost, (*m)->rows, (*m)->why.buf);
	release(m);
}
