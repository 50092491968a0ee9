#!/bin/sh

test_description='the examples of resutil-gcs(7) and -gdrive(7) do what is said'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-examples.sh
. "$TEST_DIRECTORY"/lib-google.sh

pages=$SOURCE_DIRECTORY/Documentation

# by_name COMMAND...: Google's own names lead to the fake, and nothing is said
# of it in the conf.
by_name () {
	(
		unset RESUTIL_CONFIG_COUNT NO_PROXY no_proxy &&
		HTTPS_PROXY=$GOOGLE_PROXY SSL_CERT_FILE=$GOOGLE_CA &&
		CURL_CA_BUNDLE=$GOOGLE_CA &&
		export HTTPS_PROXY SSL_CERT_FILE CURL_CA_BUNDLE && "$@"
	)
}

# examples PAGE [COPY]: with a key file of the account in the project
examples () {
	TZ=Asia/Tokyo && export TZ && test_set_now 1720088155 &&
	test_when_finished "TZ=UTC; unset RESUTIL_TEST_NOW" &&
	prepare_examples "$1" && google_key "$1"/project/key.json &&
	sed -i "s,\"token_uri\".*,\"token_uri\": \"https://oauth2.googleapis.com/token\"\\,," \
		"$1"/project/key.json &&
	by_name run_examples "$1" "${2:-$pages/resutil-$1.adoc}"
}

test_expect_success PYTHON 'share through Cloud Storage' '
	google_by_name start_gcs && gcs_bucket lab-results && examples gcs
'

test_expect_success 'what was sent is plain objects' '
	google_admin objects "{\"bucket\": \"lab-results\"}" >objects &&
	grep -o "project/[^\"]*zip" objects | sort -u >got &&
	cat >want <<-\EOF &&
	project/aapfup_20240704T191555_baseline.zip
	project/aapfup_20240704T191555_notes of Kai.zip
	EOF
	test_cmp want got
'

# The clock of the examples stands still, that of the service does not.
test_expect_success 'a URL for who has no account' '
	cd gcs/colleague && by_name resutil url --expires 10m baseline >url &&
	by_name curl -q -sSf -o baseline.zip "$(cat url)" &&
	resutil verify-pack baseline.zip
'

test_expect_success PYTHON 'share through Drive' '
	google_by_name start_drive &&
	team=$(drive_shared team) &&
	sed "s/0AbCdEfGhIjKlUk9PVA/$team/g" "$pages/resutil-gdrive.adoc" \
		>resutil-gdrive.adoc && examples gdrive "$PWD/resutil-gdrive.adoc"
'

test_expect_success 'and files, of which one was put into the trash' '
	drive_tree "$team" >tree &&
	test_grep "project/aapfup_20240704T191555_baseline.zip file [0-9]* [0-9]*$" tree &&
	test_grep "notes of Kai.zip file .* trashed$" tree
'

# block PAGE TEXT: the first block of a page that has it
block () {
	awk -v text="$2" '
		/^----$/ && !inside { inside = 1; kept = ""; next }
		/^----$/ {
			inside = 0
			if (index(kept, text)) { printf "%s", kept; exit }
			next
		}
		inside { kept = kept $0 "\n" }
	' "$pages/resutil-$1.adoc"
}

test_expect_success PYTHON 'the key of the page is a key' '
	block google "\"service_account\"" >key.json &&
	python3 -c "import json; json.load(open(\"key.json\"))" &&
	resutil init --offline --storage-type=gcs -o bucket_name=lab >out &&
	test_grep "key_file_path: key.json" resutil-conf.yaml
'

# What the tables say that somebody says is said by us, or by the service, for
# which the servers of the tests stand.
cat >said.py <<\END
import glob, re, sys

def read(pattern):
    for path in glob.glob(sys.argv[1] + "/" + pattern, recursive=True):
        with open(path, encoding="utf-8") as f:
            yield f.read()

said = ""
for room in ("builtin/*.c", "plumbing/*.c", "transport/**/*.c", "lib/**/*.c",
             "t/helper/*.py"):
    said += "\n".join(read(room))
said = re.sub(r'"\s+"', "", said)                   # one string after another
said = re.sub(r'"\s+[A-Za-z_0-9]+\s+"', "...", said)     # PRIu64
said = re.sub(r"%[0-9.*]*[a-z]+", "...", said)
said = re.sub(r"\s+", " ", said)
missing = 0
for page in sys.argv[2:]:
    with open(page, encoding="utf-8") as f:
        table = f.read().split("== WHEN SOMETHING DOES NOT WORK")[1]
    for row in re.findall(r"^\|(`[^|]*)\|", table, re.M):
        for text in re.findall(r"`([^`]*)`", row):
            for part in re.split(r"\.\.\.|'", text):
                part = part.strip()
                if len(part) > 3 and part not in said:
                    print(page, text, part, sep=": ")
                    missing += 1
sys.exit(missing > 0)
END

test_expect_success PYTHON 'what the pages say that is said is said' '
	python3 said.py "$SOURCE_DIRECTORY" "$pages/resutil-gcs.adoc" \
		"$pages/resutil-gdrive.adoc" "$pages/resutil-google.adoc"
'

test_done
