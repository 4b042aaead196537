//! The device as a factor: one that is known proves itself by SRP with the secret it was given, and may spare the second factor.

use super::{Course, Opened, Parameters, Proofs, Proven, Session, Step, parameters, required, sessions, srp_flow, wrong};
use crate::{CognitoIdp, devices, model::*, names::Desk, seal, srp, state::*};
use kit::{Fault, Read};

impl CognitoIdp {
    /// Whether a remembered device takes the place of the second factor.
    pub(super) fn spares_second_factor(&self, desk: &Desk, user: &User, course: &Course) -> Result<bool, Fault> {
        let spares = desk.pool.settings.device_configuration.as_ref().is_some_and(|c| c.challenge_required_on_new_device == Some(true));
        Ok(spares && self.device_of(desk, user, course)?.is_some_and(|device| device.remembered))
    }

    /// Goes on once all factors but the device are proved.
    pub(crate) async fn after_factors(&self, desk: &Desk, user: User, course: &Course) -> Result<Step, Fault> {
        match self.device_of(desk, &user, course)? {
            None => {
                let source = if course.source.is_empty() { "Authentication" } else { &course.source };
                proven(desk, user, None, source, course.proofs).await
            }
            Some(device) => {
                let mut session = Session::new(desk, Some(&user), &user.username, course);
                session.course.device_key = Some(device.key.clone());
                let asked = parameters([("DEVICE_KEY", device.key), ("USERNAME", user.username.clone())]);
                session.ask(desk, ChallengeNameType::DeviceSrpAuth, asked).await
            }
        }
    }

    /// The confirmed device that the client says it is.
    fn device_of(&self, desk: &Desk, user: &User, course: &Course) -> Result<Option<devices::Device>, Fault> {
        let Some(key) = course.device_key.as_ref().filter(|_| desk.pool.settings.device_configuration.is_some()) else { return Ok(None) };
        let row = (desk.pool.id.clone(), user.key(&desk.pool), key.clone());
        Ok(desk.cx.store().read(|s| s.get(&devices::DEVICES, desk.cx.scope(), &row))?.filter(|d| d.verifier.is_some()))
    }

    /// The device's first number.
    pub(super) async fn device_srp(&self, desk: &Desk, opened: Opened, responses: &Parameters) -> Result<Step, Fault> {
        let a = required(responses, "SRP_A")?;
        srp::client_public(a).ok_or_else(|| bad("Invalid SRP_A"))?;
        let user = opened.user()?.clone();
        let course = opened.session.course.clone();
        let device = self.device_of(desk, &user, &course)?.filter(|d| responses.get("DEVICE_KEY") == Some(&d.key)).ok_or_else(no_device)?;
        let verifier = device.verifier.ok_or_else(no_device)?;
        opened.take(desk).await?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        let block = srp_flow::Block {
            user: Some(user.key(pool)),
            name: device.key.clone(),
            login: user.username.clone(),
            client: desk.client.id().into(),
            a: a.into(),
            nonce: cx.ids().hex(32),
            expires: sessions::end(desk),
            course,
            custom: None,
        };
        let b_public = srp::server_public(&verifier, &srp_flow::server_secret(pool, &block));
        let asked = parameters([
            ("SALT", verifier.salt_hex()),
            ("SECRET_BLOCK", seal::seal(&pool.secret, "device-srp", &block)),
            ("SRP_B", b_public.to_str_radix(16)),
            ("DEVICE_KEY", device.key),
            ("USERNAME", user.username),
        ]);
        Ok(Step::Challenge { name: ChallengeNameType::DevicePasswordVerifier, session: None, parameters: asked, available: Vec::new() })
    }

    /// The device's proof.
    pub(super) async fn device_password_verifier(&self, desk: &Desk, responses: &Parameters) -> Result<Step, Fault> {
        let (cx, pool) = (&desk.cx, &desk.pool);
        let (block, bytes) = srp_flow::open_block(desk, responses, "device-srp")?;
        let key = block.user.clone().ok_or_else(wrong)?;
        let user = cx.store().read(|s| s.get(&USERS, cx.scope(), &(pool.id.clone(), key)))?.ok_or_else(wrong)?;
        let login = &responses["USERNAME"];
        let named = cx.store().read(|s| find_user(s, cx.scope(), pool, login))?;
        if named.is_none_or(|n| n.sub != user.sub) {
            return Err(wrong());
        }
        super::standing(desk, &user)?;
        let device = self.device_of(desk, &user, &block.course)?.ok_or_else(no_device)?;
        let right = device
            .verifier
            .as_ref()
            .is_some_and(|v| srp_flow::proves(desk, &block, v, &devices::group_key(pool, &user), &bytes, responses));
        if !right {
            return Err(wrong());
        }
        srp_flow::spend(desk, &block).await?;
        devices::touch(cx, pool, &user, &device.key).await?;
        proven(desk, user, Some(device.key), "AuthenticateDevice", block.course.proofs).await
    }
}

/// The end of every flow: the trigger after a sign-in may still keep the tokens back.
async fn proven(desk: &Desk, user: User, device_key: Option<String>, source: &str, proofs: Proofs) -> Result<Step, Fault> {
    let new_device = desk.pool.settings.device_configuration.is_some() && device_key.is_none();
    desk.who().post_authentication(&user, new_device).await?;
    Ok(Step::Proven(Box::new(Proven { user, device_key, source: source.into(), proofs })))
}

fn no_device() -> Fault {
    crate::Error::ResourceNotFound.says("Device does not exist.")
}
