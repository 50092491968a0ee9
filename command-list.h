/*
 * THE list of commands, in byte order of names. COMMAND_IN(edit, ...) stands
 * for a command that lives in libexec/resutil-edit, because its libraries cost
 * start-up time.
 */
/*       name             function           room      setup         summary */
COMMAND("add",            cmd_add,           BUILTIN,  NEED_PROJECT, "add an experiment without running anything")
COMMAND_IN(edit,
	"ask-line",       cmd_ask_line,      PLUMBING, NO_PROJECT,   "ask for one line, with completion")
COMMAND("attach",         cmd_attach,        BUILTIN,  NO_PROJECT,   "put files into the experiment of this run")
COMMAND_IN(index,
	"bench",          cmd_bench,         BUILTIN,  NEED_PROJECT, "measure how long commands take, and record it")
COMMAND("bucket",         cmd_bucket,        BUILTIN,  WANT_PROJECT, "move files and objects by wildcards")
COMMAND_IN(index,
	"capture-runs",   cmd_capture_runs,  PLUMBING, NEED_PROJECT, "take what others recorded into an experiment")
COMMAND_IN(pack,
	"cat-pack",       cmd_cat_pack,      PLUMBING, WANT_PROJECT, "print files of a pack")
COMMAND_IN(pack,
	"check-project",  cmd_check_project, PLUMBING, NO_PROJECT,   "find what is wrong with a project here")
COMMAND_IN(pack,
	"check-store",    cmd_check_store,   PLUMBING, NEED_PROJECT, "check what a store holds, and repair it")
COMMAND("checkpoint",     cmd_checkpoint,    BUILTIN,  NO_PROJECT,   "send a run as it is now")
COMMAND("clone",          cmd_clone,         BUILTIN,  NO_PROJECT,   "make a project from a store")
COMMAND("collect-meta",   cmd_collect_meta,  PLUMBING, WANT_PROJECT, "print metadata of this machine and process")
COMMAND("comment",        cmd_comment,       BUILTIN,  NEED_PROJECT, "give an experiment another comment")
COMMAND("config",         cmd_config,        BUILTIN,  NO_PROJECT,   "read and change settings; trust a project")
COMMAND_IN(pack,
	"copy-pack",      cmd_copy_pack,     PLUMBING, NEED_PROJECT, "copy experiments from one store to another")
COMMAND_IN(index,
	"diff",           cmd_diff,          BUILTIN,  NEED_PROJECT, "compare two runs, what acts first")
COMMAND_IN(pack,
	"fetch-exp",      cmd_fetch_exp,     PLUMBING, NEED_PROJECT, "get experiments out of a store")
COMMAND("fsck",           cmd_fsck,          BUILTIN,  NO_PROJECT,   "check that nothing is lost or damaged, and repair it")
COMMAND("gc",             cmd_gc,            BUILTIN,  NEED_PROJECT, "remove what crashes left behind")
COMMAND_IN(pack,
	"get-object",     cmd_get_object,    PLUMBING, WANT_PROJECT, "read an object of a store")
COMMAND_IN(index,
	"graph",          cmd_graph,         BUILTIN,  NEED_PROJECT, "show what was made from what")
COMMAND_IN(pack,
	"hash-experiment", cmd_hash_experiment, PLUMBING, WANT_PROJECT, "print the tree hash of experiments")
COMMAND("help",           cmd_help,          BUILTIN,  NO_PROJECT,   "show a manual page or the list of commands")
COMMAND("hook",           cmd_hook,          BUILTIN,  NO_PROJECT,   "record runs when git does something")
COMMAND_IN(index,
	"import",         cmd_import,        BUILTIN,  NEED_PROJECT, "make experiments of runs that others recorded")
COMMAND("inform",         cmd_inform,        BUILTIN,  NO_PROJECT,   "note something in the record of this run")
COMMAND("init",           cmd_init,          BUILTIN,  NO_PROJECT,   "make a project")
COMMAND("list",           cmd_list,          BUILTIN,  NEED_PROJECT, "list experiments")
COMMAND("list-exps",      cmd_list_exps,     PLUMBING, NEED_PROJECT, "print the names of experiments here")
COMMAND_IN(pack,
	"list-objects",   cmd_list_objects,  PLUMBING, WANT_PROJECT, "print what lies in a store")
COMMAND_IN(pack,
	"list-pack",      cmd_list_pack,     PLUMBING, WANT_PROJECT, "print what a pack holds")
COMMAND_IN(pack,
	"list-remote",    cmd_list_remote,   PLUMBING, NEED_PROJECT, "print the names of experiments in a store")
COMMAND_IN(pack,
	"list-unpushed",  cmd_list_unpushed, PLUMBING, NEED_PROJECT, "print what a store does not have, as far as known here")
COMMAND("log",            cmd_log,           BUILTIN,  NEED_PROJECT, "show experiments, newest first")
COMMAND_IN(pack,
	"login-store",    cmd_login_store,   PLUMBING, WANT_PROJECT, "log in to a store at Google")
COMMAND("match-keys",     cmd_match_keys,    PLUMBING, WANT_PROJECT, "print the keys of a list that a pattern means")
COMMAND("meter",          cmd_meter,         BUILTIN,  NO_PROJECT,   "add a row of measurements to this run")
COMMAND_IN(index,
	"metrics",        cmd_metrics,       BUILTIN,  WANT_PROJECT, "print measurements of runs, or what they come to")
