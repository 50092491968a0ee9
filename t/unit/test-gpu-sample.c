#include "lib/base/compat.h"
#include "lib/base/gpu-sample.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

/* An nvidia-smi that says `text`, and then `rest` runs. */
static void stand_in(const char *dir, const char *text, const char *rest)
{
	struct strbuf path = STRBUF_INIT;
	FILE *f;

	strbuf_addf(&path, "%s/nvidia-smi", dir);
	f = fopen(path.buf, "w");
	if (f) {
		fprintf(f, "#!/bin/sh\necho \"$@\" >%s/said\n"
			"printf '%s'\n%s\n", dir, text, rest);
		fclose(f);
		chmod(path.buf, 0755);
	}
	strbuf_release(&path);
}

/* Asks until `nr` are known. */
static unsigned ask(struct gpu_watch *g, struct gpu_sample *out, unsigned nr)
{
	struct timespec ts = { 0, 5000000 };
	unsigned got = 0;
	int tries;

	for (tries = 0; tries < 2000; tries++) {
		got = gpu_watch_read(g, out);
		if (got == nr)
			break;
		nanosleep(&ts, NULL);
	}
	return got;
}

int main(void)
{
	char dir[] = "/tmp/test-gpu-sample.XXXXXX";
	struct gpu_sample s[GPU_MAX];
	struct strbuf path = STRBUF_INIT, said = STRBUF_INIT;
	struct gpu_watch *g;
	FILE *f;

	if (!mkdtemp(dir))
		return 1;
	setenv("PATH", dir, 1);
	check(!gpu_watch_start(1), "nothing where there is no nvidia-smi");

	strbuf_addf(&path, "%s:/usr/bin:/bin", dir);
	setenv("PATH", path.buf, 1);
	setenv("CUDA_VISIBLE_DEVICES", "2,0", 1);
	stand_in(dir, "0, 35, 1024\\n2, [N/A], [Not Supported]\\nwrong\\n"
		 "99, 1, 1\\n-1, 1, 1\\n", "exec sleep 60");
	g = gpu_watch_start(0.5);
	check(g && ask(g, s, 3) == 3, "the highest number and one more");
	check(s[0].known && s[0].load > 34.9 && s[0].load < 35.1 &&
	      s[0].memory == INT64_C(1024) << 20, "load and memory");
	check(!s[1].known, "one that was not told of");
	check(s[2].known && s[2].load < 0 && s[2].memory < 0,
	      "what it cannot tell");
	gpu_watch_stop(&g);
	check(!g, "it is ended, though it would go on");

	strbuf_reset(&path);
	strbuf_addf(&path, "%s/said", dir);
	f = fopen(path.buf, "r");
	strbuf_getdelim(&said, f, '\n');
	fclose(f);
	check(strstr(said.buf, "--id=2,0") && strstr(said.buf,
	      "--loop-ms=500"), "those of the environment, again and again");

	setenv("CUDA_VISIBLE_DEVICES", "$(touch x)", 1);
	stand_in(dir, "7, 1.5, 0\\n", "exit 9");
	g = gpu_watch_start(1);
	check(g && ask(g, s, 0) == 0, "one that ended says nothing any more");
	gpu_watch_stop(&g);
	gpu_watch_stop(&g);
	unlink(path.buf);
	strbuf_reset(&path);
	strbuf_addf(&path, "%s/nvidia-smi", dir);
	unlink(path.buf);
	rmdir(dir);
	strbuf_release(&said);
	strbuf_release(&path);
	return unit_done();
}
