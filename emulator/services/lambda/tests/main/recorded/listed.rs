//! Recordings that are not reproduced, and why.

use super::{How::Listed, Table};

/// The API.
pub const API: Table = &[
    ("TestLambdaVersions::test_publish_with_wrong_revisionid", Listed("revisions as in TestLambdaRevisions")),
    ("TestLambdaUrl::*", Listed("not replayed yet; function URLs are tested in urls.rs and streams.rs")),
    ("TestLambdaSizeLimits::*", Listed("packages of the recordings' sizes; sizes are tested in api.rs")),
    ("TestCodeSigningConfig::*", Listed("code signing is refused by name")),
    ("TestLambdaAccountSettings::*", Listed("limits of the account that recorded; tested in api.rs")),
    ("TestLambdaEventSourceMappings::test_event_source_mapping_lifecycle", Listed("of DynamoDB streams, which are refused by name")),
    ("TestLambdaTags::test_tag_lifecycle", Listed("as TestLambdaTag::test_tag_lifecycle")),
    (
        "TestLambdaFunction::test_create_lambda_exceptions",
        Listed("the order in which AWS checks several mistakes at once; tested in api.rs one by one"),
    ),
    (
        "TestLambdaFunction::test_update_lambda_exceptions",
        Listed("the order in which AWS checks several mistakes at once; tested in api.rs one by one"),
    ),
    ("TestLambdaFunction::test_list_functions", Listed("packages of other sizes; paging is tested in api.rs")),
    ("TestLambdaLayer::*", Listed("not replayed yet; layers are tested in environments.rs")),
    ("TestLambdaImages::*", Listed("container images are refused by name")),
    ("TestLambdaPermissions::test_add_lambda_permission_optional_fields", Listed("the name of a recording that was renamed")),
    ("TestLambdaPermissions::test_lambda_permission_versioning", Listed("the name of a recording that was renamed")),
    ("TestLambdaPermissions::test_lambda_permission_revisions", Listed("the name of a recording that was renamed")),
    (
        "TestLambdaRevisions::test_function_revisions_permissions",
        Listed("the recording is older than AWS's present behaviour, as its source says"),
    ),
    ("TestLambdaEventSourceMappings::test_create_event_source_validation", Listed("of DynamoDB streams, which are refused by name")),
    ("TestLambdaSnapStart::*", Listed("SnapStart is refused by name")),
    ("TestLambdaFunction::test_vpc_config", Listed("VPCs are refused by name")),
    (
        "TestLambdaFunction::test_function_arns",
        Listed("the order in which AWS checks several mistakes at once; names are tested in names.rs"),
    ),
    ("TestLambdaFunction::test_invalid_invoke", Listed("names that AWS's front refuses; names are tested in names.rs")),
    (
        "TestLambdaFunction::test_lambda_concurrent_code_updates",
        Listed("updates are done when their answer leaves: none is refused as one under way"),
    ),
    (
        "TestLambdaFunction::test_lambda_concurrent_config_updates",
        Listed("updates are done when their answer leaves: none is refused as one under way"),
    ),
    ("TestLoggingConfig::*", Listed("logging is tested in execution.rs")),
    ("TestPartialARNMatching::*", Listed("regions of ARNs: as TestLambdaFunction::test_get_function_wrong_region")),
    ("TestRuntimeValidation::*", Listed("deprecated runtimes are tested in api.rs")),
    (
        "TestLambdaFunction::test_function_name_and_qualifier_validation",
        Listed("84 sentences of AWS's front about names with several mistakes; names are tested in names.rs"),
    ),
    ("TestLambdaEventSourceMappings::test_create_event_source_self_managed", Listed("self-managed Kafka is refused by name")),
    (
        "TestLambdaEventSourceMappings::test_event_source_mapping_lifecycle_delete_function",
        Listed("of DynamoDB streams, which are refused by name"),
    ),
    (
        "TestLambdaEventSourceMappings::test_create_event_filter_criteria_validation",
        Listed("of DynamoDB streams, which are refused by name"),
    ),
    ("TestLambdaFunction::test_invalid_vpc_config_subnet", Listed("VPCs are refused by name")),
    ("TestLambdaFunction::test_invalid_vpc_config_security_group", Listed("VPCs are refused by name")),
    ("TestLambdaEventSourceMappings::test_create_event_source_validation_kinesis", Listed("of Kinesis, which is refused by name")),
];

