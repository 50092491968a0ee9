#!/bin/sh

test_description='checkpoint: what is sent of files that are being written

A file that is rewritten while it is read is whole in the pack or left out;
one that grows is there as far as it had grown; what inform and meter have
acknowledged is there.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-held.sh
. "$TEST_DIRECTORY"/lib-mount.sh

test_expect_success 'setup' '
	make_project proj && unset RESUTIL_NO_REMOTE
'

store=$TRASH_DIRECTORY/proj.store
# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# Threads write all the time, each in its own way; the main program checkpoints
# and looks at the pack.
cat >program.py <<\EOF
import os, subprocess, sys, threading, time, zipfile

store, rounds = sys.argv[1], int(sys.argv[2])
top, name = os.environ["RESUTIL_EX_DIR"], os.environ["RESUTIL_EX_NAME"]
pack = "%s/project/%s.zip" % (store, name)
stop = threading.Event()

def path(file):
    return os.path.join(top, file)

# How long it took to write n in the place of n - 1. A machine that is busy may
# stop the writer in the middle; nobody can see that in the file.
took = {}

def in_place(file, size, pause):
    n = 0
    fd = os.open(path(file), os.O_RDWR | os.O_CREAT)
    while not stop.is_set():
        n = (n + 1) % 250
        data = bytes([n]) * (size // 2)
        took.pop((file, n), None)
        start = time.monotonic()
        for at in range(2):
            os.pwrite(fd, data, at * len(data))
        took[file, n] = time.monotonic() - start
        time.sleep(pause)

def replaced(file, size):
    n = 0
    while not stop.is_set():
        n = (n + 1) % 250
        with open(path(file + ".new"), "wb") as f:
            f.write(bytes([n]) * size)
        os.rename(path(file + ".new"), path(file))
        time.sleep(0.001)

def grows(file):
    n = 0
    with open(path(file), "a", buffering=1) as f:
        while not stop.is_set():
            n += 1
            f.write("line %d\n" % n)
            time.sleep(0.0005)

def comes_and_goes(file):
    while not stop.is_set():
        os.mkdir(path(file))
        with open(path(file + "/x"), "w") as f:
            f.write("x")
        os.unlink(path(file + "/x"))
        os.rmdir(path(file))
        time.sleep(0.001)

threads = [threading.Thread(target=t, args=a) for t, *a in (
    (in_place, "small", 80000, 0.002), (in_place, "large", 3000000, 0.01),
    (replaced, "replaced", 300000), (grows, "log"), (comes_and_goes, "d"))]
for t in threads:
    t.start()

def run(*argv):
    return subprocess.run(["resutil", *argv], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)

def uniform(data, file):
    values = set(data)
    if len(values) <= 1:
        return
    new = max(values) if max(values) - min(values) == 1 else min(values)
    for _ in range(200):
        if (file, new) in took:
            break
        time.sleep(0.01)
    assert took.get((file, new), 9) > 0.01, "%s is torn: %s, %s" % (
        file, values, took.get((file, new)))

seen = {}
try:
    run("meter", "round=-1")
    for n in range(rounds):
        run("inform", "round=%d" % n)
        run("meter", "round=%d" % n)
        size = os.path.getsize(path("log")) if os.path.exists(path("log")) else 0
        run("checkpoint")
        with zipfile.ZipFile(pack) as z:
            assert z.testzip() is None
            names = z.namelist()
            for file in ("small", "large", "replaced"):
                if file in names:
                    data = z.read(file)
                    uniform(data, file)
                    seen.setdefault(file, set()).add(data[:1])
            record = z.read("resutil-exp.yaml").decode()
            assert "\n  round: %d\n" % n in record, record
            rows = z.read("metrics-0000.csv").decode().splitlines()
            assert rows[-1].endswith(",%d" % n), rows
            assert len(rows) == n + 3
            log = z.read("log").decode()
            assert len(log) >= size
            lines = log.splitlines()
            assert lines == ["line %d" % (i + 1) for i in range(len(lines))] \
                or log[-1] != "\n"
finally:
    stop.set()
    for t in threads:
        t.join()
print("replaced %d" % len(seen.get("replaced", ())))
EOF

test_expect_success PYTHON 'nothing in a pack is torn, nothing acknowledged is missing' '
	resutil run -m torn -- python3 program.py "$store" ${RESUTIL_TEST_ROUNDS:-8} >out 2>err &&
	test_grep "^replaced [1-9]" out &&
	name=$(resutil rev-exp torn) &&
	resutil verify-pack "$store/project/$name.zip" &&
	resutil cat-pack "$store/project/$name.zip" small >out &&
	cmp out results/$name/small
'

# Of two writes in one step of its clock the second leaves no trace.
test_expect_success PYTHON,MOUNT 'also on a file system that counts time in steps' '
	mkdir ram && mount -t ramfs none ram &&
	test_when_finished "umount \"$PWD/ram\"" &&
	resutil --no-interactive -C ram init --project-name project \
		--storage-type dir -o path=store >/dev/null &&
	resutil -C ram run -m torn -- python3 "$PWD"/program.py \
		"$PWD/ram/store" ${RESUTIL_TEST_ROUNDS:-8} >out 2>err &&
	test_grep "^replaced [1-9]" out
'

test_expect_success FAULTS 'one that is rewritten while it is read waits for the next' '
	cat >waits.sh <<-\EOF &&
	cd "$RESUTIL_EX_DIR" && echo old >file && echo other >other
	: >"$1"/up; until test -e "$1"/stop; do sleep 0.02; done
	EOF
	{
		resutil run --no-push -m waits -- sh waits.sh "$PWD" &
	} && run=$! && test_when_finished ": >stop" &&
	test_wait_for 20 test -e up && name=$(resutil rev-exp waits) &&
	held check:file resutil checkpoint --exp waits && hold &&
	echo new >results/$name/file && again &&
	echo "newer" >results/$name/file && once && ends 0 &&
	test_grep "file.*left out" err &&
	resutil list-pack "$store/project/$name.zip" >list &&
	test_grep "other" list && test_grep ! "[^r]file\$" list &&
	resutil checkpoint --exp waits && : >stop && wait $run &&
	resutil cat-pack "$store/project/$name.zip" file >out &&
	echo newer >want && test_cmp want out
'

test_expect_success FAULTS 'inform while it is sent: the record is the old one or the new one' '
	rm -f up stop && {
		resutil run --no-push -m inform -- sh waits.sh "$PWD" &
	} && run=$! && test_when_finished ": >stop" &&
	test_wait_for 20 test -e up && name=$(resutil rev-exp inform) &&
	held check:resutil-exp.yaml resutil checkpoint --exp inform && hold &&
	resutil update-exp --set info.x=1 inform && once && ends 0 &&
	resutil verify-pack "$store/project/$name.zip" &&
	resutil cat-pack "$store/project/$name.zip" resutil-exp.yaml >out &&
	test_grep "^state: running" out && resutil checkpoint --exp inform &&
	resutil cat-pack "$store/project/$name.zip" resutil-exp.yaml >out &&
	test_grep "^  x: 1" out && : >stop && wait $run
'

test_done
