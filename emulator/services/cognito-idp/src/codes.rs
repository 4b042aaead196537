//! Codes and messages: to which address they go, in whose words, and whether one that comes back is right.

use crate::{
    Error,
    inbox::{self, Message},
    model::*,
    names::Desk,
    state::*,
};
use kit::{Context, Fault, Tx};

/// Wrong tries before a code is locked until the next one is asked for.
pub(crate) const MOST_WRONG: u32 = 5;
const HOUR_SECS: i64 = 3600;

/// Where a message goes: `email` or `phone_number`, and the address.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub attribute: &'static str,
    pub address: String,
}

impl Channel {
    pub fn of(user: &User, attribute: &'static str) -> Option<Channel> {
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

/// Words of a message that a function of the pool wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub email: Option<String>,
    pub subject: Option<String>,
    pub sms: Option<String>,
    /// A link that does what the code does once the code is behind it, where a link is sent in the code's place.
    pub link: Option<String>,
}

/// Whether a sign-up is confirmed by a link.
pub(crate) fn by_link(pool: &Pool, channel: &Channel) -> bool {
    let option = pool.settings.verification_message_template.as_ref().and_then(|t| t.default_email_option);
    option == Some(DefaultEmailOptionType::ConfirmWithLink) && channel.medium() == DeliveryMediumType::Email
}

/// A message that went out.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// `EMAIL` or `SMS`.
    pub medium: String,
    pub code: String,
}

/// Gives the user a fresh code and sends it; the caller keeps the user.
#[allow(clippy::too_many_arguments)]
pub(crate) fn send(
    cx: &Context,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &mut User,
    purpose: CodePurpose,
    channel: &Channel,
    pending: Option<String>,
    texts: &Texts,
) -> Result<Sent, Fault> {
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
    let words = match channel.medium() {
        DeliveryMediumType::Email if texts.link.is_some() => Words {
            subject: template.and_then(|t| t.email_subject_by_link.clone()),
            text: template.and_then(|t| t.email_message_by_link.clone()),
            default: ("Your verification link", "Please click the link below to verify your email address. {##Verify Email##}"),
        },
        DeliveryMediumType::Email => Words {
            subject: settings.email_verification_subject.clone(),
            text: settings.email_verification_message.clone(),
            default: ("Your verification code", "Your confirmation code is {####}"),
        },
        DeliveryMediumType::Sms => Words {
            subject: None,
            text: template.and_then(|t| t.sms_message.clone()).or(settings.sms_verification_message.clone()),
            default: ("", "Your verification code is {####}"),
        },
    };
    put(cx, tx, pool, user, name, channel, words, texts, &code)
}

/// Sends a code for a sign-in that is under way; the code, which the caller keeps with the sign-in.
pub(crate) async fn send_login_code(desk: &Desk, user: &User, channel: &Channel) -> Result<String, Fault> {
    let (cx, pool) = (&desk.cx, &desk.pool);
    let texts = desk.who().message("Authentication", user).await?;
    let code = cx.ids().text(6, "0123456789");
    let words = match channel.medium() {
        DeliveryMediumType::Email => {
            let own = pool.mfa.email_mfa_configuration.clone().unwrap_or_default();
            Words { subject: own.subject, text: own.message, default: ("Your authentication code", "Your authentication code is {####}.") }
        }
        DeliveryMediumType::Sms => {
            let own = pool.mfa.sms_mfa_configuration.as_ref().and_then(|c| c.sms_authentication_message.clone());
            let text = own.or(pool.settings.sms_authentication_message.clone());
            Words { subject: None, text, default: ("", "Your authentication code is {####}.") }
        }
    };
    let sent = cx.store().write(|tx| put(cx, tx, pool, user, "Authentication", channel, words, &texts, &code)).await?;
    desk.who().send("Authentication", user, &sent).await?;
    Ok(code)
}

