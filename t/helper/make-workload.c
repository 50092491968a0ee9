/*
 * Makes the input of benchmarks and of the memory test, the same bytes each
 * time: make-workload KIND DIR [DIVISOR]. DIR is made. Kinds:
 *
 *	w1	a record and 10,000 files of 1 to 8 KiB: text, CSV, JSON
 *	w2	4 files of 256 MiB: two of float32 weights, two of log text
 *	w3	a results_dir of 1,000 experiments, each of a record and 5
 *		files of 1 to 8 KiB
 *	w3x10	the same with 10,000
 *	log	one file of 1 GiB of log text
 *	many	100,000 files of a few bytes
 *
 * DIVISOR divides the number of files or experiments, of w2 and log their
 * sizes.
 */
#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"

#define BLOCK (1u << 20)

/* splitmix64 (Steele, Lea, Flood 2014): short, fast, any seed is good. */
static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned below(uint64_t *seed, unsigned nr)
{
	return (unsigned)((next(seed) >> 32) * nr >> 32);
}

static double unit(uint64_t *seed)
{
	return (double)(next(seed) >> 11) / 9007199254740992.0;
}

static void put(int fd, const void *data, size_t len, const char *path)
{
	if (write(fd, data, len) != (ssize_t)len)
		die("cannot write '%s'", path);
}

static int make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		die("cannot make '%s'", path);
	return fd;
}

static void make_small(const char *path, const struct strbuf *text)
{
	int fd = make(path);

	put(fd, text->buf, text->len, path);
	close(fd);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0755))
		die("cannot make '%s'", path);
}

/* ---- big files ----------------------------------------------------------- */

/*
 * Standard normal but for the far tails: the sum of twelve numbers that are
 * evenly spread over [0, 1), less their mean.
 */
static float weight(uint64_t *seed)
{
	double sum = 0;
	int i;

	for (i = 0; i < 6; i++) {
		uint64_t r = next(seed);

		sum += (double)(r >> 32) + (double)(r & 0xffffffffu);
	}
	return (float)((sum / 4294967296.0 - 6) * 0.02);
}

static size_t add_weights(unsigned char *buf, uint64_t *seed)
{
	size_t at;

	for (at = 0; at < BLOCK; at += sizeof(float)) {
		float w = weight(seed);

		memcpy(buf + at, &w, sizeof(w));
	}
	return BLOCK;
}

/* What a training prints: most of it is numbers that say something new. */
static void add_line(struct strbuf *out, unsigned long step, uint64_t *seed)
{
	unsigned long ms = step * 127 + below(seed, 100);

	strbuf_addf(out, "2024-07-04 %02lu:%02lu:%02lu,%03lu ",
		    ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60,
		    ms % 1000);
	if (!below(seed, 50))
		strbuf_addf(out, "WARNING loader: worker %u waited %u ms for "
			    "shard-%05u.tar\n", below(seed, 16),
			    below(seed, 5000), below(seed, 4096));
	else
		strbuf_addf(out, "INFO train: epoch %lu step %lu/5000000 "
			    "loss %.5f acc %.4f lr %.3e grad_norm %.3f "
			    "(%.1f ms/step)\n", step / 50000, step,
			    0.3 + unit(seed), 0.5 + unit(seed) / 2,
			    0.001 / (1 + (double)(step / 1000)),
			    unit(seed) * 4, 120 + unit(seed) * 10);
}

struct big_file {
	char *path;
	uint64_t size;
	uint64_t seed;
	bool is_log;
	pthread_t thread;
};

static void *make_big(void *data)
{
	struct big_file *f = data;
	unsigned char *buf = xmalloc(BLOCK);
	struct strbuf text = STRBUF_INIT;
	unsigned long step = 0;
	int fd = make(f->path);
	uint64_t done;

	for (done = 0; done < f->size;) {
		size_t len = BLOCK;

		if (f->is_log) {
			while (text.len < BLOCK)
				add_line(&text, step++, &f->seed);
			memcpy(buf, text.buf, BLOCK);
			strbuf_splice(&text, 0, BLOCK, "", 0);
		} else {
			add_weights(buf, &f->seed);
		}
		if (f->size - done < len)
			len = (size_t)(f->size - done);
		put(fd, buf, len, f->path);
		done += len;
	}
	close(fd);
	strbuf_release(&text);
	free(buf);
	return NULL;
}

