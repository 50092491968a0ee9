#include "lib/base/compat.h"
#include "lib/exp/diff/diff-findings.h"

#include "lib/base/field-path.h"
#include "lib/base/glob.h"

/* Another part of the comparison has it. */
#define NOT_HERE DIFF_KINDS

struct rule {
	const char *glob;	/* of paths; the first that matches counts */
	struct diff_role role;
};

#define ACTS(g, k, r, w) { g, { DIFF_##k, DIFF_ACTS, RANK_##r, w } }
#define MAY(g, k, r, w) { g, { DIFF_##k, DIFF_MAY_ACT, RANK_##r, w } }
#define CANNOT(g, k, r, w) { g, { DIFF_##k, DIFF_CANNOT_ACT, RANK_##r, w } }
#define RESULT(g) { g, { DIFF_RESULTS, DIFF_CANNOT_ACT, 0, NULL } }
#define ELSEWHERE(g) { g, { NOT_HERE, DIFF_CANNOT_ACT, 0, NULL } }

static const char label[] = "by its name it says where output goes";
static const char job[] = "a number of the job";

static const struct rule rules[] = {
	/* diff-command.c, diff-inputs.c, diff-packages.c, diff-code.c */
	ELSEWHERE("cmd"), ELSEWHERE("args"), ELSEWHERE("argv"),
	ELSEWHERE("dependency"), ELSEWHERE("dependency_ids"),
	ELSEWHERE("dependency_ids.**"), ELSEWHERE("inputs"),
	ELSEWHERE("meta.packages"), ELSEWHERE("git.commit_hash"),
	ELSEWHERE("git.treeish"), ELSEWHERE("git.uncommited_files"),
	ELSEWHERE("git.untracked_files"), ELSEWHERE("git.patch"),
	ELSEWHERE("git.left_out"), ELSEWHERE("git.left_out_more.*"),
	ELSEWHERE("git.dirty"), ELSEWHERE("meta.git.*"),
	ELSEWHERE("redacted"),

	RESULT("state"), RESULT("exit_code"), RESULT("signal"),
	RESULT("error"), RESULT("traceback"), RESULT("info"),
	RESULT("info.**"), RESULT("result"), RESULT("result.**"),
	RESULT("metrics.**"), RESULT("usage.*"), RESULT("duration"),
	RESULT("problem"), RESULT("lost_output"),

	ACTS("function", COMMAND, COMMAND, NULL),
	ACTS("subst", COMMAND, COMMAND, NULL),
	MAY("params.*", PARAMS, LABEL, label),	/* if it is a label */
	ACTS("params", PARAMS, PARAM, NULL),
	ACTS("params.**", PARAMS, PARAM, NULL),

	ACTS("meta.python.version", ENVIRONMENT, PYTHON, NULL),
	ACTS("meta.python.implementation", ENVIRONMENT, PYTHON, NULL),
	MAY("meta.python.*", ENVIRONMENT, PLACE, NULL),
	ACTS("meta.container.image", ENVIRONMENT, PYTHON, NULL),
	ACTS("meta.container.image_id", ENVIRONMENT, PYTHON, NULL),
	MAY("meta.container.engine", ENVIRONMENT, PLACE, NULL),
	CANNOT("meta.container.*", ENVIRONMENT, ACCOUNT, NULL),
	MAY("meta.gpu.driver", ENVIRONMENT, MACHINE, NULL),
	ELSEWHERE("meta.gpu.devices"),
	MAY("meta.gpu.**", ENVIRONMENT, MACHINE, NULL),
	MAY("meta.cpu.*", ENVIRONMENT, MACHINE, NULL),
	ELSEWHERE("meta.system.node"), ELSEWHERE("meta.system.user"),
	ELSEWHERE("meta.system.cwd"), ELSEWHERE("meta.host.hostname"),
	MAY("meta.system.*", ENVIRONMENT, MACHINE, NULL),
	CANNOT("meta.host.*", ENVIRONMENT, ACCOUNT, NULL),
	CANNOT("meta.process.*", ENVIRONMENT, ACCOUNT, NULL),
	CANNOT("meta.recorder.*", ENVIRONMENT, ACCOUNT, NULL),
	CANNOT("meta.user.*", ENVIRONMENT, ACCOUNT, NULL),
	CANNOT("meta.slurm.*_id", ENVIRONMENT, ACCOUNT, job),
	CANNOT("meta.slurm.job_name", ENVIRONMENT, ACCOUNT, NULL),
	CANNOT("meta.slurm.account", ENVIRONMENT, ACCOUNT, NULL),
	MAY("meta.slurm.*", ENVIRONMENT, MACHINE, NULL),
	MAY("meta.kubernetes.labels.*", ENVIRONMENT, PLACE, NULL),
	MAY("meta.kubernetes.node", ENVIRONMENT, MACHINE, NULL),
	CANNOT("meta.kubernetes.*", ENVIRONMENT, ACCOUNT, NULL),
	MAY("meta.**", ENVIRONMENT, PROVIDER,
	    "the project has it recorded"),
	MAY("host", ENVIRONMENT, MACHINE, NULL),
	MAY("executor", ENVIRONMENT, MACHINE, NULL),
	MAY("cwd", ENVIRONMENT, PLACE, NULL),

	MAY("resumes", RECORD, UNKNOWN, "it was stopped and begun again"),
	CANNOT("git.**", CODE, ACCOUNT, NULL),
	CANNOT("at.**", RECORD, ACCOUNT, NULL),
	CANNOT("sweep.**", RECORD, ACCOUNT, NULL),
	CANNOT("collected", RECORD, ACCOUNT, NULL),
	CANNOT("comment", RECORD, ACCOUNT, NULL),
	CANNOT("date", RECORD, ACCOUNT, NULL),
	CANNOT("dir", RECORD, ACCOUNT, NULL),
	CANNOT("fields_left_out", RECORD, ACCOUNT, NULL),
	CANNOT("id", RECORD, ACCOUNT, NULL),
	CANNOT("imported.**", RECORD, ACCOUNT, NULL),
	CANNOT("name", RECORD, ACCOUNT, NULL),
	CANNOT("params_file", RECORD, ACCOUNT, "its parameters count"),
	CANNOT("remote", RECORD, ACCOUNT, NULL),
	CANNOT("renamed_from", RECORD, ACCOUNT, NULL),
	CANNOT("rerun_of", RECORD, ACCOUNT, NULL),
	CANNOT("rerun_of_id", RECORD, ACCOUNT, NULL),
	CANNOT("result_dir", RECORD, ACCOUNT, NULL),
	CANNOT("resutil", RECORD, ACCOUNT, NULL),
	CANNOT("revision", RECORD, ACCOUNT, NULL),
	CANNOT("tags", RECORD, ACCOUNT, NULL),
	CANNOT("tid", RECORD, ACCOUNT, NULL),
	CANNOT("uid", RECORD, ACCOUNT, NULL),
	CANNOT("user", RECORD, ACCOUNT, NULL),
	CANNOT("votakvot", RECORD, ACCOUNT, NULL),
	CANNOT("votakvot.**", RECORD, ACCOUNT, NULL)
};