/// Queues as event sources.
pub const SQS: Table = &[
    (
        "test_failing_lambda_retries_after_visibility_timeout",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_redrive_policy_with_failing_lambda",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_sqs_queue_as_lambda_dead_letter_queue",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_report_batch_item_failures",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_report_batch_item_failures_on_lambda_error",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_report_batch_item_failures_invalid_result_json_batch_fails",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_report_batch_item_failures_empty_json_batch_succeeds",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_filter",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "test_message_body_and_attributes_passed_correctly",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_update",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_batch_size",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_batching_reserved_concurrency",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_batching_behaviour",
        Listed("what comes and goes between the queue and the function is tested in mappings.rs, by its own functions"),
    ),
];

/// Invocations.
pub const INVOCATIONS: Table = &[
    ("TestLambdaFeatures::*", Listed("by functions in Python; tested in api.rs and execution.rs")),
    ("TestLambdaBehavior::*", Listed("what a function sees is tested in execution.rs, by its own functions")),
    ("TestLambdaBaseFeatures::*", Listed("by functions in Python; tested in execution.rs")),
    ("TestLambdaConcurrency::*", Listed("by functions that wait; tested in provisioned.rs, queue.rs and execution.rs")),
    ("TestLambdaVersions::*", Listed("by functions in Python; versions are reproduced from test_lambda_api")),
    ("TestLambdaAliases::*", Listed("by functions in Python; aliases are reproduced from test_lambda_api")),
    ("TestLambdaURL::*", Listed("not replayed yet; function URLs are tested in urls.rs and streams.rs")),
    ("TestLambdaPermissions::*", Listed("not replayed yet; function URLs are tested in urls.rs and streams.rs")),
    ("TestRequestIdHandling::*", Listed("request ids are tested in queue.rs")),
    ("TestLambdaErrors::*", Listed("errors of runtimes are tested in execution.rs and runtimes.rs")),
    ("TestLambdaCleanup::*", Listed("by functions in Python; as TestLambdaFunction::test_function_lifecycle")),
    ("TestLambdaMultiAccounts::*", Listed("records nothing")),
];

/// Stacks with mappings.
pub const STACKS: Table = &[("test_adding_tags", Listed("of DynamoDB streams, which are refused by name"))];

/// DynamoDB streams as event sources.
pub const DYNAMODB: Table = &[("TestDynamoDBEventSourceMapping::*", Listed("DynamoDB streams are refused by name"))];

/// Kinesis as event source.
pub const KINESIS: Table = &[
    ("TestKinesisSource::*", Listed("Kinesis is refused by name")),
    ("TestKinesisEventFiltering::*", Listed("Kinesis is refused by name")),
];

/// The same function in every runtime.
pub const COMMON: Table = &[
    (
        "TestLambdaRuntimesCommon::*",
        Listed("packages that were built for each runtime, which are not at hand; runtimes.rs has Python and Node"),
    ),
    ("TestLambdaCallingLocalstack::*", Listed("records nothing")),
];

/// Destinations.
pub const DESTINATIONS: Table = &[
    ("TestLambdaDestinationSqs::*", Listed("by functions in Python; the record is tested in queue.rs, as recorded")),
    ("TestLambdaDLQ::*", Listed("by functions in Python; dead letters are tested in queue.rs, as recorded")),
    ("TestLambdaDestinationEventbridge::*", Listed("by functions in Python, and EventBridge is no part of these tests")),
];

/// Traces.
pub const XRAY: Table = &[("test_xray_trace_propagation", Listed("records nothing"))];

/// Runtimes.
pub const RUNTIMES: Table = &[
    ("TestNodeJSRuntimes::*", Listed("tested in runtimes.rs, by its own function")),
    ("TestJavaRuntimes::*", Listed("Java is refused by name")),
    ("TestPythonRuntimes::*", Listed("records nothing")),
    ("TestGoProvidedRuntimes::*", Listed("binaries in Go, which are not at hand")),
    ("TestCloudwatchLogs::*", Listed("tested in execution.rs, by its own function")),
];
