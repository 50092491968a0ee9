# The test harness: POSIX sh, TAP on stdout. A test file begins with
#
#	#!/bin/sh
#	test_description='what it is about'
#	. ./test-lib.sh
#
# then tests, then test_done. It is run in t/ (cd t && sh ./t0000-x.sh).
#
#	-v, --verbose		show what the tests print
#	-x			trace the commands of the tests (implies -v)
#	-i, --immediate		stop at the first failure, keep its directory
#	-d, --debug		keep the scratch directory
#	--run=N[,N]...		only these tests (others are skipped)
#	--root=DIR		scratch directories below DIR instead of
#				$RESUTIL_TEST_ROOT or ${TMPDIR:-/tmp}
#	--build=DIR		programs to test instead of $RESUTIL_TEST_BUILD
#				or ../build (SANITIZE builds)
#
# Test bodies run with stdin from /dev/null. Each file starts in an empty
# scratch directory of its own, $TRASH_DIRECTORY, which is neither in a git
# repository nor in a project, and is removed when all tests passed.

set +e
umask 022

verbose= trace= immediate= debug= only=
test_root=${RESUTIL_TEST_ROOT:-${TMPDIR:-/tmp}}
test_build=${RESUTIL_TEST_BUILD:-}
for test_arg
do
	case "$test_arg" in
	-v|--verbose)	verbose=t ;;
	-x)		trace=t verbose=t ;;
	-i|--immediate)	immediate=t ;;
	-d|--debug)	debug=t ;;
	--run=*)	only=,${test_arg#*=}, ;;
	--root=*)	test_root=${test_arg#*=} ;;
	--build=*)	test_build=${test_arg#*=} ;;
	*)
		echo "Bail out! unknown option '$test_arg'"
		exit 1
		;;
	esac
done

TEST_DIRECTORY=$(pwd -P)
SOURCE_DIRECTORY=$(cd "$TEST_DIRECTORY/.." && pwd -P)
if test -z "$test_build"
then
	test_build=$SOURCE_DIRECTORY/build
fi
BUILD_DIRECTORY=$(cd "$test_build" 2>/dev/null && pwd -P) || {
	echo "Bail out! no build directory '$test_build'"
	exit 1
}
if ! test -x "$BUILD_DIRECTORY/resutil"
then
	echo "Bail out! no program '$BUILD_DIRECTORY/resutil': make first"
	exit 1
fi
# The build with fault points: the one made beside it, or what is tested.
FAULTY_DIRECTORY=$BUILD_DIRECTORY/faults
test -x "$FAULTY_DIRECTORY/resutil" || FAULTY_DIRECTORY=$BUILD_DIRECTORY
test_name=${0##*/}
test_name=${test_name%.sh}

# An environment that says nothing but what is said here.
for test_var in $(env | sed -n \
	's/^\(\(RESUTIL\|GIT\|XDG\|LC\|AWS\|S3\)_[A-Za-z0-9_]*\)=.*/\1/p')
do
	unset "$test_var"
done
unset LANGUAGE CDPATH GREP_OPTIONS PAGER EDITOR VISUAL NO_COLOR COLUMNS \
	MANPATH MANPAGER MANWIDTH EMAIL MAKEFLAGS MFLAGS test_arg test_var
LANG=C LC_ALL=C TZ=UTC TERM=dumb
GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
# A module that changes within a second and keeps its size is not read again.
PYTHONDONTWRITEBYTECODE=1
export LANG LC_ALL TZ TERM GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL \
	PYTHONDONTWRITEBYTECODE
# A run that is not about stores sends nothing; a test that is unsets this.
RESUTIL_NO_REMOTE=1
export RESUTIL_NO_REMOTE
# Nobody asks the machine for keys, which would be a request on its network.
AWS_EC2_METADATA_DISABLED=true
export AWS_EC2_METADATA_DISABLED
PATH=$BUILD_DIRECTORY:$BUILD_DIRECTORY/helper:$PATH
export PATH TEST_DIRECTORY BUILD_DIRECTORY SOURCE_DIRECTORY

# A finding of a sanitizer must not look like one of resutil's own statuses.
# What the caller says comes last, and so wins.
TEST_SANITIZER_STATUS=86
ASAN_OPTIONS=exitcode=86:detect_leaks=1:strict_string_checks=1:${ASAN_OPTIONS-}
LSAN_OPTIONS=exitcode=86:${LSAN_OPTIONS-}
UBSAN_OPTIONS=exitcode=86:print_stacktrace=1:${UBSAN_OPTIONS-}
TSAN_OPTIONS=exitcode=86:${TSAN_OPTIONS-}
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

TRASH_DIRECTORY=$(mkdir -p "$test_root" && cd "$test_root" &&
	mktemp -d "$(pwd -P)/resutil-$test_name.XXXXXX") || {
	echo "Bail out! cannot make a scratch directory in '$test_root'"
	exit 1
}
# others than its owner must get in: tests drop root's powers
chmod 755 "$TRASH_DIRECTORY"
TEST_TOP_DIRECTORY=$TRASH_DIRECTORY
TRASH_DIRECTORY=$TRASH_DIRECTORY/trash
HOME=$TEST_TOP_DIRECTORY/home
TMPDIR=$TEST_TOP_DIRECTORY/tmp
test_private=$TEST_TOP_DIRECTORY/harness
mkdir "$TRASH_DIRECTORY" "$HOME" "$TMPDIR" "$test_private"
# The system's python3 comes first: that of a version manager is a script, which
# takes longer than most of what tests do with it.
case $(command -v python3) in
/usr/bin/python3|/bin/python3) ;;
*)
	if test -x /usr/bin/python3
	then
		mkdir "$test_private/bin" &&
		ln -s /usr/bin/python3 "$test_private/bin/python3" &&
		PATH=$test_private/bin:$PATH
	fi
	;;
