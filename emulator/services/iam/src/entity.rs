//! What users, groups and roles share: making, changing and removing an entity, and how it looks in an answer.

use crate::{
    Iam, documents,
    groups::members,
    model::{AttachedPermissionsBoundary, Error, Group, PermissionsBoundaryAttachmentType, Role, Tag, User},
    state::{ENTITIES, Entity, EntityKind, KEYS_OF, POLICIES, find, must_find, room_for},
};
use kit::{Access, Context, Fault, Read, Timestamp};
use std::collections::BTreeMap;

/// What a new entity is made of.
#[derive(Default)]
pub(crate) struct NewEntity {
    pub kind: EntityKind,
    pub name: String,
    pub path: Option<String>,
    pub boundary: Option<String>,
    pub tags: Option<Vec<Tag>>,
    pub trust: String,
    pub description: Option<String>,
    pub max_session_secs: i32,
}

impl Iam {
    pub(crate) async fn create_entity(&self, cx: &Context, new: NewEntity) -> Result<Entity, Fault> {
        let entity = Entity {
            kind: new.kind,
            path: checked_path(new.path)?,
            id: format!("{}{}", new.kind.id_prefix(), cx.ids().upper(17)),
            created: whole_second(cx.now()),
            tags: tags_of(new.tags)?,
            boundary: new.boundary,
            inline: BTreeMap::new(),
            attached: Default::default(),
            groups: Default::default(),
            trust: new.trust,
            description: new.description,
            max_session_secs: new.max_session_secs,
            name: new.name,
        };
        cx.store()
            .write(|tx| {
                if find(tx, cx, entity.kind, &entity.name)?.is_some() {
                    let sentence = format!("{} with name {} already exists.", entity.kind.title(), entity.name);
                    return Err(Error::EntityAlreadyExists.says(sentence));
                }
                if let Some(boundary) = &entity.boundary {
                    policy_exists(tx, cx, boundary)?;
                }
                room_for(tx, cx, entity.kind)?;
                tx.put(&ENTITIES, cx.scope(), &entity.key(), &entity)
            })
            .await?;
        self.decider.forget();
        Ok(entity)
    }

