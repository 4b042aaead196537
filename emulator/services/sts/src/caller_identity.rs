//! Who is calling: never refused to anyone who signed.

use crate::{Sts, model::*};
use kit::{Access, Authorize, Context, Fault, Principal};

impl Sts {
    /// Account, id and ARN of the caller.
    pub async fn get_caller_identity(&self, cx: &Context, _: GetCallerIdentityInput) -> Result<GetCallerIdentityOutput, Fault> {
        if *cx.principal() == Principal::Anonymous {
            return Err(Fault::new("MissingAuthenticationToken", 403, "Request is missing Authentication Token"));
        }
        let (principal, account) = (cx.principal(), cx.principal().account().unwrap_or(cx.account()).to_owned());
        Ok(GetCallerIdentityOutput { user_id: Some(principal.user_id()), account: Some(account), arn: Some(principal.arn()) })
    }

    /// The account of a key that is known here.
    pub async fn get_access_key_info(&self, cx: &Context, input: GetAccessKeyInfoInput) -> Result<GetAccessKeyInfoOutput, Fault> {
        let key = cx.cloud().access_key(&input.access_key_id);
        let account = key.and_then(|key| key.principal.account().map(str::to_owned));
        let unknown = || Fault::new("ValidationError", 400, format!("The access key {} is not known to this cloud.", input.access_key_id));
        Ok(GetAccessKeyInfoOutput { account: Some(account.ok_or_else(unknown)?) })
    }
}

impl Authorize<Sts> for GetCallerIdentityInput {
    fn access(&self, _: &Sts, _: &Context) -> Access {
        Access::Public
    }
}
impl Authorize<Sts> for GetAccessKeyInfoInput {
    fn access(&self, _: &Sts, _: &Context) -> Access {
        Access::any("sts:GetAccessKeyInfo")
    }
}