esac
GIT_CEILING_DIRECTORIES=$TEST_TOP_DIRECTORY
export TRASH_DIRECTORY TEST_TOP_DIRECTORY HOME TMPDIR
export GIT_CEILING_DIRECTORIES

test_count=0 test_failures=0 test_fixed=0 test_cleanup=: test_skip_all=
test_prereqs=' ' test_no_prereqs=' ' test_lazy=' ' test_is_done= test_at_end=

exec 5>&1 6<&0
# What a test prints is only shown if it fails.
test_said=$test_private/said
if test -n "$verbose"
then
	exec 3>&2 4>&2
else
	exec 3>>"$test_said" 4>&3
fi

test_remove_scratch () {
	cd / &&
	chmod -R u+rwX "$TEST_TOP_DIRECTORY" 2>/dev/null
	rm -rf "$TEST_TOP_DIRECTORY"
}

# test_atexit COMMAND: run when the test file ends, however it ends, before its
# directory is removed; the last one given comes first.
test_atexit () {
	test_at_end="$*
$test_at_end"
}

test_run_atexit () {
	test_commands=$test_at_end
	test_at_end=
	eval "$test_commands" >&3 2>&4 </dev/null
}

test_at_exit () {
	test_status=$?
	trap - EXIT
	test_run_atexit
	if test -z "$test_is_done"
	then
		echo >&5 "Bail out! $test_name ended in the middle," \
			"see $TRASH_DIRECTORY"
		test "$test_status" = 0 && test_status=1
	fi
	exit $test_status
}
trap test_at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

test_say () {
	printf '%s\n' "$*" >&5
}

# Is a prerequisite there? A list "A,B" wants all, "!A" wants it missing.
test_have_prereq () {
	test_missing=
	test_ifs=$IFS
	IFS=,
	set -- $1
	IFS=$test_ifs
	for test_want
	do
		test_name_of=${test_want#!}
		test_find_prereq "$test_name_of"
		test_found=$?
		case "$test_want" in
		!*)	test "$test_found" != 0 ;;
		*)	test "$test_found" = 0 ;;
		esac || test_missing="$test_missing${test_missing:+,}$test_want"
	done
	test -z "$test_missing"
}

test_find_prereq () {
	case "$test_prereqs" in *" $1 "*) return 0 ;; esac
	case "$test_no_prereqs" in *" $1 "*) return 1 ;; esac
	case "$test_lazy" in
	*" $1 "*)
		eval "test_script=\$test_lazy_$1"
		mkdir -p "$test_private/prereq-$1"
		if (cd "$test_private/prereq-$1" && eval "$test_script") \
			>&3 2>&4 </dev/null
		then
			test_set_prereq "$1"
			return 0
		fi
		test_no_prereqs="$test_no_prereqs$1 "
		;;
	esac
	return 1
}

