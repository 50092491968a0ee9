/*
 * Live runs: .resutil/live/ID, with two bytes that the kernel locks. Byte 0
 * says that the recorder lives; byte 1 serialises writers of the record. The
 * file's text names the program ("pid start_ticks boot_id\n", then NULs), so
 * that a run whose recorder died can be told from one whose program lives on.
 */
#ifndef LIB_EXP_RECORD_LIVE_H
#define LIB_EXP_RECORD_LIVE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct live;

/* Where the file of a trial lies, in the trial's own directory. */
#define TRIAL_LIVE_FILE ".resutil-live"

/** The recorder: makes the file and takes byte 0. The file also takes room
 *  on the disk that the end of the run needs. ERR_CONFLICT: held. */
int live_start(struct live **out, const struct project *p, const char *id,
	       struct strbuf *err);
/** The same for the file `path`, whose directory is there; `what` names the
 *  run in messages. */
int live_start_at(struct live **out, const char *path, const char *what,
		  struct strbuf *err);
/** Notes the program once it runs (no sync). */
int live_note_program(struct live *live, pid_t pid, struct strbuf *err);
/** Gives that room back, for the last update of the record. */
void live_free_reserve(struct live *live);
/** The file has another path now: its directory was moved. */
void live_follow(struct live *live, const char *path);
/** Removes the file, releases the locks, frees. NULL is fine. Not while this
 *  process holds the writer's lock: it would wait for itself. */
void live_end(struct live **live);

/** Serialises writers; waits. The file is made when missing (and removed by
 *  live_unlock_writer if no recorder lives). */
int live_lock_writer(struct live **out, const struct project *p,
		     const char *id, struct strbuf *err);
int live_lock_writer_at(struct live **out, const char *path,
			struct strbuf *err);
/** The same for who holds others already, and must not wait: ERR_CONFLICT when
 *  somebody has it. */
int live_try_writer(struct live **out, const struct project *p,
		    const char *id, struct strbuf *err);
/** The same for a file that is there and whose recorder lives; false for any
 *  other. Makes nothing. */
bool live_lock_running_at(struct live **out, const char *path);
void live_unlock_writer(struct live **live);

/** Whether the file of `id` is there, nobody holds it, and the program that it
 *  names is gone. Makes nothing. */
bool live_is_left(const struct project *p, const char *id);
bool live_is_left_at(const char *path);
/** The process that the file names, when it lives and nobody records it; 0:
 *  there is none. */
pid_t live_program_at(const char *path);

enum live_state {
	LIVE_FINAL,		/* the record's own state is final */
	LIVE_RUNNING,		/* here, recorder lives */
	LIVE_UNATTENDED,	/* here, recorder gone, program lives */
	LIVE_LOST,		/* here, both gone */
	LIVE_ELSEWHERE		/* on another host: cannot be told from here */
};

/** What a record's state means now. */
enum live_state live_state_of(const struct project *p,
			      const struct value *record);
/** The same for a record whose live file is `path`. */
enum live_state live_state_at(const char *path, const struct value *record);

/** What list and show print: "done", "fail", "running", "running,
 *  unattended", "lost", "running on HOST", ... ("-" without a state). */
void live_state_text(const struct project *p, const struct value *record,
		     struct strbuf *out);
/** The same for a record whose live file is `path`. */
void live_state_text_at(const char *path, const struct value *record,
			struct strbuf *out);

/** True for done, fail, interrupted, lost, added. */
bool record_state_is_final(const char *state);

/** Start time of a process in clock ticks since boot (field 22 of
 *  /proc/PID/stat); 0 when it is gone or a zombie. */
uint64_t process_start_ticks(pid_t pid);

#endif
