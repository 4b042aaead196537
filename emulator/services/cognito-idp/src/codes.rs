//! Codes and messages: what Cognito would send by mail or SMS lies in an inbox that people and tests can read.

use crate::{Error, model::*, state::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// Messages of all pools in the order they were sent.
pub(crate) const MESSAGES: Table<u64, Message> = Table::new("cognito-idp.messages", TableScope::Global);
/// How many messages are kept.
const INBOX: u64 = 1000;
/// Wrong tries before a code is locked until the next one is asked for.
const MOST_WRONG: u32 = 5;
const HOUR_SECS: i64 = 3600;

/// A message that was sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    pub sent: Timestamp,
    pub account: String,
    pub region: String,
    pub pool_id: String,
    pub username: String,
    pub sub: String,
    /// `SignUp`, `ForgotPassword`, `Attribute` or `Invitation`.
    pub purpose: String,
    /// `EMAIL` or `SMS`.
    pub medium: String,
    /// The address, unmasked.
    pub destination: String,
    pub subject: String,
    pub message: String,
    /// The code, or the temporary password of an invitation.
    pub code: String,
}

/// Where a message goes: `email` or `phone_number`, and the address.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub attribute: &'static str,
    pub address: String,
}

impl Channel {
    fn of(user: &User, attribute: &'static str) -> Option<Channel> {
        let address = user.attributes.get(attribute).filter(|a| !a.is_empty())?;
        Some(Channel { attribute, address: address.clone() })
    }
    fn medium(&self) -> DeliveryMediumType {
        if self.attribute == "email" { DeliveryMediumType::Email } else { DeliveryMediumType::Sms }
    }
    /// As answers describe it.
    pub fn details(&self) -> CodeDeliveryDetailsType {
        CodeDeliveryDetailsType {
            destination: Some(mask(&self.address)),
            delivery_medium: Some(self.medium()),
            attribute_name: Some(self.attribute.into()),
        }
    }
}

/// Where the code of a sign-up goes: to the phone, if the pool verifies phones and there is one, else to the mailbox.
pub(crate) fn sign_up_channel(pool: &Pool, user: &User) -> Option<Channel> {
    let verifies = |attribute: &str| pool.auto_verified().iter().any(|a| a.as_str() == attribute);
    ["phone_number", "email"].into_iter().filter(|a| verifies(a)).find_map(|a| Channel::of(user, a))
}

/// Where the code of a forgotten password goes: a verified address in the order of the pool's recovery setting.
pub(crate) fn recovery_channel(pool: &Pool, user: &User) -> Result<Channel, Fault> {
    let setting = pool.settings.account_recovery_setting.as_ref().and_then(|s| s.recovery_mechanisms.clone());
    let mut mechanisms = setting.unwrap_or_else(|| {
        let option = |priority, name| RecoveryOptionType { priority, name: Some(name) };
        vec![option(1, RecoveryOptionNameType::VerifiedPhoneNumber), option(2, RecoveryOptionNameType::VerifiedEmail)]
    });
    mechanisms.sort_by_key(|m| m.priority);
    for mechanism in mechanisms {
        let attribute = match mechanism.name {
            Some(RecoveryOptionNameType::AdminOnly) => return Err(not_authorized("Contact administrator to reset password.")),
            Some(RecoveryOptionNameType::VerifiedPhoneNumber) => "phone_number",
            _ => "email",
        };
        if let Some(channel) = Channel::of(user, attribute).filter(|_| user.is_verified(attribute)) {
            return Ok(channel);
        }
    }
    Err(bad("Cannot reset password for the user as there is no registered/verified email or phone_number"))
}

/// Where the code that proves an attribute goes; `address` is the new value where that waits.
pub(crate) fn attribute_channel(attribute: &str, address: String) -> Option<Channel> {
    let attribute = ["email", "phone_number"].into_iter().find(|a| *a == attribute)?;
    (!address.is_empty()).then_some(Channel { attribute, address })
}

/// Gives the user a fresh code and sends it; the caller keeps the user.
pub(crate) fn send(
    cx: &Context,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &mut User,
    purpose: CodePurpose,
    channel: &Channel,
    pending: Option<String>,
) -> Result<(), Fault> {
    let code = cx.ids().text(6, "0123456789");
    let life_secs = if purpose == CodePurpose::Password { HOUR_SECS } else { 24 * HOUR_SECS };
    user.codes.retain(|c| c.purpose != purpose || (purpose == CodePurpose::Attribute && c.attribute != channel.attribute));
    user.codes.push(Code {
        purpose,
        code: code.clone(),
        expires: cx.now().plus_ns(seconds(life_secs)),
        wrong: 0,
        attribute: channel.attribute.into(),
        pending,
    });
    let name = match purpose {
        CodePurpose::SignUp => "SignUp",
        CodePurpose::Password => "ForgotPassword",
        CodePurpose::Attribute => "Attribute",
    };
    let settings = &pool.settings;
    let template = settings.verification_message_template.as_ref();
    let (subject, text) = match channel.medium() {
        DeliveryMediumType::Email => (
            settings.email_verification_subject.as_deref().unwrap_or("Your verification code"),
            settings.email_verification_message.as_deref().unwrap_or("Your confirmation code is {####}"),
        ),
        DeliveryMediumType::Sms => {
            let text = template.and_then(|t| t.sms_message.as_deref()).or(settings.sms_verification_message.as_deref());
            ("", text.unwrap_or("Your verification code is {####}"))
        }
    };
    put(cx, tx, pool, user, name, channel, (subject, text), &code)
}

