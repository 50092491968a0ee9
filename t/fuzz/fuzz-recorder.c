/*
 * Lines of requests from anywhere. Each is answered by one line that says
 * whether it was done and why not; what is recorded can be read. Where runs
 * lie, and whom the recorder asks about the machine, is not the input's to say.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/record/record.h"
#include "lib/exp/recording/recorder.h"
#include "lib/exp/record/trial-find.h"
#include "lib/wrap/json-typed.h"
#include "t/fuzz/fuzz.h"

/* In memory, where there is such a place. */
static char scratch[] = "/dev/shm/fuzz-recorder-XXXXXX";
static char root[PATH_MAX], dir[PATH_MAX];

static void remove_scratch(void)
{
	sys_remove_tree(scratch);
}

static void make_scratch(void)
{
	if (*root)
		return;
	if (!mkdtemp(scratch)) {
		snprintf(scratch, sizeof(scratch), "/tmp/fuzz-rec-XXXXXX");
		MUST(mkdtemp(scratch));
	}
	snprintf(root, sizeof(root), "%s/t", scratch);
	snprintf(dir, sizeof(dir), "%s/t/a", scratch);
	atexit(remove_scratch);
}

static void check_typed(const struct value *value)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct value *again = NULL;

	json_typed_write(&text, value);
	MUST(!memchr(text.buf, '\n', text.len));
	MUST(!json_typed_parse(&again, text.buf, text.len, "again", &err));
	MUST(value_equal(value, again));
	value_free(again);
	strbuf_release(&text);
	strbuf_release(&err);
}

/* The same request, but it stays in its place and asks nobody. */
static void tame(struct value *request)
{
	if (request->type != VALUE_MAP || request->tag)
		return;
	value_map_set_str(request, "cwd", scratch);
	value_map_set_str(request, "root", root);
	value_map_set_str(request, "dir", dir);
	value_map_set(request, "providers", value_new_list());
	value_map_remove(request, "interpreter");
	value_map_remove(request, "pid");
}

static void check_answer(const struct strbuf *answer)
{
	struct value *map = NULL, *ok;

	MUST(answer->len && answer->buf[answer->len - 1] == '\n');
	MUST(strlen(answer->buf) == answer->len);
	MUST(strchr(answer->buf, '\n') == answer->buf + answer->len - 1);
	MUST(!json_typed_parse(&map, answer->buf, answer->len, "answer", NULL));
	ok = value_map_get(map, "ok");
	MUST(ok && ok->type == VALUE_BOOL);
	MUST(ok->u.truth == !value_map_get(map, "error"));
	MUST(ok->u.truth == !value_map_get(map, "code"));
	value_free(map);
}

static void ask(struct recorder *r, const char *line, size_t len)
{
	struct strbuf text = STRBUF_INIT, answer = STRBUF_INIT;
	struct value *request = NULL;

	if (!json_typed_parse(&request, line, len, "line", NULL)) {
		check_typed(request);
		tame(request);
		json_typed_write(&text, request);
	} else {
		strbuf_add(&text, line, len);
	}
	recorder_answer(r, text.buf, text.len, &answer);
	check_answer(&answer);
	value_free(request);
	strbuf_release(&text);
	strbuf_release(&answer);
}

static void check_records(void)
{
	struct found_trials found = FOUND_TRIALS_INIT;
	struct strvec problems = STRVEC_INIT;
	size_t i;

	MUST(!trials_find(&found, root, true, &problems));
	for (i = 0; i < found.nr; i++) {
		struct value *record = NULL;
		const char *state;

		MUST(!record_read(&record, found.trial[i].dir, NULL));
		state = value_get_text(record, "state");
		MUST(state && *state);
		value_free(record);
	}
	found_trials_release(&found);
	strvec_release(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);
	const char *line = text, *end = text + len;
	struct strvec problems = STRVEC_INIT;
	struct recorder *r;
	unsigned nr = 0;

	make_scratch();
	r = recorder_new(getpid());
	while (line < end && nr++ < 16) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));

		lf = lf ? lf : end;
		ask(r, line, (size_t)(lf - line));
		line = lf + 1;
	}
	recorder_end(&r, &problems);
	check_records();
	MUST(!sys_remove_tree(root));
	strvec_release(&problems);
	free(text);
	return 0;
}
