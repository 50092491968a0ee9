#!/bin/sh
# What runs on the other side, first part: answers, facts, looks at objects.
# POSIX shell and nothing more: dash, bash, busybox, mksh, ksh93, zsh as sh.
# ssh-store.c sets $token before it, and calls `serve` behind it. Descriptor 3
# is what we are told, 5 what we answer; 0 is empty and 1 nowhere, so that no
# program takes or gives what belongs to the protocol. Shared by all functions:
#
#	$is		"INODE SIZE MTIME" of what was looked at last
#	$reason		what a program said, of `try`
#	$root		the store's directory
#	$nl		a newline, which no request's line can hold

# shellcheck shell=sh disable=SC2034,SC2154 # shared by these files

LC_ALL=C TZ=UTC0
export LC_ALL TZ
unset CDPATH POSIXLY_CORRECT QUOTING_STYLE TIME_STYLE
set -f
IFS=$(printf ' \t\n.')
IFS=${IFS%.}
nl='
'
exec 3<&0 5>&1 </dev/null >/dev/null

# say LINE: by the shell itself, so that nobody sees the token in what runs
case ${KSH_VERSION-} in
*MIRBSD*|*LEGACY*) say() { print -r -- "$1" >&5; } ;;
*) say() { printf '%s\n' "$1" >&5; } ;;
esac

# answer CODE [REST]: one line; REST has no newline
answer() {
	say "$token $1 $2"
}

# refuse CODE [REASON]: any text, cut to what a sentence can take
refuse() {
	refused=$(printf '%.500s' "$2")
	while :; do
		case $refused in
		*"$nl"*) refused="${refused%%"$nl"*} ${refused#*"$nl"}" ;;
		*) break ;;
		esac
	done
	say "$token $1 $refused"
}

# try COMMAND...: keeps what it says for the case that it fails
try() {
	reason=$("$@" 2>&1)
}

# refuse_for NAME REASON: by what a program said of NAME; a name may hold any
# words itself
refuse_for() {
	said=$2
	while test -n "$1"; do
		case $said in
		*"$1"*) said="${said%%"$1"*}${said#*"$1"}" ;;
		*) break ;;
		esac
	done
	case $said in
	*[Nn]'o such file'*|*onexistent*|*[Nn]'ot a directory'*)
		refuse gone ;;
	*[Rr]'ead-only'*)
		refuse readonly "$2" ;;
	*[Pp]'ermission denied'*|*'not permitted'*)
		refuse denied "$2" ;;
	*[Nn]'o space left'*|*[Qq]'uota exceeded'*|*'ile too large'*)
		refuse full "$2" ;;
	*[Ii]'nput/output error'*|*[Ss]'tale '*|*[Tt]'imed out'*|\
	*'not connected'*|*'emporarily unavailable'*|*'ost is down'*|\
	*[Nn]'o route'*|*'annot fork'*|*'annot allocate'*)
		refuse away "$2" ;;
	*)
		refuse failed "$2" ;;
	esac
}

# ---- facts -----------------------------------------------------------------

has() {
	command -v "$1" >/dev/null 2>&1
}

# Which program tells inode, size and time; tried on a directory that is there.
# The last one tells minutes, or days: no other is in POSIX. See mark_of.
find_stat() {
	case $(stat -c '%i %s %Y %y' / 2>/dev/null) in
	[0-9]*' '[0-9]*' '*[0-9]' '*-*-*' '*:*:*) stat='stat'; return ;;
	esac
	case $(stat -f '%i %z %Fm' / 2>/dev/null) in
	[0-9]*' '[0-9]*' '*[0-9].*[0-9]) stat=bsd; return ;;
	esac
	case $(perl -e "$perl_stat" / 2>/dev/null) in
	[0-9]*' '[0-9]*' '*.*[0-9]' //'*) stat=perl; return ;;
	esac
	stat='ls'
}

# shellcheck disable=SC2016 # these are perl's
perl_stat='use Time::HiRes (); for (@ARGV) {
	my @w = lstat($_) or (print STDERR "$!\n"), next;
	my @s = Time::HiRes::lstat($_) or next;
	printf "%s %s %.9f %s//\n", @s[1, 7], $w[9] < 0 ? $w[9] : $s[9], $_ }'