/* Parameters that only say where output goes, or how much is told; with `-`
 * and `_` alike. */
static const char *const labels[] = {
	"comment", "ckpt_dir", "checkpoint_dir", "debug_dir", "desc",
	"description", "exp_name", "experiment_name", "job_name", "log",
	"log_dir", "log_every", "log_file", "log_interval", "log_level",
	"logdir", "logfile", "loglevel", "name", "note", "notes", "out",
	"out_dir", "out_file", "outdir", "outfile", "output", "output_dir",
	"output_file", "output_path", "print_every", "print_freq",
	"progress", "project", "quiet", "result_dir", "results_dir",
	"run_id", "run_name", "save", "save_dir", "save_path", "save_to",
	"tag", "tags", "tb_dir", "tensorboard_dir", "verbose", "verbosity",
	"wandb_name", "wandb_project"
};

/* Variables that libraries and interpreters read; patterns. */
static const char *const read_variables[] = {
	"*SEED*", "BLIS_*", "CUBLAS_*", "CUDA_*", "CUDNN_*", "GOMP_*",
	"HIP_*", "HSA_*", "JAX_*", "JULIA_*", "KERAS_*", "KMP_*",
	"LD_LIBRARY_PATH", "LD_PRELOAD", "MALLOC_*", "MKL_*", "NCCL_*",
	"NUMBA_*", "NUMEXPR_*", "NVIDIA_*", "OMP_*", "OPENBLAS_*", "PATH",
	"PYTHON*", "PYTORCH_*", "RAYON_*", "ROCR_*", "R_LIBS*", "TF_*",
	"TOKENIZERS_*", "TORCH_*", "TRITON_*", "VECLIB_*", "XLA_*"
};

