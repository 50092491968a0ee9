#include "lib/base/compat.h"
#include "lib/base/gpu-sample.h"

#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

#define PROGRAM "nvidia-smi"
#define LINE_MAX_BYTES 1024
#define MIB (1024 * 1024)

/* A driver that hangs does not let its process die; then it is left. */
#define REAP_TRIES 100
#define REAP_PAUSE_MS 5

struct gpu_watch {
	struct child_process child;
	bool runs;
	struct strbuf line;	/* what came of one so far */
	struct gpu_sample sample[GPU_MAX];
	unsigned nr;
};

/* Numbers or ids of processors. Anything else is left to the program. */
static bool is_device_list(const char *text)
{
	return text && *text &&
	       strspn(text, "0123456789abcdefABCDEFGPUMIG-,") == strlen(text);
}

struct gpu_watch *gpu_watch_start(double seconds)
{
	const char *devices = getenv("CUDA_VISIBLE_DEVICES");
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct gpu_watch *g = NULL;

	if (path_find_program(&path, PROGRAM, &why))
		goto cleanup;
	g = xcalloc(1, sizeof(*g));
	child_process_init(&g->child);
	strbuf_init(&g->line);
	g->child.program = path.buf;
	g->child.no_stdin = 1;
	g->child.no_stderr = 1;
	g->child.out = -1;
	/* Ctrl-C is for the program. */
	g->child.new_session = 1;
	strvec_pushl(&g->child.args, PROGRAM,
		     "--query-gpu=index,utilization.gpu,memory.used",
		     "--format=csv,noheader,nounits", NULL);
	if (is_device_list(devices))
		strvec_pushf(&g->child.args, "--id=%s", devices);
	strvec_pushf(&g->child.args, "--loop-ms=%ld", (long)(seconds * 1000));
	if (start_command(&g->child, &why)) {
		strbuf_release(&g->line);
		free(g);
		g = NULL;
		goto cleanup;
	}
	g->child.program = NULL;
	g->runs = true;
	fcntl(g->child.out, F_SETFL,
	      fcntl(g->child.out, F_GETFL) | O_NONBLOCK);

cleanup:
	strbuf_release(&why);
	strbuf_release(&path);
	return g;
}

/* "0, 35, 1024"; "[N/A]" and the like where it cannot tell. */
static void take_line(struct gpu_watch *g)
{
	struct gpu_sample s = { .known = true, .load = -1, .memory = -1 };
	const char *at = g->line.buf;
	char *end;
	long index = strtol(at, &end, 10);
	double memory;

	if (end == at || index < 0 || index >= GPU_MAX || *end != ',')
		return;
	at = end + 1;
	s.load = strtod(at, &end);
	if (end == at || !(s.load >= 0 && s.load <= 100))
		s.load = -1;
	at = strchr(at, ',');
	memory = at ? strtod(at + 1, &end) : -1;
	if (at && end != at + 1 && memory >= 0 && memory < 1e9)
		s.memory = (int64_t)memory * MIB;
	g->sample[index] = s;
	g->nr = MAXIMUM(g->nr, (unsigned)index + 1);
}

static void end_child(struct gpu_watch *g, bool kill_it)
{
	const struct timespec pause = { .tv_nsec = REAP_PAUSE_MS * 1000000 };
	int tries = 0;

	if (!g->runs)
		return;
	if (kill_it)
		kill(g->child.pid, SIGKILL);
	while (!waitpid(g->child.pid, NULL, WNOHANG) && tries++ < REAP_TRIES)
		nanosleep(&pause, NULL);
	close(g->child.out);
	child_process_release(&g->child);
	g->runs = false;
}

static void take_bytes(struct gpu_watch *g, const char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (buf[i] == '\n') {
			take_line(g);
			strbuf_reset(&g->line);
		} else if (g->line.len < LINE_MAX_BYTES) {
			strbuf_addch(&g->line, buf[i]);
		}
	}
}

unsigned gpu_watch_read(struct gpu_watch *g, struct gpu_sample *out)
{
	char buf[4096];
	ssize_t got = 0;

	/* As much as it may have written since; not what it writes for ever. */
	size_t left = 64 * sizeof(buf);

	while (g->runs && left) {
		got = read(g->child.out, buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		take_bytes(g, buf, (size_t)got);
		left -= MINIMUM(left, (size_t)got);
	}
	/* It ended: no driver, or no such processor. What it said is old. */
	if (g->runs && left && !got) {
		end_child(g, true);
		g->nr = 0;
	}
	memcpy(out, g->sample, sizeof(g->sample));
	return g->nr;
}

void gpu_watch_stop(struct gpu_watch **g)
{
	if (!*g)
		return;
	end_child(*g, true);
	strbuf_release(&(*g)->line);
	free(*g);
	*g = NULL;
}