static void make_big_files(const char *dir, int nr, int nr_weights,
			   uint64_t size)
{
	struct big_file *file = xcalloc((size_t)nr, sizeof(*file));
	int i;

	for (i = 0; i < nr; i++) {
		bool is_log = i >= nr_weights;

		file[i].path = xstrfmt("%s/%s%d.%s", dir,
				       is_log ? "train" : "weights", i,
				       is_log ? "log" : "bin");
		file[i].size = size;
		file[i].seed = 2 + (uint64_t)i;
		file[i].is_log = is_log;
		if (pthread_create(&file[i].thread, NULL, make_big, &file[i]))
			die("cannot start a thread");
	}
	for (i = 0; i < nr; i++) {
		pthread_join(file[i].thread, NULL);
		free(file[i].path);
	}
	free(file);
}

/* ---- small files --------------------------------------------------------- */

#define NR_WORDS 2000

/* Words of two to ten letters; few are frequent, as in a language. */
static void add_words(struct strbuf *out, size_t len, uint64_t *seed)
{
	size_t column = 0;

	while (out->len < len) {
		double r = unit(seed);
		uint64_t word = (uint64_t)(r * r * r * NR_WORDS) + 1000;
		size_t before = out->len;
		unsigned letters = 2 + below(&word, 9);

		while (letters--)
			strbuf_addch(out, "etaoinshrdlucmfwypvbgk"
				     [below(&word, 22)]);
		column += out->len - before + 1;
		strbuf_addch(out, column > 72 ? '\n' : ' ');
		if (column > 72)
			column = 0;
	}
}

static void add_csv(struct strbuf *out, size_t len, uint64_t *seed)
{
	unsigned row;

	strbuf_addstr(out, "step,loss,accuracy,learning_rate,seconds\n");
	for (row = 0; out->len < len; row++)
		strbuf_addf(out, "%u,%.6f,%.4f,%.4e,%.3f\n", row * 10,
			    unit(seed) * 3, unit(seed), 0.001 / (row + 1),
			    row * 1.27 + unit(seed));
}

static void add_json(struct strbuf *out, size_t len, uint64_t *seed)
{
	unsigned item;

	strbuf_addstr(out, "[\n");
	for (item = 0; out->len < len; item++)
		strbuf_addf(out, "  {\"id\": %u, \"label\": \"class-%u\", "
			    "\"score\": %.6f, \"box\": [%u, %u, %u, %u]},\n",
			    item, below(seed, 80), unit(seed),
			    below(seed, 640), below(seed, 480),
			    below(seed, 640), below(seed, 480));
	strbuf_addstr(out, "  {}\n]\n");
}

static void make_record(const char *dir)
{
	struct strbuf text = STRBUF_INIT;
	char *path = xstrfmt("%s/resutil-exp.yaml", dir);

	strbuf_addstr(&text, "resutil: 1\n"
		      "id: 00000000-0000-4000-8000-000000000001\n"
		      "revision: 2\n"
		      "name: aapfup_20240704T191555_w1\n"
		      "cmd: python train.py --lr 0.001\n"
		      "params:\n  lr: 0.001\n"
		      "at:\n"
		      "  started: \"2024-07-04T19:15:55.000000+09:00\"\n"
		      "  finished: \"2024-07-04T20:15:55.000000+09:00\"\n"
		      "state: done\nexit_code: 0\n");
	make_small(path, &text);
	strbuf_release(&text);
	free(path);
}

static void (*const add[])(struct strbuf *, size_t, uint64_t *) = {
	add_words, add_csv, add_json
};
static const char *const ending[] = { "txt", "csv", "json" };

static void make_w1(const char *dir, unsigned divisor)
{
	struct strbuf text = STRBUF_INIT;
	unsigned nr = 10000 / divisor, i;
	uint64_t seed = 1;

	make_record(dir);
	for (i = 0; i < nr; i++) {
		unsigned kind = i % ARRAY_SIZE(add);
		char *path = xstrfmt("%s/part-%03u", dir, i / 100);

		if (i % 100 == 0)
			make_dir(path);
		free(path);
		path = xstrfmt("%s/part-%03u/item-%05u.%s", dir, i / 100, i,
			       ending[kind]);
		strbuf_reset(&text);
		add[kind](&text, 1024 + below(&seed, 7 * 1024), &seed);
		make_small(path, &text);
		free(path);
	}
	strbuf_release(&text);
}

