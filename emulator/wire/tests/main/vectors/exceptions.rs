//! Cases that a server is not held to, and cases that are skipped: each with its reason.

pub(super) struct Exception {
    /// Id of the case, with `file:` before it where other files have the id too.
    pub(super) id: &'static str,
    /// Only a client can pass it.
    pub(super) client_only: bool,
    /// Why.
    pub(super) reason: &'static str,
}

const fn client(id: &'static str, reason: &'static str) -> Exception {
    Exception { id, client_only: true, reason }
}

const fn skip(id: &'static str, reason: &'static str) -> Exception {
    Exception { id, client_only: false, reason }
}

const COMPRESSED: &str = "clients compress the body; the case has none";
const TOKEN: &str = "clients make up the token; the server gets one that the case's params lack";
const NO_TARGET: &str = "the case is about the host and has no X-Amz-Target to route by";
const BASE_PATH: &str = "the client's endpoint has a path, which a gateway would take off";
const EMPTY_LIST: &str = "an empty list or map leaves nothing on the wire that a server could see";
const ALL_PARAMETERS: &str =
    "servers put every parameter into the map (RestJsonServersPutAllQueryParamsInMap); clients may leave out those named otherwise";
const EMPTY_PAYLOAD: &str = "clients write an absent payload as {}, which servers read as an empty one";
const OFFSET: &str = "clients have to read offsets; we write UTC";
const OLD_ERROR: &str = "clients have to find the code in every place that AWS ever put it; we write one form";
const EXTRA: &str = "clients have to pass over what the model does not know; we do not write it";
const NULLS: &str = "clients have to pass over nulls; we leave absent members out";
const MESSAGE: &str = "the body has a message that the case does not give";
const FLAT: &str = "the converted model lost that the item's name does not count; real models of this form (sdb, s3) mean the item's name";

