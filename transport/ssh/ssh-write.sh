#!/bin/sh
# What runs on the other side, third part: what changes have in common.
# Keys are "./KEY", and the current directory is the store's.
#
# The order of writes: a temporary beside the object, filled, hashed by reading
# it back, synced; one link shows it, or one rename under the lock; then the
# directory is synced, and only then it is told.
#
# Functions that fail set $code and $reason, or leave $code empty where what a
# program said ($reason) decides; the request answers once, by `no`.
#
# shellcheck shell=sh disable=SC2034,SC2154 # shared by these files
# shellcheck disable=SC2015 # A && B || C: C is right after either

temp=		# what this session is writing
keep=		# ... and leaves, when it ends, to whoever goes on with it
durable=	# a directory that is, with all above it
mode_known=

trap drop_temp 0
trap 'exit 1' HUP INT PIPE TERM

# ---- answers -----------------------------------------------------------------

fails() {
	code=$1
	reason=$2
	return 1
}

no() {
	case $code,$reason in
	# A directory went while it was used.
	,*[Nn]'o such file'*) refuse away "$reason" ;;
	,*) refuse_for "$1" "$reason" ;;
	*) refuse "$code" "$reason" ;;
	esac
	code=
}

# In the midst of data, which nobody wants any more: the other side reads the
# answer and leaves.
give_up() {
	drop_temp
	no "$1"
	cat <&3
	exit 1
}

drop_temp() {
	if test -n "$temp" && test -z "$keep"; then
		rm -rf "$temp" 2>/dev/null
		prune_above "$temp"
	fi
	temp=
	keep=
	exec 8>&-
}

# ---- directories -------------------------------------------------------------

# What is made is open to whom the store's directory is open to.
set_mode() {
	test -z "$mode_known" || return 0
	mode_known=$(ls -ld . 2>/dev/null)
	mode=${mode_known#?}
	mode=${mode%"${mode#?????????}"}
	letters "${mode%??????}"
	mask=u=$letters
	mode=${mode#???}
	letters "${mode%???}"
	mask=$mask,g=$letters
	letters "${mode#???}"
	mask=$mask,o=$letters
	test -z "$mode_known" || umask "$mask"
	# files have no x
	while :; do
		case $mask in
		*x*) mask=${mask%%x*}${mask#*x} ;;
		*) break ;;
		esac
	done
}

# letters rws: as umask understands them
letters() {
	letters=
	case $1 in r*) letters=r ;; esac
	case $1 in ?w*) letters=${letters}w ;; esac
	case $1 in ??[xst]) letters=${letters}x ;; esac
}

# sync_these PATH...: where sync takes no names it syncs all there is
sync_these() {
	case $sync in
	'')
		sync=names
		try sync ./. || sync=all ;;
	esac
	code=
	case $sync in
	names) try sync "$@" ;;
	*) try sync ;;
	esac
}

# A file system that cannot sync a directory needs no such call. What is
# visible and may not last is worth another try, which syncs it again.
sync_directories() {
	sync_these "$@" && return
	case $reason in
	*[Ii]'nvalid argument'*) try sync && return ;;
	esac
	durable=
	code=away
	return 1
}

# make_above ./KEY: somebody else may have made a directory a moment ago and
# not have synced it, so each one on the way is, once a session
make_above() {
	set_mode
	way=.
	rest=${1#./}
	set -- "${1%/*}" .
	while :; do
		case $rest in
		*/*) ;;
		*) break ;;
		esac
		way=$way/${rest%%/*}
		rest=${rest#*/}
		if test -h "$way"; then
			fails failed 'a link is in the way of its directory'
			return
		fi
		if ! test -d "$way"; then
			durable=
			code=
			try mkdir "$way" || test -d "$way" || return
		fi
		set -- "$@" "$way"
	done
	test "$1" = "$durable" && return
	way=$1
	shift
	sync_directories "$@" && durable=$way
}