COMMAND("name-exp",       cmd_name_exp,      PLUMBING, NO_PROJECT,   "make or decode an experiment name")
COMMAND_IN(pack,
	"pack-exp",       cmd_pack_exp,      PLUMBING, WANT_PROJECT, "write the zip of an experiment")
COMMAND_IN(index,
	"plot",           cmd_plot,          BUILTIN,  WANT_PROJECT, "draw measurements of runs, or runs as points")
COMMAND("pull",           cmd_pull,          BUILTIN,  NEED_PROJECT, "fetch experiments from a store")
COMMAND("push",           cmd_push,          BUILTIN,  NEED_PROJECT, "send experiments to a store")
COMMAND_IN(pack,
	"put-object",     cmd_put_object,    PLUMBING, WANT_PROJECT, "put a file into a store")
COMMAND_IN(index,
	"query",          cmd_query,         BUILTIN,  NEED_PROJECT, "ask questions of the runs in SQL")
COMMAND("read-deps",      cmd_read_deps,     PLUMBING, NEED_PROJECT, "print dependencies")
COMMAND("read-exp",       cmd_read_exp,      PLUMBING, WANT_PROJECT, "print a record")
COMMAND("read-trials",    cmd_read_trials,   PLUMBING, NO_PROJECT,   "print the records of trials below paths")
COMMAND("record-runs",    cmd_record_runs,   PLUMBING, NO_PROJECT,   "record runs of a program, which asks by lines of JSON")
COMMAND("remote",         cmd_remote,        BUILTIN,  NEED_PROJECT, "name the stores of a project")
COMMAND_IN(pack,
	"remove-exp",     cmd_remove_exp,    PLUMBING, NEED_PROJECT, "remove experiments here or from a store")
COMMAND_IN(pack,
	"remove-object",  cmd_remove_object, PLUMBING, WANT_PROJECT, "remove objects from a store")
COMMAND_IN(pack,
	"rename-exp",     cmd_rename_exp,    PLUMBING, NEED_PROJECT, "rename an experiment here or in a store")
COMMAND_IN(index,
	"report",         cmd_report,        BUILTIN,  WANT_PROJECT, "compare runs in a table")
COMMAND("rerun",          cmd_rerun,         BUILTIN,  NEED_PROJECT, "run an experiment again, and compare")
COMMAND("rev-exp",        cmd_rev_exp,       PLUMBING, NEED_PROJECT, "print the names that EXP arguments mean")
COMMAND("rm",             cmd_rm,            BUILTIN,  NEED_PROJECT, "remove experiments")
COMMAND("run",            cmd_run,           BUILTIN,  NEED_PROJECT, "run a command and record it")
COMMAND("scan-deps",      cmd_scan_deps,     PLUMBING, NEED_PROJECT, "find experiments among a command's words")
COMMAND_IN(pack,
	"send-pack",      cmd_send_pack,     PLUMBING, NEED_PROJECT, "put experiments into a store")
COMMAND("show",           cmd_show,          BUILTIN,  NEED_PROJECT, "show one experiment, or a file of it")
COMMAND("snapshot-code",  cmd_snapshot_code, PLUMBING, WANT_PROJECT, "copy the state of the code")
COMMAND_IN(pack,
	"stat-remote",    cmd_stat_remote,   PLUMBING, NEED_PROJECT, "print which packs a store holds")
COMMAND("status",         cmd_status,        BUILTIN,  NEED_PROJECT, "show what runs and what the next run would capture")
COMMAND_IN(index,
	"summarize",      cmd_summarize,     PLUMBING, NO_PROJECT,   "say what numbers have in common: mean, percentiles, intervals")
COMMAND_IN(pack,
	"sync-keys",      cmd_sync_keys,     PLUMBING, WANT_PROJECT, "compare files here with a store, and make them alike")
COMMAND("tag",            cmd_tag,           BUILTIN,  NEED_PROJECT, "give a run a name that can move to another")
COMMAND_IN(pack,
	"test-store",     cmd_test_store,    PLUMBING, WANT_PROJECT, "test whether a store keeps its contract")
COMMAND("tid",            cmd_tid,           BUILTIN,  NO_PROJECT,   "print what names this run")
COMMAND_IN(pack,
	"unpack-exp",     cmd_unpack_exp,    PLUMBING, WANT_PROJECT, "unpack the zip of an experiment")
COMMAND("update-exp",     cmd_update_exp,    PLUMBING, NEED_PROJECT, "change a record")
COMMAND_IN(index,
	"update-index",   cmd_update_index,  PLUMBING, NEED_PROJECT, "bring the index of experiments up to date")
COMMAND_IN(pack,
	"url",            cmd_url,           PLUMBING, NEED_PROJECT, "print URLs that read packs in a store")
COMMAND_IN(pack,
	"verify-pack",    cmd_verify_pack,   PLUMBING, WANT_PROJECT, "check packs")
COMMAND("version",        cmd_version,       BUILTIN,  NO_PROJECT,   "print the version")
COMMAND("write-exp",      cmd_write_exp,     PLUMBING, WANT_PROJECT, "write a record")
