#!/bin/sh
# What runs on the other side, second part: looking, listing, reading.
# shellcheck shell=sh disable=SC2034,SC2154 # shared by these files

# refuse_missing ./KEY: it is no object, and here is why
refuse_missing() {
	if try ls -d "$1"; then
		refuse gone
	else
		refuse_for "$1" "$reason"
	fi
}

# stat_object ./KEY
stat_object() {
	enter || return
	if is_object "$1" && look "$1"; then
		answer ok "$is"
	else
		refuse_missing "$1"
	fi
}

# ---- reading ---------------------------------------------------------------

# look_at ./KEY: what is open as 4; where that cannot be asked, its name
look_at() {
	if test "$open" = yes; then
		look_open
	else
		! test -h "$1" && look "$1"
	fi
}

# with_open ./KEY WANTED FUNCTION [WORD...]: the function is called with the
# object open as 4, when it is what is wanted ('': whatever it is). It sends,
# and sets $rest for the answer behind that, which says whether the object stayed
# as it was.
with_open() {
	enter || return
	if ! is_object "$1"; then
		refuse_missing "$1"
		return
	fi
	# Where only names are asked, this one leads to one file from before it is
	# opened until it was read.
	before=
	test "$open" = yes || { look "$1" && before=$is; }
	opened=
	{ opened=1; is_wanted "$@"; } 4<"$1"
	test -n "$opened" || refuse_unopened "$1"
}

refuse_unopened() {
	if is_object "$1" && ! test -r "$1"; then
		refuse denied 'Permission denied'
	else
		refuse_missing "$1"
	fi
}

is_wanted() {
	if ! look_at "$1"; then
		refuse gone
		return
	fi
	if test "${2:-$is}" != "$is" || test "${before:-$is}" != "$is"; then
		refuse changed
		return
	fi
	key=$1 was=$is
	shift 2
	if ! "$@"; then
		refuse_for "$key" "$reason"
	elif look_at "$key" && test "$is" = "$was"; then
		answer ok "$rest"
	else
		refuse changed
	fi
}

# get ./KEY WANTED BLOCK SKIP [COUNT]: blocks of the object behind the first
# answer; dd counts them exactly, as they come from a regular file
get() {
	with_open "$1" "$2" send_blocks "$3" "$4" "$5"
}

send_blocks() {
	answer ok "$is"
	rest=
	test "$3" = 0 && return
	reason=$(dd bs="$1" skip="$2" ${3:+count="$3"} 2>&1 <&4 >&5) && return
	# There may be nothing to skip to.
	case $reason in
	*'annot skip'*|*' seek'*|*'skip to'*) return 0 ;;
	esac
	return 1
}

# sum_object ./KEY WANTED
sum_object() {
	with_open "$1" "$2" send_sum
}

send_sum() {
	rest="$is $(hash_of <&4)"
}

# ---- listing ---------------------------------------------------------------

# list DIR DIR-PATTERN PATTERN all|level: records "INODE SIZE MTIME ./KEY//" and
# a newline, which no path can hold, an empty one, and how it ended. PATTERN: ''
# or what paths below DIR match, as find -path has it.
list() {
	enter || return
	answer ok
	if test "$1" = . || { test -d "$1" && ! has_link "$1"; }; then
		find_records "$@"
	elif try ls -d "$1"; then
		reason='= 0'
	else
		case $reason in
		*[Nn]'o such file'*|*[Nn]'ot a directory'*|*'name too long'*)
			reason='= 0' ;;
		esac
	fi
	printf '//\n' >&5
	judge_find
}

# What find and its children write to stderr, and how they ended: "= STATUS".
# What went away while they looked is "= gone".
find_records() {
	test -n "$finder" || find_finder
	reason=$({
		"find_$4" "$@"
		printf '= %s\n' "$?" >&2
	} 2>&1 >&5 | sed -e 's/.*o such file or directory$/= gone/' \
		-e '/roken pipe$/d' | uniq | head -n 20)
}

# The end of a listing that is not whole is a failure.
judge_find() {
	missed='' failure='' ended='' rest=$reason$nl
	while test -n "$rest"; do
		case $rest in
		'= gone'*) missed=missed ;;
		'= 0'*) test -n "$ended" || ended=0 ;;
		'= '*) rest=${rest#= } ended=${rest%%"$nl"*} ;;
		*) test -n "$failure" || failure=${rest%%"$nl"*} ;;
		esac
		rest=${rest#*"$nl"}
	done
	case $failure,$ended,$missed in
	,0,*|,1,missed) answer ok "$missed" ;;
	*) refuse_for '' "${failure:-find ended with status $ended}" ;;
	esac
}

finder=''
find_finder() {
	case $(find / -prune -printf '%i %s %T@ %p//' 2>/dev/null) in
	*[0-9]' '[0-9]*' '[0-9]*.?????????*' ///') finder='printf' ;;
	*) finder=$stat ;;
	esac
}

# The test of what is not looked at goes in front of all others.
find_all() {
	if test -n "$3"; then
		find_each "$1" '(' -name '.resutil-*' -o \
			! -path "$2" ! -path "$3" ')' -prune -o
	else
		find_each "$1" -name '.resutil-*' -prune -o
	fi
}

# Directories count when an object lies below.
find_level() {
	if test -n "$3"; then
		set -- "$1" "$2" '(' -name '.resutil-*' -o ! -path "$3" ')'
	else
		set -- "$1" "$2" -name '.resutil-*'
	fi
	dir=$1 dir_pattern=$2
	shift 2
	find_each "$dir" ! -path "$dir_pattern" '(' "$@" ')' -prune -o \
		! -path "$dir_pattern" -prune
	files=$?
	find "$dir" ! -path "$dir_pattern" '(' "$@" ')' -prune -o \
		! -path "$dir_pattern" -prune -type d \
		-exec sh -c "$levels" sh "$quit" {} + &&
		return "$files"
}

# shellcheck disable=SC2016 # another shell's
levels='quit=$1
shift
for dir do
	test -z "$(find "$dir" -name ".resutil-*" -prune -o -type f -print \
		$quit | head -n 1)" || printf "0 0 0 %s///\n" "$dir"
done'
quit=''

# find_each DIR [TEST...]: a record for each file
find_each() {
	case $finder in
	printf)
		quit=-quit
		find "$@" -type f -printf '%i %s %T@ %p//\n' ;;
	stat)
		find "$@" -type f -exec stat -c '%i %s %Y %y %n//' {} + ;;
	bsd)
		find "$@" -type f -exec stat -f '%i %z %Fm %N//' {} + ;;
	perl)
		find "$@" -type f -exec perl -e "$perl_stat" {} + ;;
	ls)
		{
			find "$@" -type f -exec printf '%s//\n' {} +
			printf '= %s\n' "$?" >&2
		} | look_at_each ;;
	esac
}

# One process for each.
look_at_each() {
	name=
	while IFS= read -r line; do
		name=$name$line
		case $name in
		*//)
			name=${name%//}
			if look "$name"; then
				printf '%s %s//\n' "$is" "$name"
			else
				printf '%s\n' 'No such file or directory' >&2
			fi
			name= ;;
		*)
			name=$name$nl ;;
		esac
	done
}
