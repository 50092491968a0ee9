#!/bin/sh

test_description='tools/install-deps: says what is missing, installs that alone'

. ./test-lib.sh

install_deps=$SOURCE_DIRECTORY/tools/install-deps
real_path=$PATH

# A PATH with what the script itself needs, and package managers and sudo that
# only write down what they were asked. The real programs of this machine are
# not on it, but for those that a test links in.
new_machine () {
	rm -rf bin log &&
	mkdir bin &&
	: >log &&
	for program in sh cat cut env grep tail mktemp rm head
	do
		link "$program" || return 1
	done &&
	write_script bin/id <<-\END &&
	echo "${FAKE_UID:-0}"
	END
	# knows every package; "installs" python3 by making it
	write_script bin/apt-cache <<-\END &&
	echo "Package: $3"
	END
	write_script bin/apt-get <<-END
	echo "apt-get \$*" >>"$PWD/log"
	case "\$*" in
	*install*) . "$PWD/on-install" ;;
	esac
	END
	: >on-install
}

link () {
	program_path=$(PATH=$real_path command -v "$1") &&
	ln -s "$program_path" "bin/$1"
}

# Programs that are "there" on this machine.
there () {
	for program
	do
		printf '#!/bin/sh\n' >"bin/$program" &&
		chmod +x "bin/$program" || return 1
	done
}

deps () {
	PATH=$PWD/bin /bin/sh "$install_deps" "$@" >out 2>err
}

all_build_programs='gcc make pkg-config git msgfmt asciidoctor python3'

test_expect_success 'when all is there, nothing is said and nobody is asked' '
	new_machine &&
	there $all_build_programs &&
	deps build &&
	test_must_be_empty out &&
	test_must_be_empty err &&
	test_must_be_empty log
'

test_expect_success 'each missing package is named with its reason' '
	new_machine &&
	there gcc make pkg-config git &&
	test_expect_code 1 deps -n build &&
	grep "^  asciidoctor  *makes the manual pages$" err &&
	grep "^  python3 " err &&
	test_must_fail grep -w git err &&
	test_must_be_empty log
'

test_expect_success 'only what is missing is installed, without questions' '
	new_machine &&
	there gcc make pkg-config git msgfmt asciidoctor &&
	cat >on-install <<-END &&
	printf "#!/bin/sh\n" >"$PWD/bin/python3"
	/bin/chmod +x "$PWD/bin/python3"
	END
	deps build &&
	test_line_count = 1 log &&
	grep "install -y --no-install-recommends python3\$" log &&
	grep "DPkg::Lock::Timeout=600" log &&
	grep "all is installed" err &&
	deps build &&
	test_line_count = 1 log
'

test_expect_success 'lists are fetched when a package is not known' '
	new_machine &&
	there gcc make pkg-config git msgfmt asciidoctor &&
	printf "#!/bin/sh\n" >bin/apt-cache &&
	test_expect_code 1 deps build &&
	sed -n "1s/.* //p" log >first &&
	echo update >expect &&
	test_cmp expect first
'

test_expect_success 'what could not be installed is an error with the list' '
	new_machine &&
	there gcc make pkg-config git msgfmt asciidoctor &&
	test_expect_code 1 deps build &&
	grep "still missing" err &&
	tail -n 1 err >last &&
	grep python3 err &&
	echo "exit 100" >on-install &&
	test_expect_code 1 deps build &&
	grep "could not install" err
'

test_expect_success 'as a user: through sudo' '
	new_machine &&
	there gcc make pkg-config git msgfmt asciidoctor &&
	write_script bin/sudo <<-END &&
	echo "sudo" >>"$PWD/log"
	exec "\$@"
	END
	cat >on-install <<-END &&
	printf "#!/bin/sh\n" >"$PWD/bin/python3"
	/bin/chmod +x "$PWD/bin/python3"
	END
	FAKE_UID=1000 deps build &&
	head -n 1 log >first &&
	echo sudo >expect &&
	test_cmp expect first
