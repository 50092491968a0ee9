#!/bin/sh
# What runs on the other side, fifth part: puts of one object, of many small
# ones, and of what is large.
# shellcheck shell=sh disable=SC2034,SC2154 # shared by these files
# shellcheck disable=SC2015,SC2030,SC2031 # A && B || C: C is right after
# either; what is set for one end of a pipe is for it alone

behind=		# the job that hashes what came before

# ---- put ---------------------------------------------------------------------

# commit ./KEY EXPECT VERSION SIZE: what is in $temp, and was hashed, becomes it
commit() {
	code=
	sync_these "$temp" || return
	look "$temp"
	put_as=$is
	case $put_as in
	*" $4 "*) ;;
	*) fails content 'it is longer or shorter by now' || return ;;
	esac
	case $2 in
	absent) appear "$temp" "$1" && rm -f "$temp" 2>/dev/null ;;
	*) locked replace "$temp" "$1" "$3" ;;
	esac || return
	temp=
	keep=
	exec 8>&-
	sync_directories "${1%/*}"
}

# put ./KEY EXPECT VERSION HEX SIZE HASH, and so many bytes
put() {
	code=
	enter || discard
	# Of many who put one name, all but one come too late.
	if test "$take" != none && ! could_put "$1" "$2" "$3"; then
		take "$5" <&3
		no "$1"
		return
	fi
	make_temp "$1" "$4" && receive "$5" || give_up "$1"
	if test "$(hash_of <"$temp")" != "$6"; then
		fails content 'the host has another hash of what it got'
	else
		commit "$1" "$2" "$3" "$5"
	fi
	finished $? "$1"
}

finished() {
	if test "$1" = 0; then
		answer ok "$put_as"
	else
		drop_temp
		no "$2"
	fi
}

# ---- many puts at once -------------------------------------------------------

# put_group ./PARENT/ HEX BYTES: so many bytes are an archive of tar, with files
# that are to be absent in that directory, and their hashes in `.sums`. Answers
# "none" where that cannot be done here; else for each file, in the order of
# their names, what it is now, or a word: `exists`, or `alone` when it failed
# and is to be put by itself, which tells why.
put_group() {
	code=
	enter || discard
	if test "$take" = none; then
		# once in a store's life; what comes is no request
		make_temp "$1" "$2" && receive "$3" || give_up "$1"
		drop_temp
		answer ok none
		return
	fi
	if has tar && make_above "$1"; then
		temp=$1.resutil-ssh-$2
		keep=
		try mkdir "$temp" || temp=
	fi
	if test -z "$temp" || ! unpack "$3"; then
		test -n "$temp" || take "$3" <&3
		drop_temp
		answer ok none
		return
	fi
	cd "$temp" || exit 1
	set +f
	set -- "$1" *
	set -f
	dir=$1
	shift
	if sums "$@" && sync_these "$@" && looks "$@"; then
		try ln "$@" ../
		cd "$root" || exit 1
		sync_directories "$dir." && answer ok "$#" ||
			{ no "$dir"; drop_temp; return; }
		tell_each "$@"
	else
		cd "$root" || exit 1
		answer ok none
	fi
	drop_temp
}

