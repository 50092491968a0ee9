#include "lib/base/compat.h"
#include "lib/sync/check-ledger.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/tempfile.h"
#include "lib/sync/ledger-internal.h"

#include <dirent.h>

/* Readers take no lock, so a line may be half there because it is written. */
#define TRIES 100		/* of 2 milliseconds */

struct ledger_check {
	const struct project *p;
	const struct check_options *options;
	finding_fn fn;
	void *data;
	struct strbuf path;
	const char *where;	/* in path */
	struct strbuf text;	/* of the file */
	struct strbuf good;	/* its lines that can be read */
	int ret;		/* of fn */
	int failed;
};

static void PRINTF_LIKE(3, 4) tell(struct ledger_check *c, struct finding f,
				   const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	f.where = c->where;
	f.text = text.buf;
	if (!c->ret)
		c->ret = c->fn(&f, c->data);
	strbuf_release(&text);
}

/* ---- reading ------------------------------------------------------------- */

struct ledger_state {
	uint64_t version;
	size_t bad, first_bad;	/* lines; from 1 */
	size_t torn;		/* bytes behind the last LF */
};

static int read_text(struct ledger_check *c, int fd)
{
	strbuf_reset(&c->text);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return strbuf_read_fd(&c->text, fd, LEDGER_MAX_BYTES);
}

/* Also puts what can be read into c->good; c->text is cut to pieces. */
static void parse_text(struct ledger_check *c, struct ledger_state *s)
{
	char *line = c->text.buf, *end = line + c->text.len, *lf;
	struct ledger_line parsed;
	size_t nr = 0, start;

	memset(s, 0, sizeof(*s));
	strbuf_reset(&c->good);
	for (; (lf = memchr(line, '\n', (size_t)(end - line))); line = lf + 1) {
		*lf = '\0';
		start = c->good.len;
		strbuf_add(&c->good, line, (size_t)(lf - line));
		strbuf_addch(&c->good, '\n');
		if (!nr++) {
			s->version = ledger_version(line);
			if (s->version)
				continue;
		} else if (strlen(line) == (size_t)(lf - line) &&
			   ledger_parse(&parsed, line) != LEDGER_BAD) {
			continue;
		}
		strbuf_setlen(&c->good, start);
		if (!s->bad++)
			s->first_bad = nr;
	}
	s->torn = (size_t)(end - line);
}

/* Not while somebody writes to it. */
static int look(struct ledger_check *c, int fd, struct ledger_state *s)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (tries)
			nanosleep(&nap, NULL);
		if (read_text(c, fd))
			return -1;
		parse_text(c, s);
		if (!s->torn || filelock_is_held(fd, LEDGER_LOCK_BYTE) != 1)
			break;
	}
	return 0;
}

/* ---- mending ------------------------------------------------------------- */

/* The file, locked as a writer of notes locks it. */
static int lock_ledger(const struct ledger_check *c)
{
	int fd, tries;

	for (tries = 0; tries < TRIES; tries++) {
		fd = sys_open(c->path.buf, O_RDWR | O_NOFOLLOW, 0);
		if (fd < 0)
			return -1;
		if (filelock_take(fd, LEDGER_LOCK_BYTE, true)) {
			close(fd);
			return -1;
		}
		if (hold_has_name(fd, AT_FDCWD, c->path.buf))
			return fd;
		close(fd);	/* it was written anew while we waited */
	}
	errno = EBUSY;
	return -1;
}

/* Without what cannot be read, and without what a crash tore. */
static int write_good(struct ledger_check *c)
{
	struct ledger_state s;
	int fd = lock_ledger(c), ret = -1;

	if (fd < 0)
		return -1;
	if (!read_text(c, fd)) {
		parse_text(c, &s);
		if (!s.version)
			strbuf_insert(&c->good, 0, LEDGER_HEADER,
				      strlen(LEDGER_HEADER));
		ret = write_file_atomic(c->path.buf, c->good.buf, c->good.len,
					0666, TEMPFILE_SYNC, NULL) ? -1 : 0;
	}
	close(fd);
	return ret;
}

static int cut_torn(struct ledger_check *c)
{
	struct ledger_state s;
	int fd = lock_ledger(c), ret = -1;

	if (fd < 0)
		return -1;
	if (!read_text(c, fd)) {
		parse_text(c, &s);
		ret = !s.torn ? 0 :
		      sys_ftruncate(fd, (off_t)(c->text.len - s.torn));
	}
	close(fd);
	return ret;
}

static enum finding_state mend(struct ledger_check *c, unsigned flag,
			       enum finding_state done,
			       int (*fn)(struct ledger_check *))
{
	if (!(c->options->flags & flag))
		return FINDING_OPEN;
	if (c->options->flags & CHECK_DRY_RUN)
		return FINDING_WOULD;
	if (!fn(c))
		return done;
	c->failed++;
	return FINDING_OPEN;
}