test_set_prereq () {
	test_prereqs="$test_prereqs$1 "
}

# test_lazy_prereq NAME SCRIPT: decided when first asked for, in a scratch
# directory.
test_lazy_prereq () {
	eval "test_lazy_$1=\$2"
	test_lazy="$test_lazy$1 "
}

# In a function of its own, so that a "return" in the text ends the text alone.
test_eval () {
	eval "$1"
}

test_run_body () {
	test_cleanup=:
	test -n "$verbose" || : >"$test_said"
	{
		test -z "$trace" || set -x
		test_eval "$1"
		{
			test_body_status=$?
			set +x
		} 2>/dev/null
		test_eval "$test_cleanup" || {
			test_body_status=1
			echo "error: the clean-up failed" >&2
		}
	} </dev/null >&3 2>&4
	cd "$TRASH_DIRECTORY" || exit 1
	return $test_body_status
}

# Counts, and says whether the test is to be run; sets test_title, test_body.
test_begin () {
	test_count=$((test_count + 1))
	test_wants=
	if test $# = 3
	then
		test_wants=$1
		shift
	fi
	test $# = 2 || {
		test_say "Bail out! $test_name: a test needs 2 or 3 words"
		exit 1
	}
	test_title=$1 test_body=$2
	if test -n "$only"
	then
		case "$only" in
		*,$test_count,*) ;;
		*)
			test_say "ok $test_count # skip $test_title (--run)"
			return 1
			;;
		esac
	fi
	if test -n "$test_wants" && ! test_have_prereq "$test_wants"
	then
		test_say "ok $test_count # skip $test_title" \
			"(missing $test_missing)"
		return 1
	fi
	printf '\nexpecting %s: %s\n' "$test_count" "$test_title" >&3
	printf '%s\n' "$test_body" >&3
	return 0
}

# The end of what the test printed, as TAP comments.
test_show_said () {
	tail -n 60 "$test_said" | LC_ALL=C tr -d '\000-\010\013-\037\177' |
	sed 's/^/# | /'
}

# test_expect_success [PREREQ] TITLE BODY
test_expect_success () {
	test_begin "$@" || return 0
	if test_run_body "$test_body"
	then
		test_say "ok $test_count - $test_title"
		return 0
	fi
	test_failures=$((test_failures + 1))
	test_say "not ok $test_count - $test_title"
	printf '%s\n' "$test_body" | sed 's/^/#	/' >&5
	test -n "$verbose" || test_show_said >&5
	if test -n "$immediate"
	then
		test_is_done=t
		test_say "# stopped, see $TRASH_DIRECTORY"
		exit 1
	fi
}

# test_expect_failure [PREREQ] TITLE BODY: a known breakage.
test_expect_failure () {
	test_begin "$@" || return 0
	if test_run_body "$test_body"
	then
		test_fixed=$((test_fixed + 1))
		test_say "ok $test_count - $test_title # TODO vanished"
	else
		test_say "not ok $test_count - $test_title # TODO known breakage"
	fi
}

# test_skip_all REASON: before the first test.
test_skip_all () {
	test_is_done=t
	test_say "1..0 # SKIP $*"
	test_remove_scratch
	exit 0
}

test_done () {
	test_is_done=t
	test_run_atexit
	test_say "1..$test_count"
	if test "$test_fixed" != 0
	then
		test_say "# $test_fixed known breakages vanished:" \
			"expect success of them"
	fi
	if test "$test_failures" != 0
	then
		test_say "# failed $test_failures of $test_count tests," \
			"see $TRASH_DIRECTORY"
		exit 1
	fi
	if test -z "$debug"
	then
		test_remove_scratch
	fi
	exit 0
}

# Commands for the bodies of tests.

# test_when_finished COMMAND: run when the test ends, however it ends; the
# last one given comes first.
test_when_finished () {
	test_cleanup="{ $*
} && ($test_cleanup)"
}

# test_expect_code N COMMAND...
test_expect_code () {
	test_want_code=$1
	shift
	"$@"
	test_got_code=$?
	test "$test_got_code" = "$test_want_code" && return 0
	echo >&4 "error: exit status $test_got_code, not $test_want_code: $*"
	return 1
}