# Those above a file, as far as they are empty.
prune_above() {
	above=${1%/*}
	while test "$above" != . && rmdir "$above" 2>/dev/null; do
		durable=
		above=${above%/*}
	done
}

# ---- data --------------------------------------------------------------------

# make_temp ./KEY HEX: an empty one beside it, open as 8: who takes its name away
# does not have us write into something else. Who removes empty directories may
# be faster than we are.
make_temp() {
	tries=0
	while :; do
		make_above "$1" || return
		temp=${1%/*}/.resutil-ssh-$2
		set -C
		try create "$temp" && break
		set +C
		tries=$((tries + 1))
		if test -d "${temp%/*}" || test "$tries" -ge 20; then
			temp=
			return 1
		fi
	done
	set +C
	exec 8>>"$temp"
}

create() {
	true >"$1"
}

# receive N: so many bytes are added to $temp, and what follows stays. Fewer
# come only when the connection has ended.
receive() {
	code=
	case $take in
	none) receive_slowly "$1" ;;
	*) try append "$1" ;;
	esac && return
	case $? in
	# SIGXFSZ
	153|281) fails full 'it would be larger than files may be there' ;;
	*) return 1 ;;
	esac
}

# As `take`, and says why it fails.
append() {
	case $take in
	head) head -c "$1" ;;
	*)
		test "$1" -lt 65536 || dd bs=65536 count="$(($1 / 65536))" \
			iflag=fullblock || return
		test "$(($1 % 65536))" = 0 || dd bs="$(($1 % 65536))" \
			count=1 iflag=fullblock ;;
	esac <&3 >&8
}

# dd reads once, what is there by then; POSIX has nothing better.
receive_slowly() {
	goal=$(wc -c <"$temp")
	goal=$((goal + $1))
	left=$1
	while test "$left" -gt 0; do
		block=65536
		test "$left" -ge 65536 || block=$left
		try dd_once "$block" || return
		case $reason in
		1+0*) left=$((left - block)) ;;
		0+1*) left=$((goal - $(wc -c <"$temp"))) ;;
		*) return 0 ;;
		esac
	done
}

dd_once() {
	dd bs="$1" count=1 <&3 >&8
}

# ---- what is there -----------------------------------------------------------

# expect ./KEY VERSION: it is an object, and (unless "") that version of it
expect() {
	if ! is_object "$1"; then
		fails gone
	elif test -n "$2"; then
		look "$1" && test "$is" = "$2" || fails changed
	fi
}

# may_replace ./KEY VERSION: that version; or ("") whatever object is there,
# or none
may_replace() {
	if test -e "$1" || test -h "$1"; then
		test -f "$1" && ! test -h "$1" ||
			fails failed 'what is there is no regular file' ||
			return
		test -z "$2" || { look "$1" && test "$is" = "$2"; } ||
			fails changed
	else
		test -z "$2" || fails changed
	fi
}

is_there() {
	test -e "$1" || test -h "$1"
}

# appear FROM TO [locked]: another name for it, which nothing has; the kernel
# decides
appear() {
	code=
	if test -d "$2"; then
		fails exists
		return
	fi
	try link_to "$1" "$2" && return
	# The answer was lost between a file server and its client.
	test "$1" -ef "$2" 2>/dev/null && return
	is_there "$2" && { fails exists; return; }
	case $reason in
	# The file system has none.
	*'not permitted'*|*'not supported'*|*'not implemented'*|*many*|*ross*)
		# a rename has the lock, which is not taken twice
		case $3 in
		locked) move_to "$1" "$2" ;;
		*) locked move_to "$1" "$2" ;;
		esac ;;
	*)
		return 1 ;;
	esac
}

link_to() {
	if has link; then link "$1" "$2"; else ln "$1" "$2"; fi
}

move_to() {
	if is_there "$2"; then
		fails exists
	else
		try mv -f "$1" "$2"
	fi
}

replace() {
	may_replace "$2" "$3" && is_held && try mv -f "$1" "$2"
}
