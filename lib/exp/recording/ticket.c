/*
 * Who may remove the file: whoever holds both bytes of it, finds nothing left
 * to do, and checks that it is still the file of that name. Who opens it
 * checks the same once byte 1 is held, so nobody asks by a file that is gone.
 * Byte 0 is waited for by who holds nothing, byte 1 also by who holds byte 0.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/ticket.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/fingerprint.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/store/remotes.h"

#include <dirent.h>

#define SENDER 0	/* byte that says that somebody sends */
#define NUMBERS 1	/* byte that serialises who reads and writes them */

/* One write(2), so that no reader ever meets half of it. */
#define TEXT_BYTES 192
#define NUMBER_MAX (UINT64_MAX / 2)	/* nobody ever asked that often */

/* How long the end of a run waits for who sends, and when it uses force. */
#define STOP_MS 6000
#define FORCE_MS 2000
#define LOOK_MS 10
#define CMDLINE_MAX (2u << 20)

struct ticket {
	int fd;
	char *path;
	uint64_t mine;		/* number of our request; 0: of others */
	uint64_t begun;		/* what we send answers up to this one */
	bool sending;		/* byte 0 is ours */
};

struct numbers {
	uint64_t asked, begun, done;
	/* Who sends, if it may be stopped; pid 0: nobody. */
	int64_t pid;
	uint64_t start;
	char boot[64];
};

const char *ticket_key(const struct value *record, const char *name)
{
	const char *id = value_get_text(record, "id");

	return id && record_is_id(id) ? id : name;
}

/* ---- the file ------------------------------------------------------------ */

static int ticket_path(struct strbuf *path, const struct ticket_place *place,
		       bool make, struct strbuf *err)
{
	unsigned char raw[FINGERPRINT_RAWSZ];
	struct fingerprint f = FINGERPRINT_INIT;
	const char *remote = place->remote;

	if (!make)
		strbuf_addf(path, "%s/.resutil/live/", place->project->root);
	else if (project_private(place->project, "live/", path, err))
		return ERR_FAILED;
	strbuf_addf(path, "%s" TICKET_SUFFIX, place->key);
	if (!remote || !strcmp(remote, REMOTE_ORIGIN))
		return 0;
	fingerprint_add(&f, remote, strlen(remote));
	fingerprint_finish(&f, raw);
	strbuf_addf(path, ".%02x%02x%02x%02x", raw[0], raw[1], raw[2], raw[3]);
	return 0;
}

/*
 * The file with byte NUMBERS held. Returns -1 and errno. Where there are no
 * locks several may send at once; the store has its own way to tell them apart.
 */
static int open_locked(const char *path, bool make)
{
	int fd, saved;

	for (;;) {
		fd = sys_open(path, O_RDWR | O_NOFOLLOW | (make ? O_CREAT : 0),
			      0666);
		if (fd < 0)
			return -1;
		if (filelock_take_if_any(fd, NUMBERS, true)) {
			saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		if (hold_has_name(fd, AT_FDCWD, path))
			return fd;
		close(fd);	/* removed while we waited */
	}
}

static void unlock(int fd)
{
	filelock_release(fd, NUMBERS);
}

static void read_numbers(int fd, struct numbers *n)
{
	char text[TEXT_BYTES + 1];
	ssize_t len = pread(fd, text, TEXT_BYTES, 0);
	int found = 0;

	memset(n, 0, sizeof(*n));
	if (len > 0) {
		text[len] = '\0';
		found = sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %"
			       SCNd64 " %" SCNu64 " %63s", &n->asked,
			       &n->begun, &n->done, &n->pid, &n->start,
			       n->boot);
	}
	/* Another tool's, or what a full disk left: as if it were new. */
	if (found != 6 || n->asked > NUMBER_MAX || n->begun > n->asked ||
	    n->done > n->begun)
		memset(n, 0, sizeof(*n));
}

static int write_numbers(int fd, const struct numbers *n)
{
	char text[TEXT_BYTES + 1], line[TEXT_BYTES];

	snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu64 " %"
		 PRId64 " %" PRIu64 " %s", n->asked, n->begun, n->done,
		 n->pid, n->start, *n->boot ? n->boot : "-");
	snprintf(text, sizeof(text), "%-*s\n", TEXT_BYTES - 1, line);
	return sys_pwrite_all(fd, text, TEXT_BYTES, 0);
}

static struct ticket *new_ticket(int fd, const char *path)
{
	struct ticket *t = xcalloc(1, sizeof(*t));

	t->fd = fd;
	t->path = xstrdup(path);
	return t;
}

void ticket_free(struct ticket *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}

/* ---- asking -------------------------------------------------------------- */

/* With byte NUMBERS held. Nothing is left behind by a request that cannot be
 * noted. */