    /// Changes an entity in one transaction.
    pub(crate) async fn change(
        &self,
        cx: &Context,
        kind: EntityKind,
        name: &str,
        change: impl FnOnce(&mut kit::Tx<'_>, &mut Entity) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        cx.store()
            .write(|tx| {
                let mut entity = must_find(tx, cx, kind, name)?;
                change(tx, &mut entity)?;
                tx.put(&ENTITIES, cx.scope(), &entity.key(), &entity)
            })
            .await?;
        self.decider.forget();
        Ok(())
    }

    pub(crate) async fn delete_entity(&self, cx: &Context, kind: EntityKind, name: &str) -> Result<(), Fault> {
        cx.store()
            .write(|tx| {
                let entity = must_find(tx, cx, kind, name)?;
                let conflict = |what: &str| Err(Error::DeleteConflict.says(format!("Cannot delete entity, must {what} first.")));
                if !entity.attached.is_empty() {
                    return conflict("detach all policies");
                }
                if !entity.inline.is_empty() {
                    return conflict("delete policies");
                }
                let has_keys = kind == EntityKind::User && tx.scan(&KEYS_OF, cx.scope()).prefix(&(entity.name.clone(),)).next().is_some();
                if has_keys {
                    return conflict("delete access keys");
                }
                let in_use = kind == EntityKind::Group && !members(tx, cx, &entity.name)?.is_empty();
                if in_use || !entity.groups.is_empty() {
                    return conflict("remove users from group");
                }
                tx.delete(&ENTITIES, cx.scope(), &entity.key()).map(drop)
            })
            .await?;
        self.decider.forget();
        Ok(())
    }

    /// All entities of a kind under a path, by name.
    pub(crate) fn entities(&self, cx: &Context, kind: EntityKind, path_prefix: Option<&str>) -> Result<Vec<Entity>, Fault> {
        let prefix = path_prefix.unwrap_or("/");
        cx.store().read(|s| {
            let rows = s.scan(&ENTITIES, cx.scope()).prefix(&(kind.noun().to_owned(),));
            rows.map(|row| row.map(|(_, e)| e)).filter(|e| e.as_ref().map_or(true, |e| e.path.starts_with(prefix))).collect()
        })
    }
}

/// Refuses a managed policy that is neither here nor AWS's.
pub(crate) fn policy_exists(store: &impl Read, cx: &Context, arn: &str) -> Result<(), Fault> {
    if crate::managed::document(arn).is_some() || store.exists(&POLICIES, cx.scope(), &arn.to_owned())? {
        return Ok(());
    }
    Err(crate::managed::unknown(arn))
}

pub(crate) fn checked_path(path: Option<String>) -> Result<String, Fault> {
    let path = path.unwrap_or_else(|| "/".into());
    match path.starts_with('/') && path.ends_with('/') && !path.contains("//") {
        true => Ok(path),
        false => Err(Error::InvalidInput.says("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")),
    }
}

pub(crate) fn tags_of(tags: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, Fault> {
    let tags = tags.unwrap_or_default();
    let mut map = BTreeMap::new();
    for tag in tags {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Error::InvalidInput.says("aws: prefixed tag key names are not allowed for external use."));
        }
        if map.keys().any(|key: &String| key.eq_ignore_ascii_case(&tag.key)) || map.insert(tag.key, tag.value).is_some() {
            return Err(Error::InvalidInput.says("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
    }
    match map.len() <= 50 {
        true => Ok(map),
        false => Err(Error::LimitExceeded.says("The number of tags has reached the maximum limit.")),
    }
}

pub(crate) fn tag_list(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    let list: Vec<Tag> = tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    (!list.is_empty()).then_some(list)
}

pub(crate) fn shown_user(cx: &Context, e: &Entity) -> User {
    User {
        path: e.path.clone(),
        user_name: e.name.clone(),
        user_id: e.id.clone(),
        arn: e.arn(cx.account()),
        create_date: Some(e.created),
        password_last_used: None,
        permissions_boundary: shown_boundary(e),
        tags: tag_list(&e.tags),
    }
}

pub(crate) fn shown_group(cx: &Context, e: &Entity) -> Group {
    Group {
        path: e.path.clone(),
        group_name: e.name.clone(),
        group_id: e.id.clone(),
        arn: e.arn(cx.account()),
        create_date: Some(e.created),
    }
}

pub(crate) fn shown_role(cx: &Context, e: &Entity) -> Role {
    Role {
        path: e.path.clone(),
        role_name: e.name.clone(),
        role_id: e.id.clone(),
        arn: e.arn(cx.account()),
        create_date: Some(e.created),
        assume_role_policy_document: Some(documents::encoded(&e.trust)),
        description: e.description.clone(),
        max_session_duration: Some(e.max_session_secs),
        permissions_boundary: shown_boundary(e),
        tags: tag_list(&e.tags),
        role_last_used: None,
    }
}

fn shown_boundary(e: &Entity) -> Option<AttachedPermissionsBoundary> {
    e.boundary.clone().map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
        permissions_boundary_arn: Some(arn),
    })
}

/// IAM answers whole seconds.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.secs())
}

/// An action on an entity's ARN. The path is part of the ARN, so a name is looked up; an unknown one is asked for without a path.
pub(crate) fn on_entity(cx: &Context, action: &'static str, kind: EntityKind, name: &str) -> Access {
    let found = cx.store().read(|s| find(s, cx, kind, name)).ok().flatten();
    let arn = found.map_or_else(|| format!("arn:aws:iam::{}:{}/{name}", cx.account(), kind.noun()), |e| e.arn(cx.account()));
    Access::on(action, arn)
}

/// An action on an entity that is being made.
pub(crate) fn on_new(cx: &Context, action: &'static str, kind: EntityKind, path: Option<&str>, name: &str) -> Access {
    Access::on(action, format!("arn:aws:iam::{}:{}{}{name}", cx.account(), kind.noun(), path.unwrap_or("/")))
}

/// Operations whose action is needed on the entity that a member of their input names.
macro_rules! on {
    ($($input:ident . $name:ident, $kind:ident => $action:literal;)*) => {$(
        impl kit::Authorize<$crate::Iam> for $input {
            fn access(&self, _: &$crate::Iam, cx: &kit::Context) -> kit::Access {
                $crate::entity::on_entity(cx, $action, $crate::state::EntityKind::$kind, &self.$name)
            }
        }
    )*};
}
/// The same for operations about a managed policy, whose ARN conditions may ask for.
macro_rules! on_with_policy {
    ($($input:ident . $name:ident, $kind:ident => $action:literal;)*) => {$(
        impl kit::Authorize<$crate::Iam> for $input {
            fn access(&self, _: &$crate::Iam, cx: &kit::Context) -> kit::Access {
                $crate::entity::on_entity(cx, $action, $crate::state::EntityKind::$kind, &self.$name)
                    .key("iam:PolicyARN", self.policy_arn.clone())
            }
        }
    )*};
}
pub(crate) use {on, on_with_policy};