# shellcheck disable=SC2016
perl_stat_open='use Time::HiRes (); my @s = Time::HiRes::stat(\*STDIN);
	printf "%s %s %.9f ./", @s[1, 7, 9]'

# The hash of nothing tells whether a program works at all.
find_sum() {
	for sum in sha256sum shasum openssl sha256 md5sum cksum; do
		case $(hash_of </dev/null) in
		e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855|\
		d41d8cd98f00b204e9800998ecf8427e|\
		4294967295)
			return ;;
		esac
	done
	sum=none
}

# Of its stdin, as digits alone.
hash_of() {
	# shellcheck disable=SC2046 # words
	case $sum in
	sha256sum) set -- $(sha256sum 2>/dev/null) ;;
	shasum) set -- $(shasum -a 256 2>/dev/null) ;;
	openssl)
		set -- $(openssl dgst -sha256 2>/dev/null)
		while test $# -gt 1; do shift; done ;;
	sha256) set -- $(sha256 2>/dev/null) ;;
	md5sum) set -- $(md5sum 2>/dev/null) ;;
	cksum) set -- $(cksum 2>/dev/null) ;;
	esac
	printf '%s\n' "$1"
}

# What takes a number of bytes and leaves the next one to others.
find_take() {
	for take in head dd; do
		test "$(printf 12345678 | { take 3; printf ,; cat; })" \
			= 123,45678 && return
	done
	take=none
}

# take BYTES: from stdin to stdout; below 2 GiB, which every shell counts to
take() {
	case $take in
	head)
		head -c "$1" 2>/dev/null ;;
	dd)
		test "$1" -lt 65536 || dd bs=65536 count="$(($1 / 65536))" \
			iflag=fullblock 2>/dev/null
		test "$(($1 % 65536))" = 0 || dd bs="$(($1 % 65536))" \
			count=1 iflag=fullblock 2>/dev/null ;;
	esac
}

# Whether an open file can be asked what it is: where it can, it is what is
# compared, and not its name.
find_open() {
	open=no
	look / && by_name=$is &&
		{ look_open && test "$is" = "$by_name" && open=yes; } 4</
} 2>/dev/null

# start PATH [STAT SUM TAKE OPEN]: the store's directory, and what an earlier session
# found out
start() {
	case $1 in
	/*) root=$1 ;;
	*) root=${HOME-$PWD}/$1 ;;
	esac
	if test -n "$2"; then
		stat=$2 sum=$3 take=$4 open=$5
	else
		find_stat
		find_sum
		find_take
		find_open
	fi
	enter && answer ok "$stat $sum $take $open"
}

# Each request begins here: what is mounted there may be another one by now.
enter() {
	cd "$root" 2>/dev/null && return
	try ls -d "$root/."
	case $reason in
	'') refuse denied 'it may not be entered' ;;
	*[Nn]'o such file'*|*[Nn]'ot a directory'*) refuse nowhere ;;
	*) refuse_for "$root" "$reason" ;;
	esac
	return 1
}

# ---- objects ---------------------------------------------------------------

# has_link ./KEY: something on the way to it, or itself, is a symbolic link
has_link() {
	link_way=.
	link_rest=${1#./}
	while :; do
		link_way=$link_way/${link_rest%%/*}
		test -h "$link_way" && return
		case $link_rest in
		*/*) link_rest=${link_rest#*/} ;;
		*) return 1 ;;
		esac
	done
}

# is_object ./KEY: a regular file, and no link to it
is_object() {
	test -f "$1" && ! has_link "$1"
}

# look ./KEY: sets $is; fails when it is gone
look() {
	case $stat in
	stat) is=$(stat -c '%i %s %Y %y' "$1" 2>/dev/null) ;;
	bsd) is=$(stat -f '%i %z %Fm' "$1" 2>/dev/null) ;;
	perl) is=$(perl -e "$perl_stat" "$1" 2>/dev/null) ;;
	ls)
		is=$(ls -dni "$1" 2>/dev/null) && mark_of "$1" ;;
	esac
	plain_is
}