static int note_request(int fd, const char *path, uint64_t *mine, bool *idle)
{
	struct numbers n;
	int ret, saved;

	read_numbers(fd, &n);
	*idle = filelock_is_held(fd, SENDER) != 1;
	*mine = ++n.asked;
	ret = write_numbers(fd, &n);
	saved = errno;
	if (ret && *idle && n.begun + 1 == n.asked)
		sys_unlink(path);
	errno = saved;
	return ret;
}

static int ask(struct ticket **out, const char *path, bool make, bool *idle,
	       struct strbuf *err)
{
	int fd = open_locked(path, make);
	uint64_t mine = 0;

	if (fd < 0 && errno == ENOENT && !make)
		return ERR_NOT_FOUND;
	if (fd < 0 || note_request(fd, path, &mine, idle)) {
		fail_errno(err, "cannot note the request in '%s'", path);
		if (fd >= 0)
			close(fd);
		return ERR_FAILED;
	}
	unlock(fd);
	*out = new_ticket(fd, path);
	(*out)->mine = mine;
	return 0;
}

int ticket_ask(struct ticket **out, const struct ticket_place *place,
	       bool *idle, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = ticket_path(&path, place, true, err);

	if (!ret)
		ret = ask(out, path.buf, true, idle, err);
	strbuf_release(&path);
	return ret;
}

int ticket_open(struct ticket **out, const struct ticket_place *place,
		struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int fd, ret = ticket_path(&path, place, false, err);

	fd = sys_open(path.buf, O_RDWR | O_NOFOLLOW, 0);
	if (fd < 0 && errno == ENOENT)
		ret = fail(err, ERR_NOT_FOUND, "nothing was asked for");
	else if (fd < 0)
		ret = fail_errno(err, "cannot open '%s'", path.buf);
	else
		*out = new_ticket(fd, path.buf);
	strbuf_release(&path);
	return ret;
}

/* ---- sending ------------------------------------------------------------- */

/* With both bytes held, and nothing to do. */
static void remove_file(struct ticket *t)
{
	if (hold_has_name(t->fd, AT_FDCWD, t->path))
		sys_unlink(t->path);
}

static void let_go(struct ticket *t)
{
	t->sending = false;
	unlock(t->fd);
	filelock_release(t->fd, SENDER);
}

static void note_sender(struct numbers *n, bool stoppable)
{
	n->pid = stoppable ? getpid() : 0;
	n->start = stoppable ? process_start_ticks(getpid()) : 0;
	snprintf(n->boot, sizeof(n->boot), "%s", record_boot_id());
}

/* It was our turn once everything was done, and the file removed: who asked by
 * it asks anew, by the file that has the name now. */
static int ask_anew(struct ticket *t, struct strbuf *err)
{
	struct ticket *other = NULL;
	bool idle;
	int ret = ask(&other, t->path, true, &idle, err);

	if (ret)
		return ret;
	close(t->fd);
	t->fd = other->fd;
	t->mine = other->mine;
	t->sending = false;
	other->fd = -1;
	ticket_free(other);
	return 0;
}

/*
 * With byte SENDER held. Returns 0, ERR_CONFLICT (the file is gone), or
 * ERR_FAILED and errno. That numbers cannot be written is no reason not to
 * send: somebody may send once more than needed, and cannot be stopped.
 */
static int take_turn(struct ticket *t, unsigned flags, enum ticket_turn *turn)
{
	bool own = t->mine && !t->sending;	/* not of others, after ours */
	struct numbers n;

	if (filelock_take_if_any(t->fd, NUMBERS, true))
		return ERR_FAILED;
	t->sending = true;
	read_numbers(t->fd, &n);
	*turn = TICKET_DONE;
	if (own ? n.done < t->mine : n.asked > n.begun)
		*turn = TICKET_OURS;
	if (*turn == TICKET_OURS && !hold_has_name(t->fd, AT_FDCWD, t->path)) {
		let_go(t);
		return ERR_CONFLICT;
	}
	if (*turn == TICKET_DONE) {
		if (n.asked == n.begun)
			remove_file(t);
		let_go(t);
		return 0;
	}
	t->begun = n.begun = n.asked;
	note_sender(&n, flags & TICKET_STOPPABLE);
	write_numbers(t->fd, &n);
	unlock(t->fd);
	return 0;
}

int ticket_take(struct ticket *t, unsigned flags, enum ticket_turn *turn,
		struct strbuf *err)
{
	int ret;

	for (;;) {
		*turn = TICKET_BUSY;
		if (!t->sending &&
		    filelock_take_if_any(t->fd, SENDER, flags & TICKET_WAIT)) {
			if (errno == EWOULDBLOCK)
				return 0;
			return fail_errno(err, "cannot lock '%s'", t->path);
		}
		ret = take_turn(t, flags, turn);
		if (ret == ERR_FAILED)
			return fail_errno(err, "cannot lock '%s'", t->path);
		if (ret != ERR_CONFLICT)
			return 0;
		if (!t->mine) {
			*turn = TICKET_DONE;
			return 0;
		}
		ret = ask_anew(t, err);
		if (ret)
			return ret;
	}
}

