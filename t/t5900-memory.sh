#!/bin/sh

test_description='the memory of runs and transfers has a bound

16 MB for a run, 128 MB for whatever sends, fetches and lists: whatever the size of
files, the number of experiments and that of objects in the store.
'
big=8 many=10 objects=50000
test -z "${RESUTIL_TEST_EXPENSIVE:-}" || big=1 many=1 objects=1000000
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

. "$TEST_DIRECTORY"/lib-memory.sh

run=16000000 transfer=128000000

# fresh DIR...: clones of one store
fresh () {
	rm -rf store "$@" && mkdir store "$@" &&
	for who
	do
		resutil --no-interactive -C "$who" init --project-name project \
			--storage-type dir -o path="$PWD/store" >/dev/null ||
		return 1
	done
}

test_expect_success 'run: outside of a repository, and its push' '
	fresh p &&
	bounded $run resutil -C p run -m one --no-push -- true &&
	bounded $run resutil -C p run -m two --no-push -- \
		sh -c "yes | head -c 50000000" &&
	bounded $run resutil -C p run -m three -d one --push -- true &&
	bounded $run resutil -C p add four &&
	bounded $run resutil -C p update-exp --set info.x=1 one
'

test_expect_success 'run: in a repository with changes' '
	make_repo p &&
	for i in $(seq 200)
	do
		seq $i 2000 >p/file-$i || return 1
	done &&
	seq 500000 >p/data.csv &&
	resutil -C p run -m changed --no-push -- \
		sh -c "grep VmHWM /proc/\$PPID/status" >out &&
	kib=$(tr -dc 0-9 <out) && echo >&2 "$kib KiB" &&
	test $((kib * 1024)) -le $run
'

test_expect_success "large files are sent and fetched (1 GiB / $big)" '
	fresh p q && make-workload w2 w2 $big &&
	mkdir -p p/results && resutil -C p add big --from "$PWD/w2" >/dev/null &&
	rm -rf w2 &&
	bounded $transfer resutil -C p push big &&
	bounded $transfer resutil -C q pull big &&
	bounded $transfer resutil -C q pull -A &&
	bounded $transfer resutil -C q fsck --remote --read-data
'

test_expect_success "many experiments are sent, fetched and listed (10,000 / $many)" '
	fresh p q && rm -rf p/results && make-workload w3x10 p/results $many &&
	bounded $transfer resutil -C p push -A &&
	bounded $transfer resutil -C p push -A &&
	bounded $transfer resutil -C q pull -A &&
	bounded $transfer resutil -C q pull -A &&
	bounded $transfer resutil -C q list --json &&
	test_line_count = $((10000 / many)) out &&
	bounded $transfer resutil -C q fsck --remote
'

# Objects that are no packs cost a listing no memory at all.
test_expect_success PYTHON "$objects objects in a store" '
	fresh p && resutil -C p add one >/dev/null && resutil -C p push one &&
	python3 - store/project $objects <<-\EOF &&
	import os, sys
	top = os.open(sys.argv[1], os.O_RDONLY)
	for n in range(int(sys.argv[2])):
	    os.close(os.open("object-%06d" % n, os.O_CREAT | os.O_WRONLY,
	                     dir_fd=top))
	EOF
	bounded $run resutil -C p list-remote && test_line_count = 1 out &&
	bounded $run resutil -C p push -A
'

test_done
