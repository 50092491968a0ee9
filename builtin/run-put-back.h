/*
 * What `run` does when its program has removed or moved its own experiment.
 */
#ifndef BUILTIN_RUN_PUT_BACK_H
#define BUILTIN_RUN_PUT_BACK_H

struct run;

/** The experiment's directory, to be known again; before the program starts.
 *  -1: it cannot be opened, and run_put_back() does without. */
int run_hold_dir(const struct run *r);

/**
 * The program has ended. A record that is gone is put back as it was when it
 * began, with the output as far as the logs are gone, too; a directory that was
 * moved is followed. Either is told. held: of run_hold_dir(), is closed.
 */
void run_put_back(struct run *r, int held);

#endif
