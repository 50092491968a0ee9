# What tests about HTTP share: nothing of this machine's settings counts.

for test_var in $(env | sed -n \
	's/^\(\(AWS\|S3\|BOTO\|RCLONE\)_[A-Za-z0-9_]*\)=.*/\1/p') \
	http_proxy https_proxy all_proxy no_proxy \
	HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY \
	SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE
do
	unset "$test_var"
done
# ... and nobody asks 169.254.169.254 for keys.
AWS_EC2_METADATA_DISABLED=true
export AWS_EC2_METADATA_DISABLED
