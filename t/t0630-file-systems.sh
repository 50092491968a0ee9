#!/bin/sh

test_description='file systems that cannot all, or will not

Read only, of another user, without hard links, without locks, without
RENAME_NOREPLACE and RENAME_EXCHANGE, without fsync of directories, and what NFS does:
names that are stale, files that stay as .nfsXXXX while somebody has them open.
'
step=5
test -z "${RESUTIL_TEST_EXPENSIVE:-}" || step=1
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh
unset RESUTIL_NO_REMOTE

# fresh DIR: a project with the store `store`
fresh () {
	rm -rf "$1" &&
	mkdir -p store "$1" &&
	resutil --no-interactive -C "$1" init --project-name project \
		--storage-type dir -o path="$PWD/store" >/dev/null
}

# sound PROJECT: fsck and gc have nothing to say
sound () {
	resutil -C "$1" fsck --remote --read-data --json >findings &&
	test_must_be_empty findings &&
	resutil -C "$1" gc -n --remote --older-than=0 --json >findings &&
	test_must_be_empty findings
}

# afternoon: what two people do; "resutil" may be one with faults
local=
afternoon () {
	one=$(resutil -C p add one) &&
	resutil -C p run -m two --no-push -d one -- sh -c "
		echo x >\"\$RESUTIL_EX_DIR\"/x" &&
	two=$(resutil -C p rev-exp two) &&
	resutil -C p push "$two" &&
	resutil -C q pull two &&
	diff -r p/results q/results &&
	resutil -C p update-exp --set info.x=1 one &&
	resutil -C p comment $local one uno &&
	resutil -C p add gone >/dev/null && resutil -C p rm -l -y gone &&
	resutil -C p fsck && resutil -C p gc
}

test_expect_success 'setup' '
	fresh p && fresh q && afternoon && sound p && sound q
'

# ---- what the file system lacks ---------------------------------------------

# lacking FAULT: the same, without that
lacking () {
	rm -rf store && fresh p && fresh q &&
	(
		PATH=$FAULTY_DIRECTORY:$PATH RESUTIL_TEST_FAULT=$1 &&
		export RESUTIL_TEST_FAULT && afternoon
	) && sound p && sound q
}

for errno in EPERM EOPNOTSUPP EMLINK
do
	test_expect_success FAULTS "without hard links ($errno)" '
		lacking link:1+:$errno
	'
done

for errno in ENOLCK EOPNOTSUPP ENOSYS
do
	test_expect_success FAULTS "without locks ($errno)" '
		local=-l && lacking lock:1+:$errno && local=
	'
done

