/*
 * Who may remove a live file: whoever holds byte 1 of it, and then checks that
 * it is still the file of that name. A recorder takes byte 0 only while it
 * holds byte 1 in the same way. So no lock is ever held on a file that has
 * lost its name, and two holders of one byte are on one file.
 */
#include "lib/base/compat.h"
#include "lib/exp/record/live.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/exp/record/record.h"

#define RECORDER 0	/* byte that says that the recorder lives */
#define WRITER 1	/* byte that serialises writers */
#define TEXT_MAX 256

/* Room for a last record and its directory entry, when all else is full. */
#define RESERVE_BYTES (16 * 1024)

struct live {
	int fd;
	char *path;
};

/* A process as the kernel tells it from every other, here and since boot. */
struct who {
	int64_t pid;
	uint64_t start;
	char boot[64];
};

uint64_t process_start_ticks(pid_t pid)
{
	struct strbuf text = STRBUF_INIT;
	char path[64];
	const char *at;
	uint64_t ret = 0;
	int field;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (pid <= 0 || read_file(&text, path, 8192, NULL))
		goto cleanup;
	/* The second field, the program's name, may hold blanks and ')'. */
	at = strrchr(text.buf, ')');
	if (!at || at[1] != ' ' || strchr("ZXx", at[2]))
		goto cleanup;
	for (field = 2; field < 22 && at; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	if (at)
		ret = strtoull(at, NULL, 10);

cleanup:
	strbuf_release(&text);
	return ret;
}

static bool who_lives(const struct who *who)
{
	return who->pid > 0 && who->pid <= INT_MAX && who->start &&
	       !strcmp(who->boot, record_boot_id()) &&
	       process_start_ticks((pid_t)who->pid) == who->start;
}

/* What the file says of the program; false when it says nothing. */
static bool read_program(int fd, struct who *who)
{
	char text[TEXT_MAX + 1];
	ssize_t len = pread(fd, text, TEXT_MAX, 0);

	if (len <= 0)
		return false;
	text[len] = '\0';
	return sscanf(text, "%" SCNd64 " %" SCNu64 " %63s", &who->pid,
		      &who->start, who->boot) == 3;
}

/* An id from a record is hostile until it is known to stay in its place. */
static int live_path(struct strbuf *path, const struct project *p,
		     const char *id, bool make, struct strbuf *err)
{
	struct strbuf sub = STRBUF_INIT;
	int ret = 0;

	if (!*id || *id == '.' || strchr(id, '/') || strlen(id) > NAME_MAX)
		return fail(err, ERR_CONTENT, "'%s' is no id of a run", id);
	if (make) {
		ret = project_private(p, "live/", path, err);
		strbuf_addstr(path, id);
	} else {
		strbuf_addf(&sub, ".resutil/live/%s", id);
		path_absolute(path, p->root, sub.buf);
	}
	strbuf_release(&sub);
	return ret;
}

/*
 * Some file systems of clusters have no locks. There writers are not
 * serialised and the recorder is known by its process alone; to record nothing
 * would be worse. What was held is held until that worked; what could not be
 * taken is not.
 */
static int give_back(int fd, off_t byte)
{
	return !filelock_release(fd, byte) ||
	       (filelock_is_unsupported(errno) &&
		filelock_is_held(fd, byte) < 0) ? 0 : -1;
}

/* The file, made when missing, with byte WRITER held. A link that somebody
 * put there is not followed: the file is going to be cut and written. */
static int open_held(struct live **out, const char *path, bool wait,
		     struct strbuf *err)
{
	struct live *live;
	int fd, ret;

	for (;;) {
		fd = sys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
		if (fd < 0)
			return fail_errno(err, "cannot open '%s'", path);
		if (filelock_take_if_any(fd, WRITER, wait)) {
			ret = errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_FAILED;
			fail(err, ret, "cannot lock '%s': %s", path,
			     strerror(errno));
			close(fd);
			return ret;
		}
		if (hold_has_name(fd, AT_FDCWD, path))
			break;
		close(fd);	/* removed while we waited */
	}
	live = xcalloc(1, sizeof(*live));
	live->fd = fd;
	live->path = xstrdup(path);
	*out = live;
	return 0;
}

static int open_held_id(struct live **out, const struct project *p,
			const char *id, bool wait, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	ret = live_path(&path, p, id, true, err);
	if (!ret)
		ret = open_held(out, path.buf, wait, err);
	strbuf_release(&path);
	return ret;
}

static void release(struct live **live)
{
	close((*live)->fd);
	free((*live)->path);
	free(*live);
	*live = NULL;
}

/* Written, because a hole is no room; behind the text stand NULs. */
static int write_reserve(int fd)
{
	static const char nothing[RESERVE_BYTES];

	return sys_ftruncate(fd, 0) ||
	       sys_write_all(fd, nothing, sizeof(nothing));
}

void live_free_reserve(struct live *live)
{
	/* If that fails, the update may succeed all the same. */
	sys_ftruncate(live->fd, TEXT_MAX);
}

int live_start_at(struct live **out, const char *path, const char *what,
		  struct strbuf *err)
{
	struct live *live;
	int ret;

	ret = open_held(&live, path, true, err);
	if (ret)
		return ret;
	if (filelock_take_if_any(live->fd, RECORDER, false)) {
		if (errno == EWOULDBLOCK)
			ret = fail(err, ERR_CONFLICT,
				   "run '%s' is being recorded already", what);
		else
			ret = fail_errno(err, "cannot lock '%s'", live->path);
		goto failed;
	}
	/* A run that died under this id may have left its program's name. And
	 * a writer's lock that we kept would keep ourselves from writing. */
	if (write_reserve(live->fd) || give_back(live->fd, WRITER)) {
		ret = fail_errno(err, "cannot write '%s'", live->path);
		sys_unlink(live->path);
		goto failed;
	}
	*out = live;
	return 0;

failed:
	release(&live);
	return ret;
}

int live_start(struct live **out, const struct project *p, const char *id,
	       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	ret = live_path(&path, p, id, true, err);
	if (!ret)
		ret = live_start_at(out, path.buf, id, err);
	strbuf_release(&path);
	return ret;
}

int live_note_program(struct live *live, pid_t pid, struct strbuf *err)
{
	char text[TEXT_MAX];
	int len;

	len = snprintf(text, sizeof(text), "%ld %" PRIu64 " %s\n", (long)pid,
		       process_start_ticks(pid),
		       *record_boot_id() ? record_boot_id() : "-");
	if (lseek(live->fd, 0, SEEK_SET) < 0 ||
	    sys_write_all(live->fd, text, (size_t)len))
		return fail_errno(err, "cannot write '%s'", live->path);
	return 0;
}

void live_follow(struct live *live, const char *path)
{
	free(live->path);
	live->path = xstrdup(path);
}

void live_end(struct live **live)
{
	if (!*live)
		return;
	/* A left-over file locks nothing, so failure here does no harm. */
	if (!filelock_take_if_any((*live)->fd, WRITER, true) &&
	    hold_has_name((*live)->fd, AT_FDCWD, (*live)->path))
		sys_unlink((*live)->path);
	release(live);
}

int live_lock_writer(struct live **out, const struct project *p,
		     const char *id, struct strbuf *err)
{
	return open_held_id(out, p, id, true, err);
}

int live_lock_writer_at(struct live **out, const char *path,
			struct strbuf *err)
{
	return open_held(out, path, true, err);
}

int live_try_writer(struct live **out, const struct project *p,
		    const char *id, struct strbuf *err)
{
	return open_held_id(out, p, id, false, err);
}

/* Where there are no locks: it would have written into the file. */
static bool has_no_recorder(int fd)
{
	int held = filelock_is_held(fd, RECORDER);
	struct stat st;

	return !held || (held < 0 && !fstat(fd, &st) && !st.st_size);
}

bool live_lock_running_at(struct live **out, const char *path)
{
	int fd = sys_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return false;
	if (filelock_take_if_any(fd, WRITER, true) ||
	    !hold_has_name(fd, AT_FDCWD, path) ||
	    filelock_is_held(fd, RECORDER) != 1) {
		close(fd);
		return false;
	}
	*out = xcalloc(1, sizeof(**out));
	(*out)->fd = fd;
	(*out)->path = xstrdup(path);
	return true;
}

void live_unlock_writer(struct live **live)
{
	struct who program;

	if (!*live)
		return;
	/* Of a run whose program outlives its recorder the file is all that
	 * tells so. */
	if (has_no_recorder((*live)->fd) &&
	    !(read_program((*live)->fd, &program) && who_lives(&program)) &&
	    hold_has_name((*live)->fd, AT_FDCWD, (*live)->path))
		sys_unlink((*live)->path);
	release(live);
}

bool live_is_left_at(const char *path)
{
	struct who program;
	struct stat st;
	bool left = false;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		left = !fstat(fd, &st) && S_ISREG(st.st_mode) &&
		       !filelock_is_held(fd, RECORDER) &&
		       !filelock_is_held(fd, WRITER) &&
		       !(read_program(fd, &program) && who_lives(&program));
		close(fd);
	}
	return left;
}