/// Sends an invitation with a temporary password by every medium that was asked for and that the user has.
pub(crate) fn invite(
    cx: &Context,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    mediums: Option<&[DeliveryMediumType]>,
    password: &str,
) -> Result<(), Fault> {
    let template = pool.settings.admin_create_user_config.as_ref().and_then(|c| c.invite_message_template.clone()).unwrap_or_default();
    let default = "Your username is {username} and temporary password is {####}.";
    for attribute in ["email", "phone_number"] {
        let Some(channel) = Channel::of(user, attribute) else { continue };
        if mediums.is_some_and(|mediums| !mediums.contains(&channel.medium())) {
            continue;
        }
        let (subject, text) = match channel.medium() {
            DeliveryMediumType::Email => {
                (template.email_subject.as_deref().unwrap_or("Your temporary password"), template.email_message.as_deref())
            }
            DeliveryMediumType::Sms => ("", template.sms_message.as_deref()),
        };
        put(cx, tx, pool, user, "Invitation", &channel, (subject, text.unwrap_or(default)), password)?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn put(
    cx: &Context,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    purpose: &str,
    channel: &Channel,
    (subject, text): (&str, &str),
    code: &str,
) -> Result<(), Fault> {
    // In pools of addresses people know the address, not the user name, which is the sub.
    let shown = if pool.username_attributes().is_empty() { &user.username } else { &channel.address };
    let message = Message {
        sent: cx.now(),
        account: cx.account().into(),
        region: cx.region().into(),
        pool_id: pool.id.clone(),
        username: user.username.clone(),
        sub: user.sub.clone(),
        purpose: purpose.into(),
        medium: channel.medium().as_str().into(),
        destination: channel.address.clone(),
        subject: subject.into(),
        message: text.replace("{####}", code).replace("{username}", shown),
        code: code.into(),
    };
    let seq = tx.next_seq("cognito-idp.messages");
    tx.put(&MESSAGES, cx.scope(), &seq, &message)?;
    match seq.checked_sub(INBOX) {
        Some(old) => tx.delete(&MESSAGES, cx.scope(), &old).map(drop),
        None => Ok(()),
    }
}

/// Takes the user's code if it is the right one. A wrong try is counted in `user`: the caller keeps the user either way.
pub(crate) fn redeem(cx: &Context, user: &mut User, purpose: CodePurpose, attribute: Option<&str>, code: &str) -> Result<Code, Fault> {
    let at = user.codes.iter().position(|c| c.purpose == purpose && attribute.is_none_or(|a| c.attribute == a));
    let at = at.ok_or_else(|| Error::ExpiredCode.says("Invalid code provided, please request a code again."))?;
    let there = &mut user.codes[at];
    if there.wrong >= MOST_WRONG {
        return Err(Error::LimitExceeded.says("Attempt limit exceeded, please try after some time."));
    }
    if there.expires <= cx.now() {
        return Err(Error::ExpiredCode.says("Invalid code provided, please request a code again."));
    }
    if there.code != code {
        there.wrong += 1;
        return Err(mismatch());
    }
    Ok(user.codes.remove(at))
}

/// The fault for a wrong code.
pub(crate) fn mismatch() -> Fault {
    Error::CodeMismatch.says("Invalid verification code provided, please try again.")
}

/// Messages of a deleted pool go with it.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, pool_id: &str) -> Result<(), Fault> {
    let rows: Vec<(u64, Message)> = tx.scan(&MESSAGES, scope).collect::<Result<_, _>>()?;
    let mine = rows.iter().filter(|(_, m)| m.pool_id == pool_id);
    mine.map(|(seq, _)| *seq).try_for_each(|seq| tx.delete(&MESSAGES, scope, &seq).map(drop))
}

/// `a***@e***` and `+*******0100`.
fn mask(address: &str) -> String {
    let first = |text: &str| text.chars().next().unwrap_or('*');
    match address.split_once('@') {
        Some((local, domain)) => format!("{}***@{}***", first(local), first(domain)),
        None => format!("+*******{}", &address[address.len().saturating_sub(4)..]),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_are_masked_as_aws_masks_them() {
        assert_eq!(super::mask("ann@example.com"), "a***@e***");
        assert_eq!(super::mask("+15550100"), "+*******0100");
    }
}