/* As `run` writes it, but for what git and the machine would say. */
static void add_record(struct strbuf *out, const char *name, const char *time,
		       unsigned nr)
{
	strbuf_addf(out, "resutil: 1\n"
		    "id: 00000000-0000-4000-8000-%012u\n"
		    "revision: 2\n"
		    "name: %s\n"
		    "cmd: python3 train.py --lr 0.001 --seed %u\n"
		    "argv:\n- python3\n- train.py\n- --lr\n- \"0.001\"\n"
		    "- --seed\n- \"%u\"\n"
		    "cwd: .\n"
		    "params:\n  lr: 0.001\n  seed: %u\n"
		    "dependency: []\n"
		    "result_dir: results/%s\n", nr, name, nr, nr, nr, name);
	strbuf_addf(out, "at:\n"
		    "  created: \"%s\"\n"
		    "  started: \"%s\"\n"
		    "  finished: \"%s\"\n"
		    "state: done\nexit_code: 0\n"
		    "usage:\n  wall: 0.5\n  user: 0.25\n  sys: 0.125\n"
		    "host: bench\nuser: bench\n", time, time, time);
}

/* One a minute; the name says so. */
static void make_one_run(const char *dir, unsigned nr, struct tm *tm,
			 uint64_t *seed)
{
	struct strbuf name = STRBUF_INIT, text = STRBUF_INIT;
	char *comment = xstrfmt("run-%05u", nr), *path;
	char time[64];
	unsigned i;

	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S.000000+00:00", tm);
	name_make(&name, tm, comment);
	path = xstrfmt("%s/%s", dir, name.buf);
	make_dir(path);
	free(path);
	path = xstrfmt("%s/%s/resutil-exp.yaml", dir, name.buf);
	add_record(&text, name.buf, time, nr);
	make_small(path, &text);
	free(path);
	for (i = 0; i < 5; i++) {
		path = xstrfmt("%s/%s/out-%u.%s", dir, name.buf, i,
			       ending[i % ARRAY_SIZE(ending)]);
		strbuf_reset(&text);
		add[i % ARRAY_SIZE(add)](&text, 1024 + below(seed, 7 * 1024),
					 seed);
		make_small(path, &text);
		free(path);
	}
	strbuf_release(&name);
	strbuf_release(&text);
	free(comment);
}

static void make_runs(const char *dir, unsigned nr)
{
	struct tm tm = { .tm_year = 124, .tm_mday = 1 };
	uint64_t seed = 3;
	unsigned i, j;

	for (i = 0; i < nr; i++) {
		make_one_run(dir, i, &tm, &seed);
		for (j = 0; j < 60; j++)
			name_next_second(&tm);
	}
}

static void make_many(const char *dir, unsigned divisor)
{
	struct strbuf text = STRBUF_INIT;
	unsigned nr = 100000 / divisor, i;

	for (i = 0; i < nr; i++) {
		char *path = xstrfmt("%s/part-%03u", dir, i / 1000);

		if (i % 1000 == 0)
			make_dir(path);
		free(path);
		path = xstrfmt("%s/part-%03u/item-%06u", dir, i / 1000, i);
		strbuf_reset(&text);
		strbuf_addf(&text, "%u\n", i);
		make_small(path, &text);
		free(path);
	}
	strbuf_release(&text);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[1] : "";
	long divisor = argc > 3 ? strtol(argv[3], NULL, 10) : 1;

	if (argc < 3 || argc > 4 || divisor < 1 || divisor > 10000)
		die_status(EXIT_USAGE,
			   "usage: make-workload w1|w2|w3|w3x10|log|many DIR "
			   "[DIVISOR]");
	make_dir(argv[2]);
	if (!strcmp(kind, "w1"))
		make_w1(argv[2], (unsigned)divisor);
	else if (!strcmp(kind, "w2"))
		make_big_files(argv[2], 4, 2,
			       ((uint64_t)256 << 20) / (unsigned)divisor);
	else if (!strcmp(kind, "w3"))
		make_runs(argv[2], 1000 / (unsigned)divisor);
	else if (!strcmp(kind, "w3x10"))
		make_runs(argv[2], 10000 / (unsigned)divisor);
	else if (!strcmp(kind, "log"))
		make_big_files(argv[2], 1, 0,
			       ((uint64_t)1 << 30) / (unsigned)divisor);
	else if (!strcmp(kind, "many"))
		make_many(argv[2], (unsigned)divisor);
	else
		die_status(EXIT_USAGE, "no kind '%s'", kind);
	return 0;
}