static void tell_state(struct ledger_check *c, const struct ledger_state *s)
{
	struct finding f = { .level = FINDING_WARNING, .id = "ledger-line" };

	if (s->version > LEDGER_FORMAT) {
		f.level = FINDING_ERROR;
		f.id = "ledger-version";
		tell(c, f, "it is of version %" PRIu64 ", this resutil knows "
		     "%d; a newer one is needed", s->version, LEDGER_FORMAT);
		return;
	}
	if (s->bad) {
		f.state = mend(c, CHECK_REPAIR, FINDING_MENDED, write_good);
		tell(c, f, "%zu line%s cannot be read, the first is line %zu: "
		     "what %s noted is not known any more", s->bad,
		     s->bad == 1 ? "" : "s", s->first_bad,
		     s->bad == 1 ? "it" : "they");
	}
	if (s->torn && f.state != FINDING_MENDED) {
		f.level = FINDING_LEFTOVER;
		f.id = "ledger-torn";
		f.state = finding_is_kept(c->options, f.id) ? FINDING_OPEN :
			  mend(c, CHECK_PRUNE, FINDING_REMOVED, cut_torn);
		f.bytes = s->torn;
		tell(c, f, "a last line that was not written to its end");
	}
}

static void look_at_ledger(struct ledger_check *c)
{
	struct finding f = { .level = FINDING_ERROR, .id = "ledger-line" };
	struct ledger_state s;
	struct stat st;
	int fd;

	fd = open(c->path.buf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    look(c, fd, &s))
		tell(c, f, "it cannot be read: %s", strerror(errno));
	else
		tell_state(c, &s);
	if (fd >= 0)
		close(fd);
}

void ledger_list(const struct project *p, struct strvec *out)
{
	static const char suffix[] = ".log";
	struct strbuf path = STRBUF_INIT;
	const struct dirent *entry;
	size_t len;
	DIR *dir;
	int fd;

	strbuf_addf(&path, "%s/.resutil/remotes", p->root);
	/* .resutil may have come with a clone: what a link leads to is not to
	 * be mended */
	fd = open(path.buf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !dir)
		close(fd);
	while (dir && (entry = readdir(dir))) {
		len = strlen(entry->d_name);
		if (*entry->d_name != '.' && len >= sizeof(suffix) &&
		    !strcmp(entry->d_name + len + 1 - sizeof(suffix), suffix))
			strvec_pushn(out, entry->d_name,
				     len + 1 - sizeof(suffix));
	}
	if (dir)
		closedir(dir);
	strvec_sort(out, false);
	strbuf_release(&path);
}

void ledger_set_open(struct ledger_set *s)
{
	struct strvec remotes = STRVEC_INIT;
	size_t i;

	ledger_list(s->p, &remotes);
	s->ledger = xcalloc(remotes.nr + 1, sizeof(*s->ledger));
	/* One that cannot be read is a finding of its own. What was copied
	 * from one store to another ('@') says nothing of what is here. */
	for (i = 0; i < remotes.nr; i++)
		if (*remotes.v[i] != '@' &&
		    !ledger_open(&s->ledger[s->nr], s->p, remotes.v[i], NULL))
			s->nr++;
	strvec_release(&remotes);
}

void ledger_set_close(struct ledger_set *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		ledger_close(s->ledger[i]);
	free(s->ledger);
	s->ledger = NULL;
	s->nr = 0;
}

bool ledger_set_has(const char *name, void *set)
{
	struct ledger_set *s = set;
	size_t i;

	if (!s->ledger)
		ledger_set_open(s);
	for (i = 0; i < s->nr; i++)
		if (ledger_done(s->ledger[i], name))
			return true;
	return false;
}

int check_ledgers(const struct project *p, const struct check_options *options,
		  finding_fn fn, void *data, struct strbuf *err)
{
	struct ledger_check c = { .p = p, .options = options, .fn = fn,
				  .data = data, .path = STRBUF_INIT,
				  .text = STRBUF_INIT, .good = STRBUF_INIT };
	struct strvec remotes = STRVEC_INIT;
	size_t i;

	ledger_list(p, &remotes);
	for (i = 0; i < remotes.nr && !c.ret; i++) {
		strbuf_reset(&c.path);
		strbuf_addf(&c.path, "%s/.resutil/remotes/%s.log", p->root,
			    remotes.v[i]);
		c.where = c.path.buf + strlen(p->root) + 1;
		look_at_ledger(&c);
	}
	if (!c.ret && c.failed)
		c.ret = fail(err, ERR_FAILED, "%d ledger%s could not be mended",
			     c.failed, c.failed == 1 ? "" : "s");
	strvec_release(&remotes);
	strbuf_release(&c.good);
	strbuf_release(&c.text);
	strbuf_release(&c.path);
	return c.ret;
}
