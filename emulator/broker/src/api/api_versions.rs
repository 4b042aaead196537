//! ApiVersions: what this broker offers.

use super::OFFERED;
use crate::call::Call;
use kafka_protocol::{
    ResponseError,
    messages::{ApiVersionsRequest, ApiVersionsResponse, api_versions_response::ApiVersion},
};

pub(super) async fn answer(_: &Call<'_>, _: ApiVersionsRequest) -> ApiVersionsResponse {
    offered()
}

/// The answer to a version that isn't offered; the client asks again with one that is.
pub fn unsupported() -> ApiVersionsResponse {
    offered().with_error_code(ResponseError::UnsupportedVersion.code())
}

fn offered() -> ApiVersionsResponse {
    let each = |o: &super::Offered| ApiVersion::default().with_api_key(o.key as i16).with_min_version(o.min).with_max_version(o.max);
    let mut keys: Vec<ApiVersion> = OFFERED.iter().map(each).collect();
    keys.sort_by_key(|key| key.api_key);
    ApiVersionsResponse::default().with_api_keys(keys)
}