bool live_is_left(const struct project *p, const char *id)
{
	struct strbuf path = STRBUF_INIT;
	bool left = !live_path(&path, p, id, false, NULL) &&
		    live_is_left_at(path.buf);

	strbuf_release(&path);
	return left;
}

pid_t live_program_at(const char *path)
{
	struct who program;
	pid_t pid = 0;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (filelock_is_held(fd, RECORDER) != 1 &&
	    read_program(fd, &program) && who_lives(&program))
		pid = (pid_t)program.pid;
	close(fd);
	return pid;
}

bool record_state_is_final(const char *state)
{
	static const char *const states[] = { "done", "fail", "interrupted",
					      "lost", "added" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(state, states[i]))
			return true;
	return false;
}

/* Only what we know to go on can have been left by its recorder. */
static bool goes_on(const char *state)
{
	return state && (!strcmp(state, "started") ||
			 !strcmp(state, "running") ||
			 !strcmp(state, "resumed"));
}

/*
 * The recorder as the record tells it: also where locks do not work, and
 * when somebody removed .resutil under a run. Where the program recorded
 * itself, `process` is the program, and `recorder` the one who wrote for it.
 */
static bool recorder_lives(const struct value *record)
{
	const struct value *who_wrote = value_get(record, "meta.recorder");
	const char *boot;
	struct who who = { 0 };
	int64_t start = 0;

	if (!who_wrote)
		who_wrote = value_get(record, "meta.process");
	boot = value_get_text(who_wrote, "boot_id");
	value_get_int(who_wrote, "pid", &who.pid);
	value_get_int(who_wrote, "start", &start);
	who.start = start > 0 ? (uint64_t)start : 0;
	snprintf(who.boot, sizeof(who.boot), "%s", boot ? boot : "");
	return who_lives(&who);
}

