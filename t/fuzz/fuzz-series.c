/*
 * Files of measurements, which anybody may have written: both ways of reading
 * them stay in their bounds and agree, and what they say can be drawn. The
 * first byte says whether it is CSV or JSON lines.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/parse-number.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/sheet/plotting.h"
#include "lib/exp/series/series.h"
#include "t/fuzz/fuzz.h"

static const char *scratch(void)
{
	static struct tempfile *dir;

	if (!dir && tempfile_scratch_dir(&dir, NULL))
		abort();
	return tempfile_path(dir);
}

static void put(const char *name, const uint8_t *data, size_t len)
{
	struct strbuf path = STRBUF_INIT;
	int fd;

	strbuf_addf(&path, "%s/%s", scratch(), name);
	fd = sys_open(path.buf, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	MUST(fd >= 0 && sys_write_all(fd, data, len) >= 0);
	close(fd);
	strbuf_release(&path);
}

/* Every byte that a cell lends can be read. */
static void touch(const struct cell *cell)
{
	volatile char last;

	if ((cell->type == CELL_TEXT || cell->type == CELL_BYTES) &&
	    cell->u.text.len)
		last = cell->u.text.data[cell->u.text.len - 1];
	(void)last;
}

static void draw(struct plot *plot)
{
	const struct plot_text_options text = { PLOT_BRAILLE, 40, 0, -1 };
	const struct plot_svg_options svg = { 0, 0 };
	struct strbuf out = STRBUF_INIT;

	plot_text(&out, plot, &text);
	MUST(utf8_is_valid(out.buf, out.len));
	strbuf_reset(&out);
	plot_svg(&out, plot, &svg);
	MUST(utf8_is_valid(out.buf, out.len));
	MUST(!strstr(out.buf, "nan") || strstr(out.buf, "NaN"));
	strbuf_release(&out);
}

/* Counts the numbers of the first column but `at`, and draws them. */
static size_t read_rows(bool log)
{
	struct plot plot;
	struct plot_line *line;
	struct plot_feed *feed;
	const struct cell *cells;
	struct series *s = NULL;
	struct strbuf err = STRBUF_INIT;
	size_t i, count = 0;
	double x, y;
	int ret;

	if (series_open(&s, scratch(), "", NULL, NULL))
		return 0;
	plot_init(&plot);
	plot.x.log = log;
	line = plot_add_line(plot_add_panel(&plot, "y"), "line", 0);
	feed = plot_feed_new(line, 3, log, false);
	while ((ret = series_next(s, &cells, &err))) {
		if (ret < 0) {
			must_be_sentence(&err);
			strbuf_reset(&err);
			continue;
		}
		for (i = 0; i < series_columns(s)->nr; i++)
			touch(&cells[i]);
		if (i < 2 || !cell_number(&cells[1], &y))
			continue;
		count += y == y;
		if (cell_number(&cells[0], &x))
			plot_feed_add(feed, x, y);
	}
	plot_feed_end(feed);
	draw(&plot);
	plot_release(&plot);
	series_close(s);
	strbuf_release(&err);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strvec columns = STRVEC_INIT;
	struct series_sum *sums = NULL;
	bool json;
	size_t count;

	if (!len)
		return 0;
	json = *data & 1;
	put(json ? "metrics-0000.jsonl" : "metrics-0000.csv", data + 1,
	    len - 1);
	put(json ? "metrics-0000.csv" : "metrics-0000.jsonl", data, 0);
	count = read_rows(*data & 2);
	series_sums(&sums, &columns, scratch(), "", NULL);
	/* keys of objects are found in another order when one is repeated */
	if (!json && columns.nr)
		MUST(sums[0].count == count);
	free(sums);
	strvec_release(&columns);
	return 0;
}