'

test_expect_success 'as a user without sudo: a clear list' '
	new_machine &&
	there gcc make pkg-config git &&
	FAKE_UID=1000 test_expect_code 1 deps build &&
	grep "there is no sudo" err &&
	test_must_be_empty log
'

test_expect_success 'without a package manager: a clear list' '
	new_machine &&
	there gcc make pkg-config git &&
	rm bin/apt-get &&
	test_expect_code 1 deps build &&
	grep "no package manager" err &&
	grep asciidoctor err
'

test_expect_success 'names of packages are those of the manager' '
	new_machine &&
	there gcc make pkg-config git msgfmt python3 &&
	rm bin/apt-get &&
	write_script bin/dnf <<-END &&
	echo "dnf \$*" >>"$PWD/log"
	END
	test_expect_code 1 deps build &&
	echo "dnf install -y rubygem-asciidoctor" >expect &&
	test_cmp expect log
'

test_expect_success 'wrong usage' '
	test_expect_code 129 deps nothing
'

# On this machine, whose tests are running, nothing may be missing.
test_expect_success 'this machine has all that build and test need' '
	sh "$install_deps" -n build test >out 2>&1 &&
	test_must_be_empty out
'

# All modules and headers are looked for at once, and each counts all the same.
test_expect_success 'a module or header that is not there is seen' '
	sed -e "s/^	py yaml:/	py google.nothing:/" \
		-e "s/^	py pandas:/	py nothing.at.all:/" \
		-e "s/^	hdr zlib.h:/	hdr nothing.h:/" "$install_deps" >lacking &&
	test_expect_code 1 sh lacking -n build test >out 2>err &&
	test_must_be_empty out && sed -n "s/^  \([^ ]*\) .*/\1/p" err >actual &&
	printf "%s\n" zlib1g-dev python3-yaml python3-pandas >expect &&
	test_cmp expect actual
'

# A copy of the script beside a lock file of ours, and an npm that only writes
# down what it was asked. The rest of this machine has all (see above).
test_expect_success 'setup: a tree with clients in JavaScript' '
	mkdir -p tree/tools tree/t/node npm &&
	cp "$install_deps" tree/tools/ && echo one >tree/t/node/package-lock.json &&
	write_script npm/npm <<-END
	echo "npm \$*" >>"$PWD/asked"
	. "$PWD/on-npm"
	END
'

node_deps () {
	PATH=$PWD/npm:$PATH sh tree/tools/install-deps "$@" >out 2>err
}

test_expect_success 'clients in JavaScript are fetched as they are locked' '
	: >asked && echo "mkdir node_modules" >on-npm &&
	test_expect_code 1 node_deps -n build test &&
	grep "t/node/node_modules  *read and write" err &&
	test_must_be_empty asked &&
	node_deps build test && test_must_be_empty out &&
	grep "fetching clients for tests with npm" err &&
	test_line_count = 1 asked && grep "^npm ci --ignore-scripts " asked
'

test_expect_success 'where they are whole, nobody is asked, nothing said' '
	: >asked && node_deps build test && test_must_be_empty out &&
	test_must_be_empty err && test_must_be_empty asked &&
	rm -r tree/t/node/node_modules && node_deps build &&
	test_must_be_empty err && test_must_be_empty asked
'

test_expect_success 'another lock file, or a fetch that failed: again' '
	echo two >tree/t/node/package-lock.json &&
	echo "mkdir node_modules; echo >&2 no network; exit 1" >on-npm &&
	test_expect_code 1 node_deps test && test_must_be_empty out &&
	grep "^no network" err && tail -n 1 err | grep "npm could not" &&
	echo "rm -r node_modules; mkdir node_modules" >on-npm &&
	node_deps test && : >asked && node_deps test &&
	test_must_be_empty asked &&
	echo three >tree/t/node/package-lock.json && node_deps test &&
	test_line_count = 1 asked
'

test_done
