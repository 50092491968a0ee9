#!/bin/sh
# What runs on the other side, last part: removing, renaming, copying, and what
# puts have left.
# shellcheck shell=sh disable=SC2034,SC2154 # shared by these files
# shellcheck disable=SC2015 # A && B || C: C is right after either

# ---- remove, rename, copy ----------------------------------------------------

# remove ./KEY VERSION
remove() {
	enter || return
	code=
	if expect "$1" && locked remove_there "$1" "$2" &&
		sync_directories "${1%/*}"; then
		prune_above "$1"
		answer ok
	else
		no "$1"
	fi
}

remove_there() {
	expect "$1" "$2" && is_held && try rm -f "$1"
}

# remove_many ./KEY...: says which of them are there yet, by their numbers
remove_many() {
	enter || return
	code=
	locked remove_these "$@" || { no ./; return; }
	number=0
	left=
	for key do
		! is_there "$key" || left="$left $number"
		number=$((number + 1))
	done
	answer ok "$left"
}

# What cannot be removed is asked for again, by itself, and tells why then.
remove_these() {
	for key do
		shift
		! is_object "$key" || set -- "$@" "$key"
	done
	test $# -gt 0 || return 0
	is_held || return
	try rm -f "$@"
	last=
	for key do
		shift
		test "${key%/*}" = "$last" || set -- "$@" "${key%/*}"
		last=${key%/*}
	done
	sync_directories "$@" || return
	for key do
		prune_above "$key/"
	done
}

# rename ./FROM ./TO VERSION
rename() {
	enter || return
	code=
	if ! expect "$1"; then
		false
	elif test "$1" = "$2"; then
		fails exists
	else
		make_above "$2" && locked rename_there "$1" "$2" "$3"
	fi
	if test $? = 0; then
		prune_above "$1"
		answer ok
	else
		prune_above "$2"
		no "$1"
	fi
}

# The old name goes when the new one is durable.
rename_there() {
	expect "$1" "$3" && is_held && appear "$1" "$2" locked &&
		sync_directories "${2%/*}" && try rm -f "$1" &&
		sync_directories "${1%/*}"
}

# copy ./FROM ./TO VERSION HEX
copy() {
	enter || return
	code=
	expect "$1" "$3" && look "$1" && make_temp "$2" "$4" &&
		copy_whole "$1" "$is" && commit "$2" absent '' "$size"
	finished $? "$1"
}

copy_whole() {
	code=
	try append_file "$1" || return
	size=${2#* }
	size=${size%% *}
	look "$1" && test "$is" = "$2" || fails changed || return
	cmp -s "$1" "$temp" || fails content 'the copy has other bytes'
}

append_file() {
	cat <"$1" >&8
}

# ---- rests -------------------------------------------------------------------

# rests ./DIRECTORY: of each "INODE SIZE MTIME BYTES", and the bytes of its name
rests() {
	enter || return
	if ! is_plain_directory "$1"; then
		answer ok
		return
	fi
	# A name has no "//".
	find "$1" -name '.resutil-ssh-????????????????' -mtime +0 \
		'(' -type f -o -type d ')' -exec printf '%s//\n' {} + \
		2>/dev/null | tell_rests
	answer ok
}

is_plain_directory() {
	test -d "$1" && ! has_link "${1%/}"
}

tell_rests() {
	name=
	while IFS= read -r line; do
		case $line in
		*//)
			name=$name${line%//}
			if look "$name"; then
				answer ok "$is ${#name}"
				printf '%s' "$name" >&5
			fi
			name= ;;
		*)
			name=$name$line$nl ;;
		esac
	done
}

# prune ./KEY VERSION
prune() {
	enter || return
	code=
	if ! is_object "$1" && { ! test -d "$1" || has_link "$1"; }; then
		refuse gone
	elif test -z "$(find "$1" -prune -mtime +0 2>/dev/null)"; then
		refuse changed
	elif test -n "$2" && { ! look "$1" || test "$is" != "$2"; }; then
		refuse changed
	elif try rm -rf "$1"; then
		prune_above "$1"
		answer ok
	else
		no "$1"
	fi
}
