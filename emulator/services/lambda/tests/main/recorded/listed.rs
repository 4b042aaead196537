//! Recordings that are not reproduced, and why.

use super::{How::Listed, Table};

/// The API.
pub const API: Table = &[
    ("TestLambdaVersions::test_publish_with_wrong_revisionid", Listed("revisions as in TestLambdaRevisions")),
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
    ("TestPartialARNMatching::*", Listed("regions of ARNs: as TestLambdaFunction::test_get_function_wrong_region")),
    ("TestRuntimeValidation::*", Listed("deprecated runtimes are tested in api.rs")),
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
    ("test_failing_lambda_retries_after_visibility_timeout", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("test_redrive_policy_with_failing_lambda", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("test_sqs_queue_as_lambda_dead_letter_queue", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("test_report_batch_item_failures", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("test_report_batch_item_failures_on_lambda_error", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    (
        "test_report_batch_item_failures_invalid_result_json_batch_fails",
        Listed("replayed with a real queue in tests/meetings (queue_events.rs)"),
    ),
    ("test_report_batch_item_failures_empty_json_batch_succeeds", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("TestSQSEventSourceMapping::test_sqs_event_source_mapping", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("TestSQSEventSourceMapping::test_sqs_event_filter", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    ("test_message_body_and_attributes_passed_correctly", Listed("replayed with a real queue in tests/meetings (queue_events.rs)")),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_update",
        Listed("replayed with a real queue in tests/meetings (queue_events.rs)"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_batch_size",
        Listed("replayed with a real queue in tests/meetings (queue_events.rs)"),
    ),
    (
        "TestSQSEventSourceMapping::test_sqs_event_source_mapping_batching_reserved_concurrency",
        Listed("how a batch of twenty is cut depends on which of SQS's servers were polled; maximum concurrency is tested in mappings.rs"),
    ),
    ("TestSQSEventSourceMapping::test_sqs_event_source_mapping_batching_behaviour", Listed("nothing was recorded")),
];

/// Invocations.
pub const INVOCATIONS: Table = &[
    (
        "TestLambdaFeatures::test_basic_invoke",
        Listed("older than SnapStart and LoggingConfig, which AWS shows now; as test_function_state"),
    ),
    (
        "TestLambdaFeatures::test_lambda_environment",
        Listed("older than LoggingConfig, which AWS shows now; variables are tested in execution.rs"),
    ),
    ("TestLambdaFeatures::test_invocation_with_qualifier", Listed("what Python's runtime makes of its context; tested in runtimes.rs")),
    ("TestLambdaFeatures::test_upload_lambda_from_s3", Listed("what Python's runtime makes of its context; tested in runtimes.rs")),
    ("TestLambdaFeatures::test_lambda_with_context", Listed("what Node's runtime makes of its context; tested in runtimes.rs")),
    (
        "TestLambdaFeatures::test_invocation_type_event_error",
        Listed("lines of Python's runtime; retries are replayed from test_lambda_destinations"),
    ),
    ("TestLambdaBehavior::test_lambda_cache_local", Listed("modules of Python and Node that stay; tested in runtimes.rs and execution.rs")),
    (
        "TestLambdaBehavior::test_lambda_invoke_timed_out_environment_reuse",
        Listed("older than AWS's present sentence; what stays of /tmp is tested in execution.rs"),
    ),
    (
        "TestLambdaBehavior::test_runtime_introspection_arm",
        Listed("users and owners of AWS's machines: environments here are the machine's own"),
    ),
    (
        "TestLambdaBehavior::test_runtime_introspection_x86",
        Listed("users and owners of AWS's machines: environments here are the machine's own"),
    ),
    ("TestLambdaBehavior::test_runtime_ulimits", Listed("limits of AWS's machines; those of ours are tested in environments.rs")),
    (
        "TestLambdaBehavior::test_mixed_architecture",
        Listed("functions run on this machine's instruction set; the other is refused by name"),
    ),
    (
        "TestLambdaBehavior::test_lambda_init_environment",
        Listed("variables are tested in execution.rs; addresses of AWS's tracing daemon are not set"),
    ),
    ("TestLambdaBehavior::test_lambda_host_prefix_api_operation", Listed("calls of an SDK to other services")),
    ("TestLambdaBaseFeatures::test_assume_role", Listed("names of sessions; tested with STS")),
    ("TestLambdaBaseFeatures::*", Listed("records nothing")),
    (
        "TestLambdaConcurrency::test_lambda_provisioned_concurrency_moves_with_alias",
        Listed("older than LoggingConfig, which AWS shows now"),
    ),
    (
        "TestLambdaVersions::test_lambda_handler_update",
        Listed("two handlers of one Python module; changes of a configuration are tested in execution.rs"),
    ),
    (
        "TestLambdaVersions::test_async_invoke_queue_upon_function_update",
        Listed("which of two packages AWS had at hand while it changed over"),
    ),
    ("TestLambdaVersions::test_function_update_during_invoke", Listed("what is running ends on its package; tested in execution.rs")),
    ("TestLambdaURL::test_function_url_with_response_streaming", Listed("streams of Node's runtime; tested in streams.rs and urls.rs")),
    ("TestLambdaURL::*", Listed("records nothing")),
    ("TestLambdaErrors::test_lambda_runtime_error", Listed("a stack of Python's own modules; tested in runtimes.rs")),
    ("TestLambdaErrors::test_lambda_handler_error", Listed("a stack of Python; tested in runtimes.rs")),
    ("TestLambdaErrors::test_lambda_runtime_wrapper_not_found", Listed("wrappers of managed runtimes; tested in execution.rs")),
    ("TestLambdaErrors::test_lambda_runtime_exit_segfault", Listed("AWS waits for the timeout; here a process that died is told at once")),
    ("TestRequestIdHandling::*", Listed("records nothing")),
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
pub const DESTINATIONS: Table =
    &[("TestLambdaDestinationEventbridge::test_invoke_lambda_eventbridge", Listed("replayed with a real bus, in tests/meetings"))];

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