/* Variables of a session, a terminal, a job: no program computes with them. */
static const char *const session_variables[] = {
	"*_JOB_ID", "*_JOBID", "COLUMNS", "DISPLAY", "HISTFILE", "HOME",
	"HOSTNAME", "LINES", "LOGNAME", "LS_COLORS", "MAIL", "OLDPWD", "PS1",
	"PWD", "SHLVL", "SSH_*", "TERM", "TERM_*", "TMUX*", "USER",
	"USERNAME", "WINDOWID", "XDG_*", "_"
};

static const char *const documents[] = {
	"*.md", "*.rst", "*.adoc", "*.tex", "*.bib", "*.pdf", "*.png",
	"*.jpg", "*.svg", "AUTHORS*", "CHANGELOG*", "CHANGES*", "CITATION*",
	"CODEOWNERS", "CONTRIBUTING*", "COPYING*", "LICENCE*", "LICENSE*",
	"NEWS*", "NOTICE*", "README*", ".editorconfig", ".gitattributes",
	".gitignore", ".mailmap", ".pre-commit-config.yaml", ".gitlab-ci.yml"
};

static bool matches_one(const char *const *globs, size_t nr, const char *text)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (glob_match(globs[i], text))
			return true;
	return false;
}

static bool is_label(const char *name)
{
	char plain[64];
	size_t i, len;

	name += *name == '"';	/* a word with `-` is quoted in a path */
	len = strcspn(name, "\"");
	if (len >= sizeof(plain))
		return false;
	for (i = 0; i < len; i++)
		plain[i] = name[i] == '-' ? '_' :
			   (char)tolower((unsigned char)name[i]);
	plain[len] = '\0';
	return matches_one(labels, ARRAY_SIZE(labels), plain);
}

static void variable_role(const char *name, struct diff_role *role)
{
	role->kind = DIFF_ENVIRONMENT;
	role->class = DIFF_MAY_ACT;
	role->rank = RANK_OTHER_VARIABLE;
	role->why = NULL;
	if (matches_one(read_variables, ARRAY_SIZE(read_variables), name)) {
		role->class = DIFF_ACTS;
		role->rank = RANK_VARIABLE;
		role->why = "libraries read it";
	} else if (matches_one(session_variables,
			       ARRAY_SIZE(session_variables), name)) {
		role->class = DIFF_CANNOT_ACT;
		role->rank = RANK_ACCOUNT;
	}
}

bool diff_role_of(const char *path, struct diff_role *role)
{
	size_t i;

	if (!strncmp(path, "meta.env.", 9)) {
		variable_role(path + 9, role);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!field_glob_match(rules[i].glob, path) ||
		    (rules[i].role.why == label && !is_label(path + 7)))
			continue;
		*role = rules[i].role;
		return role->kind != NOT_HERE;
	}
	role->kind = DIFF_RECORD;
	role->class = DIFF_MAY_ACT;
	role->rank = RANK_UNKNOWN;
	role->why = NULL;
	return true;
}

bool diff_is_document(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strncmp(path, "docs/", 5) || !strncmp(path, "doc/", 4) ||
	       !strncmp(path, ".github/", 8) ||
	       matches_one(documents, ARRAY_SIZE(documents),
			   slash ? slash + 1 : path);
}
