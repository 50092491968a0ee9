# The examples of manual pages, as tests. Each page has a directory of its own:
# a git repository with one commit and a project, whose clock stands still at
# 2024-07-04 19:15:55 in Tokyo (aapfup_20240704T191555).

# prepare_examples DIR: the place that the pages' examples begin in.
prepare_examples () {
	mkdir -p "$1/home" &&
	(
		HOME=$(cd "$1/home" && pwd) &&
		export HOME &&
		make_repo "$1/project" &&
		cd "$1/project" &&
		resutil --no-interactive init --project-name project
	)
}

# run_examples DIR PAGE: in a place prepared as DIR. On the pages that tell of
# the push at the end of a run, there is one.
run_examples () {
	(
		HOME=$(cd "$1/home" && pwd) &&
		export HOME &&
		case "$2" in
		*/resutil-run.adoc|*/resutil-checkpoint.adoc|*/resutil-s3.adoc|\
		*/resutil-gcs.adoc|*/resutil-gdrive.adoc|*/resutil-ssh.adoc|\
		*/resutil-tutorial.adoc|*/resutil-everyday.adoc)
			unset RESUTIL_NO_REMOTE
			;;
		esac &&
		cd "$1/project" &&
		python3 "$SOURCE_DIRECTORY/tools/run-examples" "$2"
	)
}