# mark_of PATH: sets $mark to ten digits, which stand in the place of seconds
# that nobody tells. What replaces an object may get the inode number that one
# before it had, and within a minute no time differs: who compares then what
# became 3 with what was 1 would write 2. So the content is a part of the version:
# its checksum, or that of both ends where it is large.
mark_of() {
	# shellcheck disable=SC2086 # words
	set -- "$1" $is
	case $7 in
	?|??|???|????|?????) mark=$(cksum_of "$1") ;;
	*) mark=$({ dd if="$1" bs=65536 count=1 && tail -c 65536 "$1"; } \
		2>/dev/null | cksum) ;;
	esac
	mark=0000000000${mark%% *}
	mark=${mark#"${mark%??????????}"}
}

# Of what may not be read, or is a directory, it is 0.
cksum_of() {
	test -f "$1" && { cksum <"$1"; } 2>/dev/null || printf '0\n'
}

# The same of the open file 4. By `ls` it is not asked for: what is read for its
# mark would be missing in what is read for others.
look_open() {
	case $stat in
	stat) is=$(stat -L -c '%i %s %Y %y' /dev/fd/0 <&4 2>/dev/null) ;;
	bsd) is=$(stat -f '%i %z %Fm' <&4 2>/dev/null) ;;
	perl) is=$(perl -e "$perl_stat_open" <&4 2>/dev/null) ;;
	ls) return 1 ;;
	esac
	plain_is
}

# Three words are left, of which the last has nine digits behind a point: not of
# times before 1970, in which programs write different things there.
plain_is() {
	case $stat in
	stat)
		# shellcheck disable=SC2086 # words
		set -- $is
		case $3,$5 in
		-*) is="$1 $2 $3.000000000" ;;
		*.?????????) is="$1 $2 $3.${5##*.}" ;;
		*) is="$1 $2 $3.000000000" ;;
		esac ;;
	perl)
		is=${is%% ./*}
		is=${is%% //*} ;;
	ls)
		# shellcheck disable=SC2086 # words
		set -- $is
		is=$(time_of "$7" "$8" "$9") || return
		is="$1 $6 $((is + ${mark%?????????})).${mark#?}" ;;
	esac
	case $is in
	[0-9]*' '[0-9]*' '*[0-9].?????????) return 0 ;;
	esac
	return 1
}

# time_of MONTH DAY TIME-OR-YEAR: as ls writes it; in seconds since 1970
time_of() {
	case $1 in
	Jan) set -- 1 "$2" "$3" ;; Feb) set -- 2 "$2" "$3" ;;
	Mar) set -- 3 "$2" "$3" ;; Apr) set -- 4 "$2" "$3" ;;
	May) set -- 5 "$2" "$3" ;; Jun) set -- 6 "$2" "$3" ;;
	Jul) set -- 7 "$2" "$3" ;; Aug) set -- 8 "$2" "$3" ;;
	Sep) set -- 9 "$2" "$3" ;; Oct) set -- 10 "$2" "$3" ;;
	Nov) set -- 11 "$2" "$3" ;; Dec) set -- 12 "$2" "$3" ;;
	*) return 1 ;;
	esac
	case $3 in
	*:*)
		# Of the last twelve months; the clock may be a day behind.
		year=$(date +%Y) this=$(date +%m)
		this=${this#0} minutes=${3#*:} hours=${3%%:*}
		test "$1" -le "$((this + 1))" || year=$((year - 1))
		set -- "$1" "$2" "$year" "${hours#0}" "${minutes#0}" ;;
	*)
		set -- "$1" "$2" "$3" 0 0 ;;
	esac
	# Years that begin in March have their odd day at the end.
	if test "$1" -le 2; then
		set -- "$(($1 + 9))" "$2" "$(($3 - 1))" "$4" "$5"
	else
		set -- "$(($1 - 3))" "$2" "$3" "$4" "$5"
	fi
	days=$(($3 * 365 + $3 / 4 - $3 / 100 + $3 / 400 - 719469))
	days=$((days + (153 * $1 + 2) / 5 + $2))
	printf '%s\n' "$(((days * 24 + $4) * 60 * 60 + $5 * 60))"
}

serve() {
	while IFS= read -r request <&3; do
		eval "$request"
	done
}
