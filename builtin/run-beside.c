#include "lib/base/compat.h"
#include "command.h"
#include "builtin/run-beside.h"

#include "builtin/run-store.h"
#include "lib/base/age.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/ticker.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/recording/monitor.h"

#define MONITOR_SECONDS 10
#define MONITOR_MIN 0.1
#define SECONDS_MAX (366.0 * 86400)

/* A request takes milliseconds; where the disk does not answer, the next one
 * may do better. */
#define REQUEST_MS 10000
#define ANSWER_MAX 65536

/* "10m" as age_parse() has it, or seconds with a fraction. */
static int parse_seconds(double *out, const char *text, double least,
			 struct strbuf *err)
{
	struct strbuf ignored = STRBUF_INIT;
	unsigned seconds;
	char *end;

	*out = strtod(text, &end);
	if (end == text || *end || !strchr("0123456789.", *text))
		*out = age_parse(&seconds, text, &ignored) ? -1.0 :
							     (double)seconds;
	strbuf_release(&ignored);
	if (*out >= least && *out <= SECONDS_MAX)
		return 0;
	return fail(err, ERR_USAGE, "'%s' is no duration from %g s to a year; "
		    "it is a number and s, m, h or d, as in '10m'", text,
		    least);
}

int run_beside_every(const struct option *opt, const char *arg, bool unset,
		     struct strbuf *err)
{
	double *seconds = opt->value;

	if (unset) {
		*seconds = -1;
		return 0;
	}
	return parse_seconds(seconds, arg, 1, err);
}

int run_beside_monitor(const struct option *opt, const char *arg, bool unset,
		       struct strbuf *err)
{
	double *seconds = opt->value;

	if (unset || !arg || !*arg) {
		*seconds = unset ? -1 : MONITOR_SECONDS;
		return 0;
	}
	return parse_seconds(seconds, arg, MONITOR_MIN, err);
}

/* yes_seconds: what `yes` means; 0: it is no word for it. */
static int configure(double *seconds, const char *key, double least,
		     double yes_seconds, struct strbuf *err)
{
	const char *text = settings_get_str(key, "no");
	struct strbuf why = STRBUF_INIT;
	bool yes;
	int ret = 0;

	if (*seconds)
		return 0;
	/* 1 is a second. */
	if (settings_parse_bool(text, &yes) && strcmp(text, "1")) {
		if (!yes || yes_seconds > 0)
			*seconds = yes ? yes_seconds : 0;
		else
			ret = fail(err, ERR_CONTENT, "the setting '%s' is a "
				   "duration or no, not '%s'", key, text);
	} else if (parse_seconds(seconds, text, least, &why)) {
		ret = fail(err, ERR_CONTENT, "the setting '%s': %s", key,
			   why.buf);
	}
	strbuf_release(&why);
	return ret;
}

int run_beside_configure(struct run_beside *b, struct strbuf *err)
{
	int ret = configure(&b->every, "run.checkpoint-every", 1, 0, err);

	if (!ret)
		ret = configure(&b->monitor, "run.monitor", MONITOR_MIN,
				MONITOR_SECONDS, err);
	return ret;
}

/* ---- checkpoints --------------------------------------------------------- */

static void note_failure(struct run_beside *b, const struct strbuf *why)
{
	const char *end = strchr(why->buf, '\n');
	static const char own[] = "resutil: ";
	const char *from = why->buf;

	if (b->failed++)
		return;
	if (!strncmp(from, own, sizeof(own) - 1))
		from += sizeof(own) - 1;
	if (!end || end < from)
		end = from + strlen(from);
	strbuf_add(&b->why, from, (size_t)(end - from));
}

/* In the ticker's thread, which may wait. */
static void ask_for_checkpoint(void *data)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, said = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct run_beside *b = data;
	int status;

	child.resutil_cmd = 1;
	child.new_session = 1;	/* Ctrl-C is for the program */
	child.dir = the_project->root;
	child.limit = REQUEST_MS;
	strvec_pushl(&child.args, "--no-interactive", "checkpoint",
		     "--background", NULL);
	strvec_pushf(&child.args, "--exp=%s", b->name);
	status = pipe_command(&child, NULL, 0, &out, &said, ANSWER_MAX, &err);
	b->asked++;
	if (status > 0 && !said.len)
		strbuf_addf(&said, "exit status %d", status);
	if (status)
		note_failure(b, status < 0 ? &err : &said);
	strbuf_release(&err);
	strbuf_release(&said);
	strbuf_release(&out);
}

static void start_checkpoints(struct run_beside *b, bool debug)
{
	struct strbuf err = STRBUF_INIT;

	if (b->every <= 0 || debug || !run_may_ask_stores())
		return;
	if (ticker_start(&b->checkpoints, b->every, b->every,
			 ask_for_checkpoint, b, &err))
		warning(_("no checkpoints are sent: %s"), err.buf);
	strbuf_release(&err);
}

/* ---- both ---------------------------------------------------------------- */

void run_beside_start(struct run_beside *b, pid_t pid, const char *name,
		      const char *dir, const char *id, bool debug)
{
	struct strbuf err = STRBUF_INIT;

	free(b->name);
	b->name = xstrdup(name);
	start_checkpoints(b, debug);
	if (b->monitor > 0 &&
	    monitor_start(&b->watch, dir, id, pid, b->monitor, &err))
		warning(_("the machine is not monitored: %s"), err.buf);
	strbuf_release(&err);
}

void run_beside_stop(struct run_beside *b)
{
	/* First, while the program can be looked at. */
	monitor_stop(&b->watch, &b->lost);
	ticker_stop(&b->checkpoints);
}

void run_beside_tell(const struct run_beside *b)
{
	if (b->lost.len)
		warning("%s", b->lost.buf);
	if (b->failed)
		warning(_("%u of %u checkpoints could not be asked for: %s"),
			b->failed, b->asked, b->why.buf);
}

void run_beside_release(struct run_beside *b)
{
	free(b->name);
	strbuf_release(&b->why);
	strbuf_release(&b->lost);
}
