#!/bin/sh

test_description='url: URLs that read packs in Cloud Storage'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh

one=aapfcd_20240704T111555_one

# what somebody reads who has nothing but the URL
read_url () {
	env -i PATH="$PATH" curl -q -sS -o "$1" -w "%{http_code}" "$2"
}

# How URLs are signed, made by others: tried on vectors that Google publishes,
# and then compared, byte for byte.
cat >sign.py <<\EOF
import hashlib
import json
import sys
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def words(host, path, email, stamp, seconds, more=""):
    """The query without its signature, and what is signed."""
    scope = stamp[:8] + "/auto/storage/goog4_request"
    query = ("X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=%s"
             "&X-Goog-Date=%s&X-Goog-Expires=%d&X-Goog-SignedHeaders=host%s"
             % (quote(email + "/" + scope, safe="~"), stamp, seconds, more))
    request = "\n".join(["GET", quote(path, safe="/~"), query, "host:" + host,
                         "", "host", "UNSIGNED-PAYLOAD"])
    digest = hashlib.sha256(request.encode()).hexdigest()
    return query, "\n".join(["GOOG4-RSA-SHA256", stamp, scope, digest])


def published():
    # storage/v1/v4_signatures.json of github.com/googleapis/conformance-tests
    key = serialization.load_pem_public_key(b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArD8zIqyKLbX0Nq8o0Jj1
qHEhHhqO3+0OP7TEFx5Vxc6PdwBoFNrfnJRI/S+ZaDYS1avr5Pqpp8g8+UNOMvI1
VsjGM8xjTaxkVv8mmKp6pSmQstTt25pzY1exA2wv4xNWSwWNFNx2kh35+kvTQ/DF
3YA9P7pUU1sKur1PP8OoubWLFO59iy5UE5dX0O/3pjvZ2HAhSXsx2VWtB5nlrHR8
FrKJNLJMEGEDSMz9yRfQaUeYCU9oDYHuiqKQ3rCXi6C82l+3FJw5/ggJ5y7iw8ME
rCFSslcYQRbBVz6ZYKWkEcJhs8BG3/16bfaqNusNlDIJ99I7DmipUngF/HEulYhf
rQIDAQAB
-----END PUBLIC KEY-----
""")
    email = "test-iam-credentials@dummy-project-id.iam.gserviceaccount.com"
    for path, stamp, seconds, signature in (
            ("/test-bucket/test-object", "20190201T090000Z", 10,
             "95e6a13d43a1d1962e667f17397f2b80ac9bdd1669210d5e08e0135df9dff4e5"
             "6113485dbe429ca2266487b9d1796ebdee2d7cf682a6ef3bb9fbb4c351686fba"
             "90d7b621cf1c4eb1fdf126460dd25fa0837dfdde0a9fd98662ce60844c458448"
             "fb2b352c203d9969cb74efa4bdb742287744a4f2308afa4af0e0773f55e32e92"
             "973619249214b97283b2daa14195244444e33f938138d1e5f561088ce8011f49"
             "86dda33a556412594db7c12fc40e1ff3f1bedeb7a42f5bcda0b9567f17f65855"
             "f65071fabb88ea12371877f3f77f10e1466fff6ff6973b74a933322ff0949ce3"
             "57e20abe96c3dd5cfab42c9c83e740a4d32b9e11e146f0eb3404d2e975896f74"),
            ("/test-bucket/test-object", "20190301T090000Z", 20,
             "9669ed5b10664dc594c758296580662912cf4bcc5a4ba0b6bf055bcbf6f34eed"
             "7bdad664f534962174a924741a0c273a4f67bc1847cef20192a6beab44223bd9"
             "d4fbbd749c407b79997598c30f82ddc269ff47ec09fa3afe74e00616d438df0d"
             "96a7d8ad0adacfad1dc3286f864d924fe919fb0dce45d3d975c5afe8e13af2db"
             "9cc37ba77835f92f7669b61e94c6d562196c1274529e76cfff1564cc2cad7d53"
             "87dc8e12f7a5dfd925685fe92c30b43709eee29fa2f66067472cee5423d1a3a4"
             "182fe8cea75c9329d181dc6acad7c393cd04f8bf5bc0515127d8ebd65d80c08e"
             "19ad03316053ea60033fd1b1fd85a69c576415da3bf0a3718d9ea6d03e0d66f0")):
        text = words("storage.googleapis.com", path, email, stamp, seconds)[1]
        key.verify(bytes.fromhex(signature), text.encode(),
                   padding.PKCS1v15(), hashes.SHA256())


def ours(file, url, path, seconds, more=""):
    about = json.load(open(file))
    key = serialization.load_pem_private_key(
        about["private_key"].encode(), None)
    at = urlsplit(url)
    stamp = at.query.split("X-Goog-Date=")[1][:16]
    query, text = words(at.netloc, path, about["client_email"], stamp, seconds,
                        more)
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return "%s://%s%s?%s&X-Goog-Signature=%s" % (
        at.scheme, at.netloc, quote(path, safe="/~"), query, signature.hex())


published()
file, url, path, seconds = sys.argv[1:5]
print(ours(file, url, path, int(seconds), *sys.argv[5:]))
EOF

test_expect_success 'setup: a bucket' '
	start_gcs && gcs_bucket lab && gcs_conf lab "prefix: a folder/~(x)" &&
	sed "s/^project_name: .*/project_name: \"my proj+\&=é\"/" \
		resutil-conf.yaml >conf && cp conf resutil-conf.yaml &&
	make_exp $one "id: $(test_id 1)" && echo text >results/$one/file &&
	odd="aapfcd_20240704T111556_a b+c&d=e#f%20~!$(printf "\047")(é)" &&
	make_exp "$odd" "id: $(test_id 2)" && resutil push -A &&
	echo "$odd" >odd
'

test_expect_success 'a URL reads the whole pack, without credentials' '
	odd=$(cat odd) &&
	for name in $one "$odd"
	do
		resutil url "$name" >url 2>err && test_must_be_empty err &&
		test_line_count = 1 url &&
		test_grep "^$GCS_ROOT/lab/a%20folder/~%28x%29/my%20proj%2B" url &&
		test_grep "X-Goog-Expires=3600&" url &&
		test "$(read_url got.zip "$(cat url)")" = 200 &&
		resutil pack-exp "$name" >want.zip &&
		cmp want.zip got.zip || return 1
	done
'

test_expect_success 'it is signed as others sign it, byte for byte' '
	odd=$(cat odd) &&
	for name in $one "$odd"
	do
		resutil url --expires 10m "$name" >url &&
		/usr/bin/python3 sign.py key.json "$(cat url)" \
			"/lab/a folder/~(x)/my proj+&=é/$name.zip" 600 >want &&
		test_cmp want url || return 1
	done
'

test_expect_success 'and gives nothing else' '
	resutil url $one >url &&
	other=$(sed "s/$one/aapfcd_20240704T111557/" url) &&
	test "$(read_url no "$other")" = 403 &&
	longer=$(sed "s/Expires=3600/Expires=36000/" url) &&
	test "$(read_url no "$longer")" = 403 &&
	test "$(env -i PATH="$PATH" curl -q -sS -o no -w "%{http_code}" \
		-X DELETE "$(cat url)")" = 403 &&
	resutil stat-remote $one
'

test_expect_success 'until it expires' '
	resutil url --expires 10m $one >url &&
	google_admin time "{\"skew\": 590}" &&
	test "$(read_url got "$(cat url)")" = 200 &&
	google_admin time "{\"skew\": 602}" &&
	test "$(read_url no "$(cat url)")" = 400 &&
	test_grep ExpiredToken no &&
	google_admin time "{\"skew\": 0}" &&
	resutil url --expires 7d $one >url &&
	test_grep "X-Goog-Expires=604800&" url &&
	test "$(read_url got "$(cat url)")" = 200
'

test_expect_success 'who pays is signed, too' '
	google_admin bucket "{\"name\": \"lab\", \"requester_pays\": true}" &&
	echo "  user_project: lab-project" >>resutil-conf.yaml &&
	resutil url one >url &&
	/usr/bin/python3 sign.py key.json "$(cat url)" \
		"/lab/a folder/~(x)/my proj+&=é/$one.zip" 3600 \
		"&userProject=lab-project" >want &&
	test_cmp want url &&
	test "$(read_url got "$(cat url)")" = 200 &&
	without=$(sed "s/&userProject=lab-project//" url) &&
	test "$(read_url no "$without")" != 200
'

test_expect_success 'a store without credentials gives the bare one' '
	google_admin bucket "{\"name\": \"public\", \"roles\": {\"allUsers\":
		[\"storage.objectUser\"]}}" &&
	cat >conf <<-END &&
	project_name: open
	results_dir: results
	storage_type: gcs
	storage_config:
	  bucket_name: public
	  api_root: $GCS_ROOT
	  anonymous: true
	END
	mkdir public public/results && cp conf public/resutil-conf.yaml &&
	cp -r results/$one public/results/ && resutil -C public push one &&
	resutil -C public url one >url &&
	echo "$GCS_ROOT/public/open/$one.zip" >want && test_cmp want url &&
	test "$(read_url got "$(cat url)")" = 200 &&
	resutil -C public url --json one >json &&
	test_grep "\"expires\":null" json
'

test_expect_success 'what is not there has no URL' '
	test_expect_code 10 resutil url aapfcd_20240704T111558 >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err
'

test_expect_success 'a login cannot sign, and who can is said' '
	google_admin client "{\"id\": \"client\", \"secret\": \"secret\"}" &&
	google_admin refresh_token "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"client\": \"client\", \"scopes\":
		[\"https://www.googleapis.com/auth/devstorage.read_write\"]}" \
		>made &&
	token=$(sed -n "s/.*\"refresh_token\": \"\(.*\)\".*/\1/p" made) &&
	mkdir login && (umask 077 && cat >login/login.json) <<-END &&
	{"type": "authorized_user", "client_id": "client", "client_secret":
	 "secret", "refresh_token": "$token", "token_uri": "$GCS_TOKEN_URI"}
	END
	sed "s/key_file_path: .*/key_file_path: login.json/" \
		resutil-conf.yaml >login/resutil-conf.yaml &&
	resutil -C login stat-remote $one &&
	test_expect_code 129 resutil -C login url $one >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "service account" err && rm -r made login
'

test_expect_success 'no trace and no file has it' '
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		RESUTIL_TRACE_HTTP="$TRASH_DIRECTORY/trace-http" \
		resutil -v url one >url 2>err &&
	signature=$(sed "s/.*X-Goog-Signature=//; s/&.*//" url) &&
	test ${#signature} = 512 && rm -f url want &&
	test_grep "store: presign" trace &&
	test_must_fail grep -r -F "$signature" . &&
	sed -n "s/.*PRIVATE KEY-----.n\(.\{30\}\).*/\1/p" key.json >../part &&
	test_must_fail grep -F -f ../part trace trace-http err
'

test_done
