/*
 * Messages and logs of other programs from anywhere: the first byte says of
 * which. What is told becomes rows that are read back.
 */
#include "lib/base/compat.h"
#include "lib/base/protobuf-wire.h"
#include "lib/exp/import/import-events.h"
#include "lib/exp/import/import-internal.h"
#include "lib/exp/import/import-wandb.h"
#include "lib/exp/series/metrics-file.h"
#include "t/fuzz/fuzz.h"

/* Fields are inside of the message, one behind the other. */
static void check_wire(const uint8_t *data, size_t len)
{
	struct wire w = wire_of(data, len);
	const unsigned char *before;
	struct wire_field f;
	int got;

	do {
		before = w.at;
		got = wire_next(&w, &f);
		MUST(w.at >= before && w.at <= data + len);
		if (got > 0) {
			MUST(w.at > before && f.number > 0);
			MUST(f.type != WIRE_BYTES ||
			     (f.bytes.at >= before && f.bytes.end == w.at));
		}
	} while (got > 0);
	MUST(got || w.at == w.end);
}

struct reading {
	size_t lines;
	size_t columns;
};

static int see_lines(const char *text, size_t len, void *data)
{
	struct reading *r = data;
	const char *end = text + len, *line, *close;

	for (line = text; line < end; line = close + 1) {
		struct strvec columns = STRVEC_INIT;

		close = memchr(line, '\n', (size_t)(end - line));
		MUST(close);
		if (!r->lines++) {
			MUST(metrics_parse_header(&columns, line,
						  (size_t)(close - line)));
			r->columns = columns.nr;
		}
		strvec_release(&columns);
	}
	return 0;
}

static void check_sink(struct import_sink *sink)
{
	size_t i;

	for (i = 0; i < sink->series_nr; i++) {
		struct import_series *s = sink->series[i];
		struct reading r = { 0, 0 };

		MUST(!metrics_check_series(s->name, NULL));
		import_series_sort(s);
		MUST(!import_series_csv(s, 0, see_lines, &r));
		MUST(r.lines >= 2 && r.lines <= s->nr + 1);
		MUST(r.columns == s->columns.nr + (s->has_steps ? 1 : 0));
	}
	for (i = 0; i < sink->item_nr; i++)
		MUST(*sink->item[i].name != '/' &&
		     strncmp(sink->item[i].name, "../", 3) &&
		     !strstr(sink->item[i].name, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct event_reader *events;
	struct wandb_reader *wandb;
	struct import_sink sink;

	if (len < 1)
		return 0;
	check_wire(data + 1, len - 1);
	import_sink_init(&sink);
	if (*data & 1) {
		events = event_reader_new(&sink);
		event_read(events, data + 1, len - 1, *data & 2 ? "val" : "");
		event_read(events, data + 1, len - 1, "");
		event_reader_end(events);
		event_reader_free(events);
	} else {
		wandb = wandb_reader_new(&sink);
		wandb_read(wandb, data + 1, len - 1);
		wandb_read(wandb, data + 1, len - 1);
		wandb_reader_end(wandb);
		wandb_reader_free(wandb);
	}
	check_sink(&sink);
	import_sink_release(&sink);
	return 0;
}