# test_must_fail COMMAND...: fails in an orderly way. Not found, a signal and
# a sanitizer's finding are no refusals.
test_must_fail () {
	"$@"
	test_got_code=$?
	case "$test_got_code" in
	0)
		echo >&4 "error: succeeded, but must fail: $*"
		return 1
		;;
	126|127)
		echo >&4 "error: could not be run: $*"
		return 1
		;;
	$TEST_SANITIZER_STATUS)
		echo >&4 "error: a sanitizer objects: $*"
		return 1
		;;
	esac
	# 128 is a failure of resutil's own, 129 wrong usage
	if test "$test_got_code" -gt 129
	then
		echo >&4 "error: died of signal $((test_got_code - 128)): $*"
		return 1
	fi
	return 0
}

# test_might_fail COMMAND...: either is fine, a crash is not.
test_might_fail () {
	"$@"
	test_got_code=$?
	case "$test_got_code" in
	126|127|$TEST_SANITIZER_STATUS)	return 1 ;;
	esac
	test "$test_got_code" -le 129
}

# test_cmp EXPECTED ACTUAL
test_cmp () {
	for test_file in "$1" "$2"
	do
		if ! test "$test_file" = - && ! test -e "$test_file"
		then
			echo >&4 "error: test_cmp: no file '$test_file'"
			return 1
		fi
	done
	diff -u "$@"
}

# test_cmp_bin EXPECTED ACTUAL
test_cmp_bin () {
	cmp "$@"
}

test_must_be_empty () {
	if ! test -f "$1"
	then
		echo >&4 "error: no file '$1'"
		return 1
	fi
	if test -s "$1"
	then
		echo >&4 "error: '$1' is not empty:"
		cat "$1" >&4
		return 1
	fi
}

# test_line_count = 3 FILE
test_line_count () {
	test -f "$3" || {
		echo >&4 "error: no file '$3'"
		return 1
	}
	test_lines=$(wc -l <"$3")
	if ! test "$((test_lines))" "$1" "$2"
	then
		echo >&4 "error: '$3' has $((test_lines)) lines, not $1 $2:"
		cat "$3" >&4
		return 1
	fi
}

# test_grep [GREP OPTION...] PATTERN FILE: grep that shows what was there.
# test_grep ! PATTERN FILE: no line matches.
test_grep () {
	test_negate=
	if test "$1" = '!'
	then
		test_negate=t
		shift
	fi
	for test_file
	do
		:
	done
	test -f "$test_file" || {
		echo >&4 "error: no file '$test_file'"
		return 1
	}
	if grep "$@" >/dev/null
	then
		test -z "$test_negate" && return 0
		echo >&4 "error: a line matches: grep $*"
	else
		test -n "$test_negate" && return 0
		echo >&4 "error: no line matches: grep $*"
	fi
	cat "$test_file" >&4
	return 1
}

test_path_is_file () {
	test -f "$1" && return 0
	echo >&4 "error: no file '$1'"
	return 1
}

test_path_is_dir () {
	test -d "$1" && return 0
	echo >&4 "error: no directory '$1'"
	return 1
}

test_path_is_link () {
	test -h "$1" && return 0
	echo >&4 "error: no symbolic link '$1'"
	return 1
}

test_path_is_missing () {
	test -e "$1" || test -h "$1" || return 0
	echo >&4 "error: '$1' is there"
	ls -ld "$1" >&4
	return 1
}

# test_dir_is_empty DIR
test_dir_is_empty () {
	test_path_is_dir "$1" || return 1
	test -z "$(ls -A "$1")" && return 0
	echo >&4 "error: '$1' is not empty:"
	ls -lA "$1" >&4
	return 1
}

# test_wait_for SECONDS COMMAND...: tries ten times a second.
test_wait_for () {
	test_tries=$(($1 * 10))
	shift
	while test "$test_tries" -gt 0
	do
		"$@" && return 0
		sleep 0.1
		test_tries=$((test_tries - 1))
	done
	echo >&4 "error: never came true: $*"
	return 1
}

