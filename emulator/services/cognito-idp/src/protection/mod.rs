//! Threat protection, as far as it goes: in audit mode a pool lists what its users do. Risks are not assessed, so that what a pool wants done
//! about them is kept and has no effect, and a pool that wants them enforced is refused (`pool_settings.rs`).

mod events;

pub(crate) use events::{EVENTS, Happened, forget_all, note};

use crate::{CognitoIdp, Error, model::*, state::*};
use kit::{Access, Authorize, Context, Fault, Read, Table, TableScope};
use serde::{Deserialize, Serialize};

/// Risk configurations by pool and client; the pool's own has no client (an empty text).
pub(crate) const RISKS: Table<(String, String), Risk> = Table::new("cognito-idp.risk-configurations", TableScope::Region);

/// What a pool or a client wants done about risks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Risk {
    #[serde(with = "wire::kept")]
    settings: RiskConfigurationType,
}

/// Whether a pool lists what its users do.
pub(crate) fn audits(pool: &Pool) -> bool {
    let mode = pool.settings.user_pool_add_ons.as_ref().and_then(|add_ons| add_ons.advanced_security_mode);
    mode.is_some_and(|mode| mode != AdvancedSecurityModeType::Off)
}

/// A pool with threat protection, or AWS's fault.
fn protected(read: &impl Read, cx: &Context, pool_id: &str) -> Result<Pool, Fault> {
    let pool = pool(read, cx.scope(), pool_id)?;
    match audits(&pool) {
        true => Ok(pool),
        false => Err(Error::UserPoolAddOnNotEnabled.says("Threat protection is not enabled for this user pool.")),
    }
}

impl CognitoIdp {
    /// Keeps what a pool, or one of its clients, wants done about risks.
    pub async fn set_risk_configuration(
        &self,
        cx: &Context,
        input: SetRiskConfigurationInput,
    ) -> Result<SetRiskConfigurationOutput, Fault> {
        let key = (input.user_pool_id.clone(), input.client_id.clone().unwrap_or_default());
        let settings = RiskConfigurationType {
            user_pool_id: Some(input.user_pool_id),
            client_id: input.client_id,
            compromised_credentials_risk_configuration: input.compromised_credentials_risk_configuration,
            account_takeover_risk_configuration: input.account_takeover_risk_configuration,
            risk_exception_configuration: input.risk_exception_configuration,
            last_modified_date: Some(cx.now()),
        };
        cx.warn("a risk configuration is kept: no risk is assessed here, so nothing is ever blocked or told for one");
        cx.store()
            .write(|tx| {
                let pool = protected(tx, cx, &key.0)?;
                if !key.1.is_empty() {
                    client(tx, cx.scope(), &pool.id, &key.1)?;
                }
                tx.put(&RISKS, cx.scope(), &key, &Risk { settings: settings.clone() })
            })
            .await?;
        Ok(SetRiskConfigurationOutput { risk_configuration: Some(settings) })
    }

    /// What a pool or a client wants done about risks; a client that has said nothing has the pool's.
    pub async fn describe_risk_configuration(
        &self,
        cx: &Context,
        input: DescribeRiskConfigurationInput,
    ) -> Result<DescribeRiskConfigurationOutput, Fault> {
        let wanted = input.client_id.clone().unwrap_or_default();
        let found = cx.store().read(|s| {
            let pool = protected(s, cx, &input.user_pool_id)?;
            match s.get(&RISKS, cx.scope(), &(pool.id.clone(), wanted))? {
                Some(own) => Ok(Some(own)),
                None => s.get(&RISKS, cx.scope(), &(pool.id, String::new())),
            }
        })?;
        let settings = found.map(|risk| risk.settings).unwrap_or_default();
        let named = RiskConfigurationType { user_pool_id: Some(input.user_pool_id), client_id: input.client_id, ..settings };
        Ok(DescribeRiskConfigurationOutput { risk_configuration: Some(named) })
    }
}

macro_rules! on_pool {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<CognitoIdp> for $input {
            fn access(&self, _: &CognitoIdp, cx: &Context) -> Access {
                Access::on($action, arn(cx.scope(), &self.user_pool_id))
            }
        }
    )*};
}
on_pool! {
    SetRiskConfigurationInput: "cognito-idp:SetRiskConfiguration";
    DescribeRiskConfigurationInput: "cognito-idp:DescribeRiskConfiguration";
    AdminListUserAuthEventsInput: "cognito-idp:AdminListUserAuthEvents";
    AdminUpdateAuthEventFeedbackInput: "cognito-idp:AdminUpdateAuthEventFeedback";
}