/// Sends an invitation with a temporary password by every medium that was asked for and that the user has.
pub(crate) fn invite(
    cx: &Context,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    mediums: Option<&[DeliveryMediumType]>,
    password: &str,
    texts: &Texts,
) -> Result<Vec<Sent>, Fault> {
    let template = pool.settings.admin_create_user_config.as_ref().and_then(|c| c.invite_message_template.clone()).unwrap_or_default();
    let default = "Your username is {username} and temporary password is {####}.";
    let mut sent = Vec::new();
    for attribute in ["email", "phone_number"] {
        let Some(channel) = Channel::of(user, attribute) else { continue };
        if mediums.is_some_and(|mediums| !mediums.contains(&channel.medium())) {
            continue;
        }
        let words = match channel.medium() {
            DeliveryMediumType::Email => Words {
                subject: template.email_subject.clone(),
                text: template.email_message.clone(),
                default: ("Your temporary password", default),
            },
            DeliveryMediumType::Sms => Words { subject: None, text: template.sms_message.clone(), default: ("", default) },
        };
        sent.push(put(cx, tx, pool, user, "Invitation", &channel, words, texts, password)?);
    }
    Ok(sent)
}

/// The pool's words for a message, and AWS's.
struct Words {
    subject: Option<String>,
    text: Option<String>,
    default: (&'static str, &'static str),
}

#[allow(clippy::too_many_arguments)]
fn put(
    cx: &Context,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    purpose: &str,
    channel: &Channel,
    words: Words,
    texts: &Texts,
    code: &str,
) -> Result<Sent, Fault> {
    // In pools of addresses people know the address, not the user name, which is the sub.
    let shown = if pool.username_attributes().is_empty() { &user.username } else { &channel.address };
    let (own_text, own_subject) = match channel.medium() {
        DeliveryMediumType::Email => (&texts.email, &texts.subject),
        DeliveryMediumType::Sms => (&texts.sms, &None),
    };
    let text = own_text.clone().or(words.text).unwrap_or_else(|| words.default.1.into());
    let medium = channel.medium().as_str();
    let message = Message {
        purpose: purpose.into(),
        medium: medium.into(),
        destination: channel.address.clone(),
        subject: own_subject.clone().or(words.subject).unwrap_or_else(|| words.default.0.into()),
        message: linked(&text, texts.link.as_deref(), code).replace("{####}", code).replace("{username}", shown),
        code: code.into(),
        ..Message::default()
    };
    inbox::put(cx, tx, pool, user, message)?;
    Ok(Sent { medium: medium.into(), code: code.into() })
}

/// The text with `{##Words##}` as a link of these words.
fn linked(text: &str, link: Option<&str>, code: &str) -> String {
    let Some(link) = link else { return text.to_owned() };
    let parts = text.split_once("{##").and_then(|(before, rest)| Some((before, rest.split_once("##}")?)));
    match parts {
        Some((before, (words, after))) if !words.is_empty() => {
            format!("{before}<a href=\"{}&amp;confirmation_code={code}\">{words}</a>{after}", link.replace('&', "&amp;"))
        }
        _ => text.to_owned(),
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
    if !bool::from(subtle::ConstantTimeEq::ct_eq(there.code.as_bytes(), code.as_bytes())) {
        there.wrong += 1;
        return Err(mismatch());
    }
    Ok(user.codes.remove(at))
}

/// Whether a code for a purpose is out and still good.
pub(crate) fn waits(cx: &Context, user: &User, purpose: CodePurpose) -> bool {
    user.codes.iter().any(|c| c.purpose == purpose && c.expires > cx.now())
}

/// The fault for a wrong code.
pub(crate) fn mismatch() -> Fault {
    Error::CodeMismatch.says("Invalid verification code provided, please try again.")
}

/// `a***@e***` and `+*******0100`.
fn mask(address: &str) -> String {
    let first = |text: &str| text.chars().next().unwrap_or('*');
    match address.split_once('@') {
        Some((local, domain)) => format!("{}***@{}***", first(local), first(domain)),
        None => {
            // An old row may hold what another provider said: by characters, not by bytes.
            let last = address.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
            format!("+*******{}", &address[last..])
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_stands_where_its_words_stood() {
        let linked = |text: &str| super::linked(text, Some("http://d/confirmUser?a=1&b=2"), "77");
        assert_eq!(linked("Hi {##click##}!"), "Hi <a href=\"http://d/confirmUser?a=1&amp;b=2&amp;confirmation_code=77\">click</a>!");
        assert_eq!(linked("Say {####}"), "Say {####}");
    }

    #[test]
    fn addresses_are_masked_as_aws_masks_them() {
        assert_eq!(super::mask("ann@example.com"), "a***@e***");
        assert_eq!(super::mask("+15550100"), "+*******0100");
        assert_eq!(super::mask("1é€"), "+*******1é€");
    }
}