# test_set_now SECONDS[.MICROSECONDS]: the clock stands still from here on.
test_set_now () {
	RESUTIL_TEST_NOW=$1
	export RESUTIL_TEST_NOW
}

# stop_process PID...: SIGTERM, and SIGKILL to what is still there after ten
# seconds; returns when they are gone. For children of the test file.
stop_process () {
	kill "$@" 2>/dev/null
	for test_pid
	do
		test_wait_for 10 test_is_gone "$test_pid" ||
		kill -KILL "$test_pid" 2>/dev/null
		wait "$test_pid" 2>/dev/null
	done
	return 0
}

test_is_gone () {
	! kill -0 "$1" 2>/dev/null
}

# write_script FILE <<\EOF: an executable sh script.
write_script () {
	{
		echo '#!/bin/sh' &&
		cat
	} >"$1" &&
	chmod +x "$1"
}

# test_commit DIR MESSAGE: everything, with an identity for this once.
test_commit () {
	git -C "$1" add -A &&
	git -C "$1" -c user.name=x -c user.email=x@x.invalid \
		commit -q --allow-empty -m "$2"
}

# make_repo DIR: a git repository with one commit (train.py, data.csv); the
# branch is main; nobody is configured as its user.
make_repo () {
	mkdir -p "$1" &&
	git -C "$1" init -q -b main &&
	printf 'print("hello")\n' >"$1/train.py" &&
	printf 'x,y\n1,2\n' >"$1/data.csv" &&
	test_commit "$1" initial
}

# make_project [DIR]: a project whose store is the directory DIR.store.
make_project () {
	mkdir -p "${1:-.}" &&
	(
		cd "${1:-.}" &&
		resutil --no-interactive init --project-name project \
			--storage-type dir \
			-o path="$(pwd -P).store"
	)
}

# with_faults [NAME=VALUE]... COMMAND...: "resutil" is the one with fault
# points. Needs the prereq FAULTS.
with_faults () {
	env PATH="$FAULTY_DIRECTORY:$PATH" "$@"
}

test_as_nobody () {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=-all --bounding-set=-all "$@"
}

# as_user COMMAND...: without root's powers, which ignore permissions. As
# root: as nobody; what it shall write must be given to nobody first. Where
# nobody does not get into the build (a clone below /root), its programs are
# taken from a copy.
test_user_path=
as_user () {
	if test "$(id -u)" != 0
	then
		"$@"
		return
	fi
	if test -z "$test_user_path"
	then
		test_user_path=$PATH
		test_as_nobody test -x "$BUILD_DIRECTORY/resutil" || {
			test_copy=$TEST_TOP_DIRECTORY/programs
			mkdir -p "$test_copy" &&
			cp -R "$BUILD_DIRECTORY/resutil" \
				"$BUILD_DIRECTORY/libexec" \
				"$BUILD_DIRECTORY/helper" "$test_copy" &&
			chmod -R a+rX "$test_copy" || return 1
			test_user_path=$test_copy:$test_copy/helper:$PATH
		}
	fi
	test_as_nobody env PATH="$test_user_path" "$@"
}

test_lazy_prereq NOT_ROOT 'test "$(id -u)" != 0'
# powerless COMMAND...: as this user, and root as one to whom the modes of its
# own files mean something. Needs the prereq AS_USER.
powerless () {
	if test "$(id -u)" = 0
	then
		setpriv --inh-caps=-all --bounding-set=-all "$@"
	else
		"$@"
	fi
}
test_lazy_prereq AS_USER '
	test "$(id -u)" != 0 || test_as_nobody true
'
test_lazy_prereq DEV_FULL 'test -c /dev/full && ! echo x >/dev/full'
test_lazy_prereq PYTHON 'python3 -c "pass"'
test_lazy_prereq SANITIZED 'grep -q __asan_init "$BUILD_DIRECTORY/resutil"'
test_lazy_prereq FAULTS 'grep -q RESUTIL_TEST_FAULT "$FAULTY_DIRECTORY/resutil"'
test_lazy_prereq PTY 'test -x "$BUILD_DIRECTORY/helper/pty-run"'
test_lazy_prereq UTF8_LOCALE '
	LC_ALL=C.UTF-8 locale charmap 2>/dev/null | grep UTF-8
'

cd "$TRASH_DIRECTORY" || exit 1
