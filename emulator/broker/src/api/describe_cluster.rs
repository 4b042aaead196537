//! DescribeCluster: the one broker.

use crate::{
    auth::Resource,
    call::{Call, text},
    shared::NODE,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse, describe_cluster_response::DescribeClusterBroker},
};

pub(super) async fn answer(call: &Call<'_>, request: DescribeClusterRequest) -> DescribeClusterResponse {
    if !call.may("DescribeCluster", Resource::Cluster) {
        return DescribeClusterResponse::default().with_error_code(E::ClusterAuthorizationFailed.code());
    }
    // Controllers are not reached from outside.
    if call.version >= 1 && request.endpoint_type != 1 {
        return DescribeClusterResponse::default().with_error_code(E::MismatchedEndpointType.code());
    }
    let broker = DescribeClusterBroker::default()
        .with_broker_id(BrokerId(NODE))
        .with_host(text(call.listener.host.as_str()))
        .with_port(call.listener.port.into());
    DescribeClusterResponse::default()
        .with_cluster_id(text(call.broker.cluster_id()))
        .with_controller_id(BrokerId(NODE))
        .with_brokers(vec![broker])
}