pub(super) const ALL: &[Exception] = &[
    client("SDKAppliedContentEncoding_ec2Query", COMPRESSED),
    client("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query", COMPRESSED),
    client("Ec2ProtocolIdempotencyTokenAutoFill", TOKEN),
    client("Ec2EmptyQueryLists", EMPTY_LIST),
    client("SDKAppliedContentEncoding_awsJson1_1", COMPRESSED),
    client("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", COMPRESSED),
    client("AwsJson10EndpointTrait", NO_TARGET),
    client("AwsJson10EndpointTraitWithHostLabel", NO_TARGET),
    client("AwsJson10HostWithPath", NO_TARGET),
    client("SDKAppliedContentEncoding_awsJson1_0", COMPRESSED),
    client("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", COMPRESSED),
    client("SDKAppliedContentEncoding_awsQuery", COMPRESSED),
    client("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", COMPRESSED),
    client("QueryProtocolIdempotencyTokenAutoFill", TOKEN),
    client("QueryEmptyQueryMaps", EMPTY_LIST),
    client("RestJsonHostWithPath", BASE_PATH),
    client("RestJsonOmitsEmptyListQueryValues", EMPTY_LIST),
    client("SDKAppliedContentEncoding_restJson1", COMPRESSED),
    client("SDKAppendedGzipAfterProvidedEncoding_restJson1", COMPRESSED),
    client("RestJsonQueryIdempotencyTokenAutoFill", TOKEN),
    client("RestJsonQueryParamsStringListMap", ALL_PARAMETERS),
    client("RestJsonQueryPrecedence", ALL_PARAMETERS),
    client("RestJsonHttpWithEmptyStructurePayload", EMPTY_PAYLOAD),
    client("RestJsonHttpWithHeadersButNoPayload", EMPTY_PAYLOAD),
    client("AllQueryStringTypes", ALL_PARAMETERS),
    client("RestXmlQueryStringEscaping", ALL_PARAMETERS),
    client("RestXmlSupportsNaNFloatQueryValues", ALL_PARAMETERS),
    client("RestXmlSupportsInfinityFloatQueryValues", ALL_PARAMETERS),
    client("RestXmlSupportsNegativeInfinityFloatQueryValues", ALL_PARAMETERS),
    client("RestXmlZeroAndFalseQueryValues", ALL_PARAMETERS),
    client("SDKAppliedContentEncoding_restXml", COMPRESSED),
    client("SDKAppendedGzipAfterProvidedEncoding_restXml", COMPRESSED),
    client("QueryIdempotencyTokenAutoFill", TOKEN),
    client("RestXmlQueryParamsStringListMap", ALL_PARAMETERS),
    client("RestXmlQueryPrecedence", ALL_PARAMETERS),
    client("Ec2QueryDateTimeWithNegativeOffset", OFFSET),
    client("Ec2QueryDateTimeWithPositiveOffset", OFFSET),
    client("Ec2ComplexError", MESSAGE),
    skip("Ec2XmlLists", FLAT),
    client("AwsJson11DateTimeWithNegativeOffset", OFFSET),
    client("AwsJson11DateTimeWithPositiveOffset", OFFSET),
    client("handles_unexpected_json_output", EXTRA),
    client("AwsJson11FooErrorUsingXAmznErrorType", OLD_ERROR),
    client("AwsJson11FooErrorUsingXAmznErrorTypeWithUri", OLD_ERROR),
    client("AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace", OLD_ERROR),
    client("AwsJson11FooErrorUsingCode", OLD_ERROR),
    client("AwsJson11FooErrorUsingCodeAndNamespace", OLD_ERROR),
    client("AwsJson11FooErrorUsingCodeUriAndNamespace", OLD_ERROR),
    client("AwsJson11FooErrorWithDunderTypeUriAndNamespace", OLD_ERROR),
    client("AwsJson11DeserializeIgnoreType", EXTRA),
    client("AwsJson11StructuresDontDeserializeNullValues", NULLS),
    client("AwsJson10FooErrorUsingXAmznErrorType", OLD_ERROR),
    client("AwsJson10FooErrorUsingXAmznErrorTypeWithUri", OLD_ERROR),
    client("AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace", OLD_ERROR),
    client("AwsJson10FooErrorUsingCode", OLD_ERROR),
    client("AwsJson10FooErrorUsingCodeAndNamespace", OLD_ERROR),
    client("AwsJson10FooErrorUsingCodeUriAndNamespace", OLD_ERROR),
    client("AwsJson10FooErrorWithDunderTypeUriAndNamespace", OLD_ERROR),
    client("AwsJson10DeserializeIgnoreType", EXTRA),
    client("AwsJson10DeserializeAllowNulls", NULLS),
    client("AwsJson10HandlesUnexpectedJsonOutput", EXTRA),
    client("AwsQueryDateTimeWithNegativeOffset", OFFSET),
    client("AwsQueryDateTimeWithPositiveOffset", OFFSET),
    skip("QueryXmlLists", FLAT),
    client("RestJsonDateTimeWithNegativeOffset", OFFSET),
    client("RestJsonDateTimeWithPositiveOffset", OFFSET),
    client("RestJsonFooErrorUsingXAmznErrorTypeWithUri", OLD_ERROR),
    client("RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace", OLD_ERROR),
    client("RestJsonFooErrorUsingCode", OLD_ERROR),
    client("RestJsonFooErrorUsingCodeAndNamespace", OLD_ERROR),
    client("RestJsonFooErrorUsingCodeUriAndNamespace", OLD_ERROR),
    client("RestJsonFooErrorWithDunderType", OLD_ERROR),
    client("RestJsonFooErrorWithDunderTypeAndNamespace", OLD_ERROR),
    client("RestJsonFooErrorWithDunderTypeUriAndNamespace", OLD_ERROR),
    client("RestJsonDeserializesDenseSetMapAndSkipsNull", NULLS),
    client("RestJsonDeserializeIgnoreType", EXTRA),
    client("RestJsonDoesntDeserializeNullStructureValues", NULLS),
    client("RestXmlDateTimeWithNegativeOffset", OFFSET),
    client("RestXmlDateTimeWithPositiveOffset", OFFSET),
    client("InvalidGreetingError", EXTRA),
    client("ComplexError", MESSAGE),
    client("SimpleScalarPropertiesWithXMLPreamble", EXTRA),
    skip("output-rest-xml:XmlLists", FLAT),
    client("RpcV2CborDeserializesDenseSetMapAndSkipsNull", NULLS),
];

pub(super) fn find(file: &str, id: &str) -> Option<&'static Exception> {
    ALL.iter().find(|e| match e.id.split_once(':') {
        Some((wanted, own)) => own == id && file.strip_suffix(".json") == Some(wanted),
        None => e.id == id,
    })
}
