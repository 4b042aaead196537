//! What web ACLs protect: stages of API Gateway and user pools of Cognito. Resources of other services are refused by name.

use crate::{Wafv2, check, model::*, state};
use kit::{Arn, Context, Fault, Read};

impl Wafv2 {
    /// Puts a resource under a web ACL, in the place of the one that it had.
    pub async fn associate_web_acl(&self, cx: &Context, input: AssociateWebACLInput) -> Result<AssociateWebACLOutput, Fault> {
        resource(cx, &input.resource_arn)?;
        cx.store()
            .write(|tx| {
                state::web_acl_by_arn(tx, cx.scope(), &input.web_acl_arn)?.ok_or_else(check::nonexistent)?;
                tx.put(&state::ASSOCIATIONS, cx.scope(), &input.resource_arn, &input.web_acl_arn)
            })
            .await?;
        Ok(AssociateWebACLOutput {})
    }

    /// Takes a resource from its web ACL.
    pub async fn disassociate_web_acl(&self, cx: &Context, input: DisassociateWebACLInput) -> Result<DisassociateWebACLOutput, Fault> {
        kind_of(&input.resource_arn)?;
        let gone = cx.store().write(|tx| tx.delete(&state::ASSOCIATIONS, cx.scope(), &input.resource_arn)).await?;
        // A resource that is there and under no web ACL is fine; one that was never there is not.
        if gone.is_none() {
            resource(cx, &input.resource_arn)?;
        }
        Ok(DisassociateWebACLOutput {})
    }

    /// The web ACL of a resource; none is no fault.
    pub async fn get_web_acl_for_resource(
        &self,
        cx: &Context,
        input: GetWebACLForResourceInput,
    ) -> Result<GetWebACLForResourceOutput, Fault> {
        resource(cx, &input.resource_arn)?;
        let web_acl = cx.store().read(|s| match s.get(&state::ASSOCIATIONS, cx.scope(), &input.resource_arn)? {
            Some(arn) => Ok::<_, Fault>(state::web_acl_by_arn(s, cx.scope(), &arn)?.map(|row| row.acl)),
            None => Ok(None),
        })?;
        Ok(GetWebACLForResourceOutput { web_acl })
    }

    /// Resources under a web ACL; of load balancers unless another type is asked for, as on AWS.
    pub async fn list_resources_for_web_acl(
        &self,
        cx: &Context,
        input: ListResourcesForWebACLInput,
    ) -> Result<ListResourcesForWebACLOutput, Fault> {
        let kind = input.resource_type.unwrap_or(ResourceType::ApplicationLoadBalancer);
        cx.store().read(|s| state::web_acl_by_arn(s, cx.scope(), &input.web_acl_arn)?.ok_or_else(check::nonexistent))?;
        let found = of(cx, &input.web_acl_arn)?;
        let resource_arns = found.into_iter().filter(|arn| kind_of(arn).is_ok_and(|k| k == kind)).collect();
        Ok(ListResourcesForWebACLOutput { resource_arns: Some(resource_arns) })
    }
}

/// Resources of a web ACL that still exist: a pool or stage that was deleted takes its association with it. Services are asked outside any
/// view of the store, for they look into it themselves.
pub(crate) fn of(cx: &Context, acl_arn: &str) -> Result<Vec<String>, Fault> {
    let rows = cx.store().read(|s| s.scan(&state::ASSOCIATIONS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
    let mine = rows.into_iter().filter(|(_, acl)| acl == acl_arn).map(|(resource, _)| resource);
    Ok(mine.filter(|resource| is_there(cx, resource)).collect())
}

fn is_there(cx: &Context, resource_arn: &str) -> bool {
    cx.cloud().services().iter().any(|service| service.is_guarded(cx, resource_arn))
}

/// A resource that exists and that a web ACL may protect here.
fn resource(cx: &Context, arn: &str) -> Result<(), Fault> {
    kind_of(arn)?;
    if is_there(cx, arn) { Ok(()) } else { Err(check::nonexistent()) }
}

/// The type of a resource.
pub(crate) fn kind_of(arn: &str) -> Result<ResourceType, Fault> {
    let invalid = || {
        check::invalid(
            "RESOURCE_ARN",
            arn,
            "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes.",
        )
    };
    let parsed = Arn::parse(arn).ok_or_else(invalid)?;
    match parsed.service {
        "apigateway" if parsed.resource.starts_with("/restapis/") => Ok(ResourceType::ApiGateway),
        "cognito-idp" if parsed.resource.starts_with("userpool/") => Ok(ResourceType::CognitoUserPool),
        "elasticloadbalancing" | "appsync" | "apprunner" | "ec2" | "amplify" | "bedrock-agentcore" => {
            Err(check::not_implemented(&format!("web ACLs for resources of {}", parsed.service)))
        }
        _ => Err(invalid()),
    }
}
