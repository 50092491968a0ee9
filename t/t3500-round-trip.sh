#!/bin/sh

test_description='what is packed and unpacked is what it was

Random trees: content, links, permissions, whole seconds of times, empty
directories and odd names, and the tree hash. RESUTIL_TEST_SEEDS says how many
seeds are tried, from RESUTIL_TEST_SEED on.
'
seeds=${RESUTIL_TEST_SEEDS:-18} first=${RESUTIL_TEST_SEED:-1}
. ./test-lib.sh

if ! test_have_prereq PYTHON
then
	test_skip_all "no python3"
fi

make_tree () {
	python3 "$TEST_DIRECTORY/helper/random-exp.py" "$1" "$2"
}

# tell DIR: kind, mode, path, time, and what is in it
tell () {
	python3 - "$1" <<-\EOF
	import hashlib, os, stat, sys
	top = os.fsencode(sys.argv[1])

	def tell(path):
	    st = os.lstat(path)
	    line = [oct(st.st_mode), repr(path[len(top):])]
	    if path != top:
	        line.append(int(st.st_mtime // 1))
	    if stat.S_ISREG(st.st_mode):
	        with open(path, "rb") as f:
	            line.append(hashlib.sha256(f.read()).hexdigest())
	    elif stat.S_ISLNK(st.st_mode):
	        line.append(repr(os.readlink(path)))
	    print(*line)
	    if stat.S_ISDIR(st.st_mode):
	        for name in sorted(os.listdir(path)):
	            tell(os.path.join(path, name))

	os.chmod(top, 0o755)
	tell(top)
	EOF
}

round_trip () {
	tree=tree-$1 &&
	make_tree $1 $tree &&
	jobs=$(($1 % 4 + 1)) &&
	resutil pack-exp --level $(($1 % 3)) -o packed.zip $tree &&
	resutil unpack-exp -j $jobs -C copy packed.zip &&
	tell $tree >want &&
	tell copy >got &&
	test_cmp want got &&
	resutil hash-experiment $tree copy >hashes &&
	test "$(cut -f1 hashes | sort -u | wc -l)" = 1 &&
	resutil pack-exp --level $(($1 % 3)) -o again.zip copy &&
	cmp packed.zip again.zip &&
	chmod -R u+rwX $tree copy &&
	rm -rf $tree copy packed.zip again.zip
}

# Root reads what has no permissions; others make trees that they can read.
test_lazy_prereq READS_ALL '
	echo x >secret && chmod 0 secret && cat secret
'

test_expect_success READS_ALL "$seeds random trees come back as they were" '
	seed=$first last=$((first + seeds - 1)) &&
	while test "$seed" -le "$last"
	do
		round_trip $seed || {
			echo "RESUTIL_TEST_SEED=$seed"
			return 1
		}
		seed=$((seed + 1))
	done
'

test_expect_success "an ordinary user's trees, too" '
	rm -rf own && mkdir own && chmod 777 own &&
	for seed in 1 2 3 4 5 6
	do
		(
			cd own &&
			make_tree $seed t &&
			chmod -R u+rwX t &&
			if test "$(id -u)" = 0; then chown -R 65534 t; fi &&
			as_user resutil pack-exp -o t.zip t &&
			as_user resutil unpack-exp -C copy t.zip &&
			tell t >want &&
			tell copy >got &&
			test_cmp want got &&
			rm -rf t copy t.zip
		) || return 1
	done
'

test_done
