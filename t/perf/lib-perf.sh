# What the sections of the benchmarks share; they begin with
#
#	set -eu
#	cd "$(dirname "$0")/../.."
#	. t/perf/lib-perf.sh
#
# and take the directory of the build as their argument. Settings:
#
#	ROUNDS=N	medians of that many (each section has its own default)
#	SLOW=SECONDS	a command that takes longer than that is run only once
#	PERF_SCALE=N	a tenth of the data with 10, for trying
#	PERF_ROOT=DIR	scratch there and not on a tmpfs
#
# Sets $scratch (a new directory, removed at the end), $threads and $skipped.
# shellcheck disable=SC2034 # the sections use what is set here
build=$(cd "${1:-build}" && pwd)
PATH=$build:$build/helper:$PATH
scale=${PERF_SCALE:-1}
slow=${SLOW:-5}
skipped=
threads=$(getconf _NPROCESSORS_ONLN)

root=${PERF_ROOT:-}
if [ -z "$root" ]; then
	root=${TMPDIR:-/tmp}
	[ -w /dev/shm ] && root=/dev/shm
fi
scratch=$(mktemp -d "$root/resutil-perf.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
HOME=$scratch/home
mkdir "$HOME"
export HOME PATH GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES="$scratch" \
	RESUTIL_NO_INTERACTIVE=1
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME

# Below, FILE holds lines of time-turns.

# value NAME FILE [FIELD]: of one command; 0 when it is not there. Fields: 2
# median, 3 fastest (microseconds), 5 memory (KiB), 7 size (bytes).
value () {
	awk -F '\t' -v name="$1" -v field="${3:-2}" '
		$1 == name { v = $field } END { printf "%.0f", v }' "$2"
}

# ratio A B FILE [FIELD]: of two commands.
ratio () {
	awk -v a="$(value "$1" "$3" "${4:-2}")" \
		-v b="$(value "$2" "$3" "${4:-2}")" 'BEGIN {
		if (b + 0 == 0) print "?"
		else printf a / b < 0.1 ? "%.3f" : "%.2f", a / b
	}'
}

# ratios [-s] FILE BASE...: a table with a column for each base; with -s one
# more for sizes, relative to that of the first.
ratios () {
	ratios_size=
	[ "$1" != -s ] || { ratios_size=t; shift; }
	ratios_file=$1
	shift
	echo '[%autowidth]'
	echo '|==='
	printf '|command'
	for ratios_base; do
		printf ' |x %s' "$ratios_base"
	done
	[ -z "$ratios_size" ] || printf ' |size'
	printf '\n\n'
	while IFS=$(printf '\t') read -r ratios_name _ _ _ _ ratios_rounds _; do
		printf '|%s' "$ratios_name"
		[ "$ratios_rounds" != 1 ] || printf ' (one round)'
		for ratios_base; do
			printf ' |%s' "$(ratio "$ratios_name" "$ratios_base" \
				"$ratios_file")"
		done
		if [ -n "$ratios_size" ]; then
			printf ' |%s' "$(awk \
				-v a="$(value "$ratios_name" "$ratios_file" 7)" \
				-v b="$(value "$1" "$ratios_file" 7)" \
				'BEGIN { printf "%.3f", b + 0 ? a / b : 0 }')"
		fi
		echo
	done <"$ratios_file"
	echo '|==='
}

# goal WORDS VALUE at-most|at-least LIMIT: an item that says whether it is met.
goal () {
	awk -v words="$1" -v value="$2" -v order="$3" -v limit="$4" 'BEGIN {
		met = order == "at-most" ? value + 0 <= limit + 0 : \
			value + 0 >= limit + 0
		sub("at-", "at ", order)
		printf "* %s %s %s: %s, %s\n", words, order, limit, value, \
			met && value != "?" ? "met" : "not met"
	}'
}

# faster NAME BASE FILE: how many times faster than the base.
faster () {
	awk -v a="$(value "$2" "$3")" -v b="$(value "$1" "$3")" \
		'BEGIN { if (b + 0) printf "%.1f", a / b; else print "?" }'
}

# memory PATTERN FILE: the most of those commands, in MB.
memory () {
	awk -F '\t' -v pattern="$1" '
		$1 ~ pattern && $5 > kib { kib = $5 }
		END { printf "%.0f", kib * 1.024 / 1000 }' "$2"
}

# have CMD NAME: whether a peer is installed; else it is named as skipped.
have () {
	command -v "$1" >/dev/null 2>&1 && return
	case " $skipped " in
	*" $2 "*) ;;
	*) skipped="$skipped $2" ;;
	esac
	return 1
}

name_skipped () {
	[ -z "$skipped" ] || printf '\nNot installed, skipped:%s.\n' "$skipped"
}

name_scale () {
	[ "$scale" = 1 ] ||
		printf '\nOnly 1/%s of the data: for trying.\n' "$scale"
}

# The interpreter itself: a wrapper on PATH would be timed with it.
find_python () {
	python=$(python3 -c 'import sys; print(sys.executable)') &&
	python_zip="$python $PWD/t/perf/python-zip.py"
}

# $frames: an interpreter that has pandas and PyYAML; else pandas is named as
# skipped.
find_frames () {
	frames=
	for frames_try in "$python" /usr/bin/python3; do
		if [ -z "$frames" ] &&
			"$frames_try" -c 'import pandas, yaml' 2>/dev/null; then
			frames=$frames_try
		fi
	done
	[ -n "$frames" ] || skipped="$skipped pandas"
}
