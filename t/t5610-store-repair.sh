#!/bin/sh

test_description='check-store --repair: sends again, and never guesses'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh
. "$TEST_DIRECTORY"/lib-checks.sh

other=aapfcd_20240704T111555_other
check_fields=1-4

begin () {
	rm -rf "$store" results .resutil && mkdir "$store" &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" &&
	seq 1 3000 >results/$one/log && send $one &&
	cp "$objects"/$one.zip good
}

# cut_off: the pack loses its end; break_inside: a byte of a file changes
cut_off () {
	head -c 500 good >"$objects"/$one.zip
}

break_inside () {
	cp good "$objects"/$one.zip &&
	printf "\377" | dd of="$objects"/$one.zip bs=1 seek=400 conv=notrunc \
		2>/dev/null
}

# is_good: the store has what is here
is_good () {
	rm -rf unpacked &&
	resutil unpack-exp -C unpacked "$objects"/$one.zip &&
	diff -r unpacked results/$one && check --read-data && finds
}

refuses () {
	cp "$objects"/$one.zip before &&
	test_expect_code 1 check --read-data --repair &&
	finds "error pack-damaged open $one.zip" && grep "not repaired: $1" out &&
	test_cmp_bin before "$objects"/$one.zip
}

test_expect_success 'setup' '
	make_conf && begin
'

test_expect_success 'a pack that was cut is sent again' '
	begin && cut_off && test_expect_code 1 check --repair -n &&
	finds "error pack-damaged would $one.zip" &&
	test_expect_code 1 check && finds "error pack-damaged open $one.zip" &&
	check --repair && finds "error pack-damaged mended $one.zip" &&
	is_good && send $one && says "same\t$one\t-"
'

test_expect_success 'and so is one with another content' '
	begin && break_inside && check --repair &&
	finds "error pack-damaged mended $one.zip" && is_good
'

test_expect_success 'what another clone sent is repaired by its own comment' '
	begin && rm -r .resutil && break_inside && check --read-data --repair &&
	finds "error pack-damaged mended $one.zip" && is_good
'

test_expect_success 'but nothing is known of it without' '
	begin && rm -r .resutil && cut_off && refuses "it is not known"
'

test_expect_success 'what has grown here is not what was sent' '
	begin && resutil update-exp --set info.x=1 $one && break_inside &&
	refuses ".*is not what was sent" && cut_off && refuses "it is not known"
'

test_expect_success 'nor is what another clone made of it' '
	begin && cp -r results/$one kept && cp -r .resutil ledger &&
	resutil update-exp --set info.x=1 $one && send $one &&
	cp "$objects"/$one.zip good && rm -r results/$one .resutil &&
	mv kept results/$one && mv ledger .resutil && break_inside &&
	refuses ".*is not what was sent"
'

# A later pack of another clone lost its end: what is left of it is not ours.
test_expect_success 'nor may the rest of a later pack be replaced' '
	begin && cp -r results/$one kept && cp -r .resutil ledger &&
	resutil update-exp --set info.x=1 $one && send $one &&
	head -c 500 "$objects"/$one.zip >cut && rm -r results/$one .resutil &&
	mv kept results/$one && mv ledger .resutil &&
	cp cut "$objects"/$one.zip && refuses "what is left of .*" &&
	head -c 20 cut >"$objects"/$one.zip && refuses "what is left of .*"
'

test_expect_success 'what holds nothing any more is' '
	begin && >"$objects"/$one.zip && check --repair &&
	finds "error pack-damaged mended $one.zip" && is_good &&
	head -c 4096 /dev/zero >"$objects"/$one.zip && check --repair &&
	finds "error pack-damaged mended $one.zip" && is_good
'

test_expect_success 'what is not here, only partly here, or still runs' '
	begin && break_inside && mv results/$one away && refuses ".*is not here" &&
	mv away results/$one && mkdir -p .resutil/partial &&
	>.resutil/partial/$one && refuses ".*is only partly here" &&
	rm .resutil/partial/$one &&
	sed "s/state: done/state: running/" <results/$one/resutil-exp.yaml \
		>record && echo "host: elsewhere" >>record &&
	mv record results/$one/resutil-exp.yaml && refuses ".*still runs"