/* path NULL: it cannot have a live file. */
static enum live_state state_here(const char *path, const struct value *record)
{
	enum live_state ret = LIVE_LOST;
	struct who program;
	int fd = -1;

	if (path)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && filelock_is_held(fd, RECORDER) == 1)
		ret = LIVE_RUNNING;
	else if (recorder_lives(record))
		ret = LIVE_RUNNING;
	else if (fd >= 0 && read_program(fd, &program) && who_lives(&program))
		ret = LIVE_UNATTENDED;
	if (fd >= 0)
		close(fd);
	return ret;
}

enum live_state live_state_at(const char *path, const struct value *record)
{
	const char *host = value_get_text(record, "host");

	if (!goes_on(value_get_text(record, "state")))
		return LIVE_FINAL;
	if (!host || strcmp(host, record_host()))
		return LIVE_ELSEWHERE;
	return state_here(path, record);
}

enum live_state live_state_of(const struct project *p,
			      const struct value *record)
{
	const char *id = value_get_text(record, "id");
	struct strbuf path = STRBUF_INIT;
	enum live_state ret;

	if (!id)
		id = value_get_text(record, "name");
	ret = live_state_at(id && !live_path(&path, p, id, false, NULL) ?
				    path.buf : NULL, record);
	strbuf_release(&path);
	return ret;
}

static void state_text(enum live_state live, const struct value *record,
		       struct strbuf *out)
{
	const char *state = value_get_text(record, "state");
	const char *host = value_get_text(record, "host");

	switch (live) {
	case LIVE_FINAL:
		strbuf_addstr(out, state && *state ? state : "-");
		break;
	case LIVE_RUNNING:
		strbuf_addstr(out, "running");
		break;
	case LIVE_UNATTENDED:
		strbuf_addstr(out, "running, unattended");
		break;
	case LIVE_LOST:
		strbuf_addstr(out, "lost");
		break;
	case LIVE_ELSEWHERE:
		if (host && *host)
			strbuf_addf(out, "running on %s", host);
		else
			strbuf_addstr(out, "running elsewhere");
		break;
	}
}

void live_state_text(const struct project *p, const struct value *record,
		     struct strbuf *out)
{
	state_text(live_state_of(p, record), record, out);
}

void live_state_text_at(const char *path, const struct value *record,
			struct strbuf *out)
{
	state_text(live_state_at(path, record), record, out);
}
