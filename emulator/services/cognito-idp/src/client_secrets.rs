//! Secrets of a client: two at most, so that one can be exchanged for the other without a gap.

use crate::{CognitoIdp, Error, model::*, state::*};
use kit::{Context, Fault, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// AWS's limit.
const MOST_SECRETS: usize = 2;

/// A secret of a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ClientSecret {
    pub id: String,
    pub value: String,
    pub created: Timestamp,
}

impl ClientSecret {
    /// A secret of a client; drawn where none is given.
    pub fn new(cx: &Context, client_id: &str, given: Option<String>) -> ClientSecret {
        let value = given.unwrap_or_else(|| cx.ids().lower(52));
        ClientSecret { id: format!("{client_id}--{}", cx.now().millis()), value, created: cx.now() }
    }
    fn described(&self, with_value: bool) -> ClientSecretDescriptorType {
        ClientSecretDescriptorType {
            client_secret_id: Some(self.id.clone()),
            client_secret_value: with_value.then(|| self.value.clone()),
            client_secret_create_date: Some(self.created),
        }
    }
}

impl CognitoIdp {
    /// Gives a client a second secret; both count from now on.
    pub async fn add_user_pool_client_secret(
        &self,
        cx: &Context,
        input: AddUserPoolClientSecretInput,
    ) -> Result<AddUserPoolClientSecretOutput, Fault> {
        let made = change(cx, &input.user_pool_id, &input.client_id, |_, client| {
            if client.secrets.is_empty() {
                return Err(bad("The client has no secret: it was made as a public client."));
            }
            if client.secrets.len() >= MOST_SECRETS {
                return Err(Error::LimitExceeded.says(format!("A client can have at most {MOST_SECRETS} secrets.")));
            }
            let mut made = ClientSecret::new(cx, &input.client_id, input.client_secret.clone());
            while client.secrets.iter().any(|s| s.id == made.id) {
                made.id.push('1');
            }
            client.secrets.push(made.clone());
            Ok(made)
        })
        .await?;
        Ok(AddUserPoolClientSecretOutput { client_secret_descriptor: Some(made.described(input.client_secret.is_none())) })
    }

    /// Secrets of a client, without their values.
    pub async fn list_user_pool_client_secrets(
        &self,
        cx: &Context,
        input: ListUserPoolClientSecretsInput,
    ) -> Result<ListUserPoolClientSecretsOutput, Fault> {
        let client = cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            client(s, cx.scope(), &input.user_pool_id, &input.client_id)
        })?;
        if input.next_token.is_some() {
            return Err(crate::pools::bad_token());
        }
        let listed = client.secrets.iter().map(|s| s.described(false)).collect();
        Ok(ListUserPoolClientSecretsOutput { client_secrets: Some(listed), next_token: None })
    }

    /// Takes a secret away; the last one stays.
    pub async fn delete_user_pool_client_secret(
        &self,
        cx: &Context,
        input: DeleteUserPoolClientSecretInput,
    ) -> Result<DeleteUserPoolClientSecretOutput, Fault> {
        change(cx, &input.user_pool_id, &input.client_id, |_, client| {
            let at = client.secrets.iter().position(|s| s.id == input.client_secret_id);
            let at = at.ok_or_else(|| Error::ResourceNotFound.says("Client secret does not exist."))?;
            if client.secrets.len() == 1 {
                return Err(bad("The last secret of a client cannot be deleted."));
            }
            client.secrets.remove(at);
            Ok(())
        })
        .await?;
        Ok(DeleteUserPoolClientSecretOutput {})
    }
}

async fn change<R>(
    cx: &Context,
    pool_id: &str,
    client_id: &str,
    f: impl FnOnce(&mut Tx<'_>, &mut Client) -> Result<R, Fault>,
) -> Result<R, Fault> {
    cx.store()
        .write(|tx| {
            pool(tx, cx.scope(), pool_id)?;
            let mut client = client(tx, cx.scope(), pool_id, client_id)?;
            let result = f(tx, &mut client)?;
            client.settings.client_secret = client.secrets.first().map(|s| s.value.clone());
            tx.put(&CLIENTS, cx.scope(), &(pool_id.to_owned(), client_id.to_owned()), &client)?;
            Ok(result)
        })
        .await
}