unpack() {
	take "$1" <&3 | (cd "$temp" && tar xomf - && cat) 2>/dev/null &&
		test -f "$temp/.sums" || return
	# Not by tar, which may take modes as they come.
	(cd "$temp" && set +f && chmod "$mask" ./* .sums) 2>/dev/null
}

# sums NAME...: they are what `.sums` has
sums() {
	case $sum in
	sha256sum|md5sum) is=$("$sum" "$@" 2>/dev/null) ;;
	*)	is=$(for name do
			printf '%s  %s\n' "$(hash_of <"$name")" "$name"
		done) ;;
	esac
	test "$is" = "$(cat .sums)"
}

# looks NAME...: what each of them is, in lines
looks() {
	each_is=
	case $stat in
	stat) each_is=$(stat -c '%i %s %Y %y' "$@" 2>/dev/null) ;;
	*)	for name do
			look "$name" || return
			each_is=$each_is$is$nl
		done ;;
	esac
}

tell_each() {
	for name do
		is=${each_is%%"$nl"*}
		each_is=${each_is#*"$nl"}
		if test "$temp/$name" -ef "$dir$name"; then
			answer ok "$is"
		elif is_there "$dir$name"; then
			answer ok exists
		else
			answer ok alone
		fi
	done
}

# ---- large puts --------------------------------------------------------------

# Whether nobody else is at what is open as 8; then it is ours.
seize() {
	test -n "$lock" || find_lock
	case $lock in
	flock) flock -n 0 <&8 ;;
	perl) perl -e 'flock(STDIN, 6) || exit 1' <&8 ;;
	*) return 1 ;;
	esac 2>/dev/null
}

# upload ./KEY EXPECT VERSION HEX KEEP: a temporary for what comes by `more`;
# what cannot be put in the end is better said before gigabytes are sent
upload() {
	enter || return
	code=
	if could_put "$1" "$2" "$3" && make_temp "$1" "$4"; then
		find_quick
		seize
		keep=$5
		answer ok
	else
		no "$1"
	fi
}

could_put() {
	case $2 in
	absent) ! is_there "$1" || fails exists ;;
	*) may_replace "$1" "$3" ;;
	esac
}

# go_on ./KEY EXPECT VERSION HEX NEW SEGMENT: how many whole segments are there
# of what an earlier session has left, and the hash of each. That session may
# not have ended yet, and still write what was on its way to it, so unless it
# is known to have ended it keeps the file, and we take a copy (NEW).
go_on() {
	enter || return
	code=
	old=${1%/*}/.resutil-ssh-$4
	if ! is_object "$old"; then
		answer ok none
		return
	fi
	could_put "$1" "$2" "$3" && make_above "$1" || { no "$1"; return; }
	find_quick
	temp=$old
	keep=yes
	exec 8>>"$temp"
	name=$4
	if ! seize; then
		temp=${1%/*}/.resutil-ssh-$5
		name=$5
		exec 8>&-
		try cp "$old" "$temp" || { give_away_copy; return; }
		exec 8>>"$temp"
		seize
		rm -f "$old"
	fi
	look "$temp"
	size=${is#* }
	size=${size%% *}
	count=$((size / $6))
	# Now somebody is at it, and it is no rest.
	touch "$temp" 2>/dev/null
	try dd if=/dev/null of="$temp" bs="$6" seek="$count" || { no "$1"; return; }
	answer ok "$count $name"
	segment=0
	while test "$segment" -lt "$count"; do
		answer ok "$segment $(hash_segment "$segment" "$6")"
		segment=$((segment + 1))
	done
}

give_away_copy() {
	rm -f "$temp"
	temp=
	keep=
	no "$old"
}

# hash_segment NUMBER BYTES: the last one may be shorter
hash_segment() {
	dd if="$temp" bs=65536 skip="$(($1 * ($2 / 65536)))" \
		count="$(($2 / 65536))" 2>/dev/null | {
		sum=${quick:-$sum}
		hash_of
	}
}

# Of what is large: that of openssl uses what processors have for it, and takes
# a fifth of the time of others.
find_quick() {
	quick=
	case $sum in
	sha256sum|shasum|sha256)
		case $(sum=openssl && hash_of </dev/null) in
		e3b0c44298fc1c149afbf4c8996fb924*) quick=openssl ;;
		esac ;;
	esac
}

# more BYTES, and these; answers only when it fails
more() {
	receive "$1" || give_up "$temp"
}

# seal NUMBER SEGMENT: hashes that one while the next comes; answers when it is
# known, in their order
seal() {
	test -z "$behind" || wait "$behind"
	tell_segment "$1" "$2" &
	behind=$!
}

# Whose name has gone is hashed as nothing, or not to its end.
tell_segment() {
	hash=$(hash_segment "$1" "$2")
	if is_there "$temp"; then
		answer ok "$1 $hash"
	else
		refuse gone
	fi
}

# close_upload ./KEY EXPECT VERSION SIZE: all was hashed, and compared there
close_upload() {
	code=
	test -z "$behind" || wait "$behind"
	behind=
	if is_there "$temp"; then
		commit "$1" "$2" "$3" "$4"
	else
		fails gone
	fi
	finished $? "$1"
}

# give_away: what was sent is of no use
give_away() {
	keep=
	drop_temp
	answer ok
}

# withdraw ./KEY HEX
withdraw() {
	enter || return
	code=
	rest=${1%/*}/.resutil-ssh-$2
	if is_object "$rest"; then
		try rm -f "$rest" || { no "$1"; return; }
		prune_above "$rest"
	fi
	answer ok
}

# Of a session that failed before any data: those are passed over.
discard() {
	cat <&3
	exit 1
}