test_expect_success FAULTS 'without locks nothing in a store is replaced' '
	resutil -C p push uno --rename &&
	resutil -C p update-exp --set info.x=2 uno &&
	cp store/project/*_uno.zip before.zip &&
	test_expect_code 128 with_faults RESUTIL_TEST_FAULT=lock:1+:ENOLCK \
		resutil -C p push uno 2>err &&
	test_grep "lock" err && cmp before.zip store/project/*_uno.zip
'

prepare () {
	resutil -C p add first && resutil -C p push first &&
	resutil -C q pull first && resutil -C q update-exp --set info.x=1 first &&
	resutil -C q push first
}

# again: two clones; p has an older version of `first` than q and the store
again () {
	if test -d made
	then
		rm -rf store p q && cp -Rp made/. .
	else
		rm -rf store && fresh p && fresh q && prepare >/dev/null &&
		mkdir made && cp -Rp store p q made
	fi
}

# pass FAULT COMMAND...: in p, with fault points; all processes count together
pass () {
	pass_fault=$1 &&
	shift &&
	rm -f points shared &&
	with_faults RESUTIL_TEST_FAULT="$pass_fault" \
		RESUTIL_TEST_FAULT_SHARED="$PWD/shared" \
		RESUTIL_TEST_FAULT_LOG="$PWD/points" \
		resutil -C p "$@" >out 2>err
}

# without_sync COMMAND...: each sync of a directory fails, one after another
without_sync () {
	again && pass sync:9999:EINVAL "$@" && hits=0 && nr=0 &&
	grep "^sync" points | cut -f 2 >paths &&
	while read -r path
	do
		nr=$((nr + 1)) && test -d "$path" || continue
		hits=$((hits + 1)) && again &&
		pass sync:$nr:EINVAL "$@" && sound p && sound q || {
			echo "sync:$nr on $path: $(cat err findings)"
			return 1
		}
	done <paths &&
	test $hits -gt 0
}

for what in "add x" "update-exp --set info.y=1 first" "pull first" \
	"comment first other" "run -m r --push -- true"
do
	test_expect_success FAULTS "no fsync of directories: $what" '
		without_sync $what
	'
done

test_expect_success FAULTS 'directories that cannot change places: pull replaces' '
	again &&
	with_faults RESUTIL_TEST_FAULT=rename:1:EINVAL resutil -C p pull first &&
	diff -r p/results q/results && sound p
'

# ---- NFS -------------------------------------------------------------------------

# stale COMMAND...: what met a stale handle has done its work, or says that it
# has not; the next one does it. Each fifth point, unless there is much time.
stale () {
	again && pass any:9999:ESTALE "$@" && last=$(wc -l <points) && nr=1 &&
	while test $nr -le $last
	do
		again &&
		{ pass any:$nr:ESTALE "$@" || test -s err; } &&
		resutil -C p "$@" >out 2>err && resutil -C p list >/dev/null &&
		resutil -C p gc --remote --older-than=0 >/dev/null &&
		sound p || {
			echo "ESTALE at $nr: $(cat err findings)"
			return 1
		}
		nr=$((nr + step))
	done
}

test_expect_success FAULTS 'stale handles: pull' '
	stale pull first
'

test_expect_success FAULTS 'stale handles: update-exp' '
	stale update-exp --set info.z=1 first
'

test_expect_success 'what is open while it is removed lies about for a while' '
	rm -rf store && fresh p && name=$(resutil -C p add one) &&
	: >"p/results/.nfs000000000001" &&
	: >"p/.resutil/.nfs000000000002" && mkdir -p p/.resutil/live &&
	: >store/.nfs000000000003 &&
	resutil -C p push one && : >store/project/.nfs000000000004 &&
	resutil -C p list-exps >out && echo "$name" >want && test_cmp want out &&
	resutil -C p list-remote >out && test_cmp want out &&
	resutil -C p list >out 2>err && test_must_be_empty err &&
	sound p &&
	rm -rf q && fresh q && resutil -C q pull -A && sound q
'

test_expect_success FAULTS 'an experiment whose removal leaves a file' '
	rm -rf store && fresh p && name=$(resutil -C p add one) &&
	test_expect_code 3 with_faults RESUTIL_TEST_FAULT=unlink:1+:EIO \
		resutil -C p rm -l -y one 2>err &&
	test_grep "$name" err &&
	resutil -C p list-exps >out && test_must_be_empty out &&
	resutil -C p gc --older-than=0 && sound p &&
	ls -A p/results >out && echo .gitignore >want && test_cmp want out
'

# ---- what may not be written -------------------------------------------------

# reading PROJECT: what needs no right to write
reading () {
	resutil -C "$1" list >out && test_grep one out &&
	resutil -C "$1" show one >out && test_grep one out &&
	resutil -C "$1" log >out &&
	resutil -C "$1" read-exp one >out &&
	resutil -C "$1" pack-exp one >out &&
	resutil -C "$1" hash-experiment one >out &&
	resutil -C "$1" fsck --json >out && test_must_be_empty out
}

# refused PROJECT PATTERN: all that writes says why, and leaves nothing
refused () {
	test_expect_code 125 $as resutil -C "$1" run -m r --no-push -- true \
		2>err && test_grep "$2" err &&
	test_expect_code 128 $as resutil -C "$1" add r 2>err &&
	test_grep "$2" err &&
	test_expect_code 128 $as resutil -C "$1" update-exp --set info.x=1 one \
		2>err && test_grep "$2" err &&
	test_must_fail $as resutil -C "$1" comment -l one two 2>err &&
	test_grep "$2" err &&
	test_must_fail $as resutil -C "$1" rm -l -y one 2>err &&
	test_grep "$2" err &&
	test_must_fail $as resutil -C "$1" pull -A 2>err &&
	test_grep "$2" err &&
	resutil -C "$1" list-exps >out && test_line_count = 1 out
}

test_expect_success MOUNT 'a project on a disk that is only read (EROFS)' '
	rm -rf store && fresh q && fresh other &&
	resutil -C other add there >/dev/null && resutil -C other push there &&
	mkdir -p ro && mount -t tmpfs none ro &&
	test_when_finished "umount \"$PWD/ro\"" &&
	fresh ro/p && resutil -C ro/p add one >/dev/null &&
	mount -o remount,ro ro &&
	reading ro/p && as= && refused ro/p "Read-only file system"
'

test_expect_success AS_USER 'a project of somebody else (EACCES)' '
	rm -rf store && fresh other &&
	resutil -C other add there >/dev/null && resutil -C other push there &&
	fresh p && resutil -C p add one >/dev/null &&
	chmod -R a+rX,a-w p &&
	test_when_finished "chmod -R u+w p" &&
	as=as_user && refused p "Permission denied"
'

test_expect_success AS_USER 'what may not be read is named, the rest is done' '
	rm -rf store && fresh p && resutil -C p add one >/dev/null &&
	two=$(resutil -C p add two) && echo x >"p/results/$two/secret" &&
	chmod -R a+rwX p store && chmod 000 "p/results/$two/secret" &&
	test_when_finished "chmod -R u+rw p" &&
	test_expect_code 3 as_user resutil -C p push -A >out 2>err &&
	test_grep "$two" err && test_grep "Permission denied" err &&
	resutil -C p list-remote >out && test_grep _one out &&
	test_line_count = 1 out &&
	test_expect_code 1 as_user resutil -C p fsck --read-data >out 2>&1 &&
	test_grep "secret" out
'

test_expect_success MOUNT 'a store that becomes read-only' '
	fresh p && mkdir -p ro && mount -t tmpfs none ro &&
	test_when_finished "umount \"$PWD/ro\"" &&
	mkdir ro/store && rm -rf p && mkdir p &&
	resutil --no-interactive -C p init --project-name project \
		--storage-type dir -o path="$PWD/ro/store" >/dev/null &&
	resutil -C p add one >/dev/null && resutil -C p push one &&
	resutil -C p add two >/dev/null &&
	mount -o remount,ro ro &&
	test_expect_code 11 resutil -C p push two 2>err &&
	test_grep "_two.*Read-only" err &&
	resutil -C p list >out && resutil -C p fsck --remote --read-data &&
	mount -o remount,rw ro && resutil -C p push two
'

test_done
