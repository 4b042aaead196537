//! Rules about origins: `test_s3_cors`.

pub const SCRIPT: &str = r##"
test TestS3Cors::test_cors_http_options_no_config
  as anonymous
  options-no-origin: fullxml OPTIONS /$b/test-cors-options-no-config
  options-with-origin-and-method: fullxml OPTIONS /$b/test-cors-options-no-config origin=whatever access-control-request-method=PUT
  options-with-origin-no-method: fullxml OPTIONS /$b/test-cors-options-no-config origin=whatever

test TestS3Cors::test_cors_http_options_non_existent_bucket
  as anonymous
  options-no-origin: fullxml OPTIONS /fake-bucket-1/test-cors-options-no-bucket
  options-with-origin: fullxml OPTIONS /fake-bucket-1/test-cors-options-no-bucket origin=whatever

test TestS3Cors::test_cors_match_origins
  opened
  set rule {AllowedMethods:[GET,PUT],MaxAgeSeconds:3000,AllowedHeaders:["*"]}
  PutObject Key=k Body=test-cors ACL=public-read
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["https://localhost:4200"],AllowedMethods:[GET,PUT],MaxAgeSeconds:3000,AllowedHeaders:["*"]}]}
  as anonymous
  opt-no-origin: headers OPTIONS /$b/k
  get-no-origin: headers GET /$b/k
  opt-referer: headers OPTIONS /$b/k referer=https://localhost:4200 access-control-request-method=PUT
  get-referer: headers GET /$b/k referer=https://localhost:4200
  opt-right-origin: headers OPTIONS /$b/k origin=https://localhost:4200 access-control-request-method=PUT
  get-right-origin: headers GET /$b/k origin=https://localhost:4200
  opt-wrong-origin: headers OPTIONS /$b/k origin=http://localhost:4200 access-control-request-method=PUT
  get-wrong-origin: headers GET /$b/k origin=http://localhost:4200
  as root
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[GET,PUT],MaxAgeSeconds:3000,AllowedHeaders:["*"]}]}
  as anonymous
  opt-random-wildcard-origin: headers OPTIONS /$b/k origin=http://random:1234 access-control-request-method=PUT
  get-random-wildcard-origin: headers GET /$b/k origin=http://random:1234

test TestS3Cors::test_cors_options_match_partial_origin
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["http://*.origin.com"],AllowedMethods:[GET,PUT],MaxAgeSeconds:3000,AllowedHeaders:["*"]}]}
  as anonymous
  options_match_partial_origin: headers OPTIONS /$b origin=http://test.origin.com access-control-request-method=GET

test TestS3Cors::test_cors_options_fails_partial_origin
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["http://*.origin.com"],AllowedMethods:[GET,PUT],MaxAgeSeconds:3000,AllowedHeaders:["*"]}]}
  as anonymous
  options_fails_partial_origin: headers OPTIONS /$b origin=http://test.origin.com/ access-control-request-method=GET

test TestS3Cors::test_cors_match_methods
  opened
  PutBucketAcl ACL=public-read-write
  PutObject Key=k Body=test-cors ACL=public-read
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["https://localhost:4200"],AllowedMethods:[GET],MaxAgeSeconds:3000,AllowedHeaders:["*"]}]}
  as anonymous
  opt-get: headers OPTIONS /$b/k origin=https://localhost:4200 access-control-request-method=GET
  get-wrong-op: headers GET /$b/k origin=https://localhost:4200 access-control-request-method=PUT
  get-op: headers GET /$b/k origin=https://localhost:4200
  opt-put: headers OPTIONS /$b/knew origin=https://localhost:4200 access-control-request-method=PUT
  put-op: headers PUT /$b/knew origin=https://localhost:4200

test TestS3Cors::test_cors_match_headers
  opened
  set o https://localhost:4200
  PutBucketAcl ACL=public-read-write
  PutObject Key=k Body=test-cors ACL=public-read
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:[$o],AllowedMethods:[GET],MaxAgeSeconds:3000,AllowedHeaders:["*"]}]}
  as anonymous
  opt-get: headers OPTIONS /$b/k origin=$o access-control-request-method=GET access-control-request-headers=x-amz-request-payer
  opt-get-two: headers OPTIONS /$b/k origin=$o access-control-request-method=GET access-control-request-headers="x-amz-request-payer, x-amz-expected-bucket-owner"
  get-op: headers GET /$b/k origin=$o x-amz-request-payer=requester
  as root
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:[$o],AllowedMethods:[GET],MaxAgeSeconds:3000,AllowedHeaders:[x-amz-expected-bucket-owner,x-amz-server-side-encryption-customer-algorithm,x-AMZ-server-SIDE-encryption]}]}
  get-bucket-cors-casing: GetBucketCors
  as anonymous
  opt-get-non-allowed: headers OPTIONS /$b/k origin=$o access-control-request-method=GET access-control-request-headers=x-amz-request-payer
  opt-get-allowed: headers OPTIONS /$b/k origin=$o access-control-request-method=GET access-control-request-headers=x-amz-expected-bucket-owner
  opt-get-allowed-diff-casing: headers OPTIONS /$b/k origin=$o access-control-request-method=GET access-control-request-headers="x-AMZ-expected-BUCKET-owner, x-amz-server-side-encryption"
  opt-get-allowed-no-space: headers OPTIONS /$b/k origin=$o access-control-request-method=GET access-control-request-headers=x-amz-expected-bucket-owner,x-amz-server-side-encryption
  get-non-allowed-with-acl: headers GET /$b/k origin=$o access-control-request-headers=x-amz-request-payer
  get-non-allowed: headers GET /$b/k origin=$o x-amz-request-payer=requester

test TestS3Cors::test_cors_expose_headers
  opened
  PutObject Key=k Body=test-cors ACL=public-read
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[GET],ExposeHeaders:[x-amz-id-2,x-amz-request-id,x-amz-request-payer]}]}
  as anonymous
  opt-get: headers OPTIONS /$b/k origin=localhost:4566 access-control-request-method=GET

test TestS3Cors::test_put_cors_default_values
  opened
  PutObject Key=k Body=test-cors ACL=public-read
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[GET]}]}
  as anonymous
  opt-get: headers OPTIONS /$b/k origin=localhost:4566 access-control-request-method=GET
  opt-get-headers: headers OPTIONS /$b/k origin=localhost:4566 access-control-request-method=GET access-control-request-headers=x-amz-request-payer
"##;