bool ticket_finish(struct ticket *t, bool sent)
{
	struct numbers n;
	bool more;

	/* Without the lock, or room for the numbers: who waits sends it once
	 * more. */
	if (filelock_take_if_any(t->fd, NUMBERS, true))
		return false;
	read_numbers(t->fd, &n);
	n.pid = 0;
	n.begun = MAXIMUM(n.begun, t->begun);
	if (sent)
		n.done = MAXIMUM(n.done, t->begun);
	more = n.asked > n.begun;
	write_numbers(t->fd, &n);
	if (more) {
		unlock(t->fd);
	} else {
		remove_file(t);
		let_go(t);
	}
	return more;
}

/* ---- the end of a run ---------------------------------------------------- */

static int64_t milliseconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* In a shared project anybody of the group may have written the number. */
static bool is_sender(pid_t pid)
{
	static const char words[] = "\0" TICKET_COMMAND "\0" TICKET_OPTION;
	struct strbuf text = STRBUF_INIT;
	char path[64];
	bool is;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	is = !read_file(&text, path, CMDLINE_MAX, NULL) &&
	     memmem(text.buf, text.len, words, sizeof(words)) &&
	     getsid(pid) == pid;
	strbuf_release(&text);
	return is;
}

/* Whoever sends in the background leads a session, in which its child is. */
static void end_sender(const struct ticket *t, bool force)
{
	struct numbers n;

	read_numbers(t->fd, &n);
	if (n.pid <= 1 || n.pid > INT_MAX || !n.start ||
	    strcmp(n.boot, record_boot_id()) ||
	    process_start_ticks((pid_t)n.pid) != n.start ||
	    !is_sender((pid_t)n.pid))
		return;
	if (force)
		kill((pid_t)-n.pid, SIGKILL);
	else
		kill((pid_t)n.pid, SIGTERM);
}

static void stop_and_take(struct ticket **t)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };
	int64_t begin = milliseconds_now(), passed = 0;
	enum ticket_turn turn = TICKET_BUSY;
	struct strbuf ignored = STRBUF_INIT;
	bool told = false, forced = false;

	for (; turn == TICKET_BUSY && passed < STOP_MS;
	     passed = milliseconds_now() - begin) {
		if (ticket_take(*t, 0, &turn, &ignored))
			break;
		if (turn != TICKET_BUSY)
			break;
		if (!told || (passed > FORCE_MS && !forced))
			end_sender(*t, told);
		forced = told && passed > FORCE_MS;
		told = true;
		nanosleep(&pause, NULL);
	}
	if (turn != TICKET_OURS) {
		ticket_free(*t);
		*t = NULL;
	}
	strbuf_release(&ignored);
}

void ticket_stop(struct ticket **out, const struct ticket_place *place)
{
	struct strbuf path = STRBUF_INIT, ignored = STRBUF_INIT;
	bool idle;

	*out = NULL;
	if (!ticket_path(&path, place, false, &ignored) &&
	    !ask(out, path.buf, false, &idle, &ignored))
		stop_and_take(out);
	strbuf_release(&ignored);
	strbuf_release(&path);
}

bool ticket_any(const struct project *p)
{
	struct strbuf path = STRBUF_INIT, key = STRBUF_INIT;
	const struct dirent *entry;
	bool any = false;
	DIR *dir;

	strbuf_addf(&path, "%s/.resutil/live", p->root);
	dir = opendir(path.buf);
	while (dir && !any && (entry = readdir(dir)))
		any = ticket_name_parse(entry->d_name, &key);
	if (dir)
		closedir(dir);
	strbuf_release(&key);
	strbuf_release(&path);
	return any;
}

/* ---- what a crash left --------------------------------------------------- */

bool ticket_name_parse(const char *entry, struct strbuf *key)
{
	size_t len = strlen(entry), n = sizeof(TICKET_SUFFIX) - 1;
	size_t before = key->len;

	/* .XXXXXXXX of another store than origin */
	if (len > 9 && entry[len - 9] == '.' &&
	    strspn(entry + len - 8, "0123456789abcdef") == 8)
		len -= 9;
	if (len <= n || memcmp(entry + len - n, TICKET_SUFFIX, n))
		return false;
	strbuf_add(key, entry, len - n);
	if (record_is_id(key->buf + before) ||
	    name_is_valid(key->buf + before))
		return true;
	strbuf_setlen(key, before);
	return false;
}

bool ticket_is_left(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool left;

	if (fd < 0)
		return false;
	left = !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       filelock_is_held(fd, SENDER) != 1 &&
	       filelock_is_held(fd, NUMBERS) != 1;
	close(fd);
	return left;
}

int ticket_remove_left(const char *path)
{
	int fd = sys_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	int ret = -1, saved;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (!filelock_take_if_any(fd, NUMBERS, false) &&
	    !filelock_take_if_any(fd, SENDER, false)) {
		errno = EBUSY;
		if (hold_has_name(fd, AT_FDCWD, path))
			ret = sys_unlink(path);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}