'

test_expect_success FAULTS 'what somebody sends meanwhile is not replaced' '
	begin && cut_off && cp "$objects"/$one.zip cut &&
	test_expect_code 1 with_faults RESUTIL_TEST_STORE_FAULT=put:1:conflict \
		resutil check-store --repair >out && grep "not repaired" out &&
	test_cmp_bin cut "$objects"/$one.zip && check --repair &&
	finds "error pack-damaged mended $one.zip" && is_good
'

test_expect_success FAULTS 'a repair whose answer was lost is one' '
	begin && cut_off && with_faults RESUTIL_TEST_STORE_FAULT=put:1:lost \
		resutil check-store --repair >out && grep "mended" out && is_good
'

test_expect_success FAULTS 'killed in the midst of it, the next one repairs' '
	begin && cut_off && for action in kill kill-after
	do
		test_expect_code 137 with_faults \
			RESUTIL_TEST_STORE_FAULT=put:1:$action \
			resutil check-store --repair &&
		resutil check-store --repair && is_good && cut_off || return 1
	done
'

# What is acknowledged as mended is good, at each point at which a repair can
# fail or die; and the next one mends what is left.
test_expect_success FAULTS 'failed or killed at each point of it' '
	begin && cut_off && rm -f points &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/points" \
		resutil check-store --repair >out && grep mended out &&
	nr=$(wc -l <points) && test $nr -ge 10 && point=1 &&
	while test $point -le $nr
	do
		for action in EIO ENOSPC kill kill-after
		do
			cut_off
			with_faults RESUTIL_TEST_FAULT=any:$point:$action \
				resutil check-store --repair >out 2>err
			grep mended out && ! cmp good "$objects"/$one.zip && {
				echo "not mended at $point, $action"
				return 1
			}
			resutil check-store --repair --prune --older-than=0 \
				>out || return 1
			check && finds || return 1
		done
		point=$((point + 1))
	done
'

test_expect_success 'in a store that may only be read it stays' '
	begin && break_inside && chmod -R a+rwX . && chmod 777 . &&
	find "$store" -type d -exec chmod 555 {} + &&
	test_expect_code 1 as_user env HOME="$HOME" \
		resutil check-store --read-data --repair >out &&
	grep "not repaired: cannot " out &&
	find "$store" -type d -exec chmod 755 {} +
'

test_expect_success 'an old name that a rename left is removed' '
	begin && resutil rename-exp --remote origin $one $other &&
	mv results/$one results/$other && check &&
	cp "$objects"/$other.zip "$objects"/$one.zip && test_expect_code 1 check &&
	finds "error duplicate-id open $one.zip" &&
	test_expect_code 1 check --repair -n &&
	finds "error duplicate-id would $one.zip" && check --repair &&
	finds "error duplicate-id mended $one.zip" &&
	test_path_is_missing "$objects"/$one.zip &&
	test_path_is_file "$objects"/$other.zip
'

test_expect_success 'not when it is not known which is the old one' '
	begin && rm -r .resutil results/$one &&
	cp "$objects"/$one.zip "$objects"/$other.zip &&
	test_expect_code 1 check --repair &&
	finds "error duplicate-id open $other.zip" && grep "not known here" out
'

test_expect_success 'nor when the one that stays is damaged' '
	begin && resutil rename-exp --remote origin $one $other &&
	rm -r results/$one && cp good "$objects"/$one.zip &&
	printf "\377" | dd of="$objects"/$other.zip bs=1 seek=400 conv=notrunc \
		2>/dev/null &&
	test_expect_code 1 check --repair &&
	finds "error duplicate-id open $one.zip" \
		"error pack-damaged open $other.zip" && grep "is damaged" out &&
	test_cmp_bin good "$objects"/$one.zip
'

test_expect_success 'nor when they differ' '
	begin && cp -r results/$one results/$other &&
	resutil update-exp --set info.x=1 $other &&
	resutil pack-exp -o "$objects"/$other.zip $other &&
	rm -r results/$other && test_expect_code 1 check --repair &&
	finds "error duplicate-id open $other.zip" && grep "they differ" out
'

test_done
