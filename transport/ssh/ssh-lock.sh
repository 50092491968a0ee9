#!/bin/sh
# What runs on the other side, fourth part: the lock of the whole store.
# shellcheck shell=sh disable=SC2034,SC2154 # shared by these files

lock_file=./.resutil-ssh-lock
held_file=./.resutil-ssh-held
# Of another host nothing is known but that it does not change; in seconds.
HELD_MAX=60
lock=
turn=0		# two of ours are two, for those who wait for a change

# Two at once, since not every host that shares the directory has the first:
# flock(2), which the kernel gives back when we die, by flock(1) or perl; and a
# file that is made by who has the first, and says who made it. A file that is
# left over is known by the flock that its maker does not hold any more, or
# else by its age.

find_lock() {
	if has flock; then
		lock=flock
	elif has perl; then
		lock=perl
	else
		lock='file'
	fi
	IFS= read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id ||
		boot=$(uname -n)
}

# locked COMMAND...: fails as it does
locked() {
	test -n "$lock" || find_lock
	if ! test -e "$lock_file"; then
		code=
		set_mode
		try touch "$lock_file" || return
	fi
	inside=
	{ inside=yes; lock_and "$@"; } 2>/dev/null 9>>"$lock_file" && return
	test -n "$inside" || code=denied
	test -n "$inside" || reason='its lock may not be opened for writing'
	return 1
}

lock_and() {
	# Not every shell lets programs have 9 itself.
	case $lock in
	flock) flock 0 <&9 || lock='file' ;;
	perl) perl -e 'flock(STDIN, 2) || exit 1' <&9 || lock='file' ;;
	esac
	hold || return
	"$@"
	set -- $?
	if is_held; then
		rm -f "$held_file"
	fi
	return "$1"
}

# Who made it, in which host's life, and whether the kernel knows as well.
hold() {
	turn=$((turn + 1))
	me="$token.$turn $boot $lock"
	seen=
	waited=0
	missing=0
	set -C
	until try create_held; do
		# One that is empty is being written, or was not in time.
		if read_holder || test -e "$held_file"; then
			if is_left_over; then
				break_held
				continue
			fi
			test "$holder" = "$seen" || waited=0
			seen=$holder
			waited=$((waited + 1))
			sleep 1
		else
			missing=$((missing + 1))
			test "$missing" -lt 50 || break
		fi
	done
	set +C
	is_held || fails ''
}

# The disk may be full.
# shellcheck disable=SC2094 # what is removed was not read
create_held() {
	{ printf '%s\n' "$me" || { rm -f "$held_file"; false; }; } \
		>"$held_file"
}

read_holder() {
	holder=
	IFS= read -r holder 2>/dev/null <"$held_file"
}

is_held() {
	read_holder && test "$holder" = "$me"
}

# The kernel's lock is ours: whoever had it too, on this kernel, is dead.
is_left_over() {
	test "$waited" -ge "$HELD_MAX" && return
	case $lock,$holder in
	flock,*" $boot flock"|perl,*" $boot perl"|\
	flock,*" $boot perl"|perl,*" $boot flock")
		return 0 ;;
	esac
	return 1
}

# One moves it away, and puts it back when it is another one by now.
break_held() {
	old=$holder
	aside=./.resutil-ssh-$token
	mv -f "$held_file" "$aside" 2>/dev/null || return 0
	IFS= read -r holder 2>/dev/null <"$aside" || holder=
	test "$holder" = "$old" || ln "$aside" "$held_file"
	rm -f "$aside"
}
