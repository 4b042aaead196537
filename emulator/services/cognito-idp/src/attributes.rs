//! Attributes of users: the standard ones, a pool's own, and what values they take.

use crate::{model::*, state::*};
use kit::Fault;
use std::collections::BTreeMap;

/// Standard attributes in AWS's order: name, kind, shortest and longest text.
const STANDARD: &[(&str, AttributeDataType, u32, u32)] = &[
    ("sub", AttributeDataType::String, 1, 2048),
    ("name", AttributeDataType::String, 0, 2048),
    ("given_name", AttributeDataType::String, 0, 2048),
    ("family_name", AttributeDataType::String, 0, 2048),
    ("middle_name", AttributeDataType::String, 0, 2048),
    ("nickname", AttributeDataType::String, 0, 2048),
    ("preferred_username", AttributeDataType::String, 0, 2048),
    ("profile", AttributeDataType::String, 0, 2048),
    ("picture", AttributeDataType::String, 0, 2048),
    ("website", AttributeDataType::String, 0, 2048),
    ("email", AttributeDataType::String, 0, 2048),
    ("email_verified", AttributeDataType::Boolean, 0, 0),
    ("gender", AttributeDataType::String, 0, 2048),
    ("birthdate", AttributeDataType::String, 10, 10),
    ("zoneinfo", AttributeDataType::String, 0, 2048),
    ("locale", AttributeDataType::String, 0, 2048),
    ("phone_number", AttributeDataType::String, 0, 2048),
    ("phone_number_verified", AttributeDataType::Boolean, 0, 0),
    ("address", AttributeDataType::String, 0, 2048),
    ("updated_at", AttributeDataType::Number, 0, 0),
];
/// AWS's quota.
const MOST_CUSTOM: usize = 50;

/// The attributes of a pool: the standard ones as `wanted` changes them, and its own.
pub(crate) fn schema(wanted: &[SchemaAttributeType]) -> Result<Vec<SchemaAttributeType>, Fault> {
    let mut schema: Vec<SchemaAttributeType> = STANDARD.iter().map(standard).collect();
    for attribute in wanted {
        let name = attribute.name.clone().unwrap_or_default();
        let mut standard = schema.iter_mut().take(STANDARD.len());
        match standard.find(|a| a.name.as_deref() == Some(&name)) {
            Some(_) if name == "sub" => return Err(bad("Invalid SchemaAttributes: sub can not be modified.")),
            Some(there) => {
                if attribute.attribute_data_type.is_some_and(|kind| Some(kind) != there.attribute_data_type) {
                    return Err(bad("You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute"));
                }
                there.required = attribute.required.or(there.required);
                there.mutable = attribute.mutable.or(there.mutable);
                if attribute.string_attribute_constraints.is_some() {
                    there.string_attribute_constraints = attribute.string_attribute_constraints.clone();
                }
            }
            None => {
                let made = custom(attribute)?;
                let name = made.name.clone().unwrap_or_default();
                if schema.iter().any(|there| there.name == made.name) {
                    return Err(bad(format!("{name}: Existing attribute already has name {name}.")));
                }
                schema.push(made);
            }
        }
    }
    schema.iter().try_for_each(check_limits)?;
    check_count(&schema).map(|()| schema)
}

/// Refuses more attributes of a pool's own than AWS lets it have.
pub(crate) fn check_count(schema: &[SchemaAttributeType]) -> Result<(), Fault> {
    match schema.len().saturating_sub(STANDARD.len()) {
        own if own > MOST_CUSTOM => Err(bad(format!("Invalid number of custom attributes: {own}. At most {MOST_CUSTOM} are allowed."))),
        _ => Ok(()),
    }
}

/// Limits are numbers, and the least is not above the most.
fn check_limits(attribute: &SchemaAttributeType) -> Result<(), Fault> {
    let name = attribute.name.as_deref().unwrap_or_default();
    let pairs = [
        attribute.string_attribute_constraints.as_ref().map(|c| (&c.min_length, &c.max_length, "Length")),
        attribute.number_attribute_constraints.as_ref().map(|c| (&c.min_value, &c.max_value, "Value")),
    ];
    for (least, most, what) in pairs.into_iter().flatten() {
        let number = |text: &Option<String>| match text.as_deref().map(str::parse::<f64>) {
            None => Ok(None),
            Some(Ok(number)) if number.is_finite() => Ok(Some(number)),
            Some(_) => Err(bad(format!("Invalid SchemaAttributes: the limits Min{what} and Max{what} of {name} must be numbers."))),
        };
        if let (Some(least), Some(most)) = (number(least)?, number(most)?)
            && least > most
        {
            return Err(bad(format!("Invalid SchemaAttributes: Min{what} of {name} is above its Max{what}.")));
        }
    }
    Ok(())
}

fn standard((name, kind, min, max): &(&str, AttributeDataType, u32, u32)) -> SchemaAttributeType {
    let text = *kind == AttributeDataType::String;
    SchemaAttributeType {
        name: Some((*name).into()),
        attribute_data_type: Some(*kind),
        developer_only_attribute: Some(false),
        mutable: Some(*name != "sub"),
        required: Some(*name == "sub"),
        string_attribute_constraints: text
            .then(|| StringAttributeConstraintsType { min_length: Some(min.to_string()), max_length: Some(max.to_string()) }),
        number_attribute_constraints: (*kind == AttributeDataType::Number)
            .then(|| NumberAttributeConstraintsType { min_value: Some("0".into()), max_value: None }),
    }
}

/// A pool's own attribute under its full name.
pub(crate) fn custom(wanted: &SchemaAttributeType) -> Result<SchemaAttributeType, Fault> {
    let name = wanted.name.clone().filter(|name| !name.is_empty()).ok_or_else(|| bad("Invalid attribute schema: Name is required."))?;
    if wanted.required == Some(true) {
        return Err(bad("Required custom attributes are not supported currently."));
    }
    if wanted.developer_only_attribute == Some(true) {
        return Err(refused("CreateUserPool", "DeveloperOnlyAttribute of a schema attribute"));
    }
    let mut made = wanted.clone();
    let bare = name.strip_prefix("custom:").unwrap_or(&name);
    made.name = Some(format!("custom:{bare}"));
    made.attribute_data_type = Some(wanted.attribute_data_type.unwrap_or(AttributeDataType::String));
    made.developer_only_attribute = Some(false);
    made.mutable = Some(wanted.mutable.unwrap_or(true));
    made.required = Some(false);
    match made.attribute_data_type {
        Some(AttributeDataType::String) => {
            made.string_attribute_constraints.get_or_insert_default();
        }
        Some(AttributeDataType::Number) => {
            made.number_attribute_constraints.get_or_insert_default();
        }
        _ => {}
    }
    check_limits(&made)?;
    Ok(made)
}

/// Who writes attributes.
#[derive(Clone, Copy)]
pub(crate) enum Writer<'a> {
    /// An administrator may write all but `sub`.
    Admin,
    /// A user, through a client that may be limited.
    User(&'a Client),
}

/// Addresses and the attributes that say whether they are proved.
const FLAGS: [(&str, &str); 2] = [("email", "email_verified"), ("phone_number", "phone_number_verified")];

/// Says of addresses that nobody has proved that they are not, as tokens and events of AWS do.
pub(crate) fn flag_unproved(attributes: &mut BTreeMap<String, String>) {
    for (address, flag) in FLAGS {
        if attributes.contains_key(address) {
            attributes.entry(flag.into()).or_insert_with(|| "false".into());
        }
    }
}

/// Takes attributes away, and what was said of addresses with them.
pub(crate) fn take_away(attributes: &mut BTreeMap<String, String>, names: &[String]) {
    for name in names {
        attributes.remove(name);
        FLAGS.iter().filter(|(address, _)| address == name).for_each(|(_, flag)| drop(attributes.remove(*flag)));
    }
}

/// Attributes of a new user, checked; blank ones count as not given. Required ones must be there when the user makes himself.
pub(crate) fn of_new_user(pool: &Pool, writer: Writer<'_>, given: &[AttributeType]) -> Result<BTreeMap<String, String>, Fault> {
    let attributes: BTreeMap<String, String> = given.iter().map(|a| (a.name.clone(), a.value.clone().unwrap_or_default())).collect();
    for (name, value) in &attributes {
        may_write(writer, name)?;
        check(pool, name, value)?;
    }
    let attributes: BTreeMap<String, String> = attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    if let Writer::User(_) = writer {
        let missing = missing_required(pool, &attributes);
        if !missing.is_empty() {
            let lines: String = missing.iter().map(|name| format!("{name}: The attribute is required\n")).collect();
            return Err(bad(format!("Attributes did not conform to the schema: {lines}")));
        }
    }
    Ok(attributes)
}

/// Changes to a user's attributes, checked. A blank value takes an attribute away, if it may go.
pub(crate) fn changes(pool: &Pool, writer: Writer<'_>, given: &[AttributeType]) -> Result<BTreeMap<String, String>, Fault> {
    let mut changes = BTreeMap::new();
    for attribute in given {
        let value = attribute.value.clone().unwrap_or_default();
        may_write(writer, &attribute.name)?;
        check(pool, &attribute.name, &value)?;
        if pool.attribute(&attribute.name).is_some_and(|a| a.mutable == Some(false)) {
            return Err(bad(format!("user.{}: Attribute cannot be updated.\n", attribute.name)));
        }
        if value.is_empty() && pool.attribute(&attribute.name).is_some_and(|a| a.required == Some(true)) {
            return Err(bad(format!("user.{}: Attribute cannot be deleted.\n", attribute.name)));
        }
        changes.insert(attribute.name.clone(), value);
    }
    Ok(changes)
}

/// Values given with a first password: like [`changes`], but what can't be changed may be given once.
pub(crate) fn first_values(
    pool: &Pool,
    writer: Writer<'_>,
    there: &BTreeMap<String, String>,
    given: &[AttributeType],
) -> Result<BTreeMap<String, String>, Fault> {
    let (old, new): (Vec<AttributeType>, Vec<AttributeType>) = given.iter().cloned().partition(|a| there.contains_key(&a.name));
    let mut values = changes(pool, writer, &old)?;
    for attribute in new {
        let value = attribute.value.unwrap_or_default();
        may_write(writer, &attribute.name)?;
        check(pool, &attribute.name, &value)?;
        values.insert(attribute.name, value);
    }
    Ok(values)
}

/// Names to be taken away, checked.
pub(crate) fn may_delete(pool: &Pool, writer: Writer<'_>, names: &[String]) -> Result<(), Fault> {
    for name in names {
        may_write(writer, name)?;
        let Some(attribute) = pool.attribute(name) else { return Err(unknown(name)) };
        if attribute.required == Some(true) || attribute.mutable == Some(false) {
            return Err(bad(format!("user.{name}: Attribute cannot be deleted.\n")));
        }
    }
    Ok(())
}

/// Required attributes that are not there.
pub(crate) fn missing_required(pool: &Pool, attributes: &BTreeMap<String, String>) -> Vec<String> {
    let required = pool.settings.schema_attributes.iter().flatten().filter(|a| a.required == Some(true));
    let names = required.filter_map(|a| a.name.clone()).filter(|name| name != "sub");
    let mut missing: Vec<String> = names.filter(|name| attributes.get(name).is_none_or(String::is_empty)).collect();
    missing.sort();
    missing
}

/// The attributes that a client may read.
pub(crate) fn readable<'a>(client: &'a Client, attributes: &'a BTreeMap<String, String>) -> impl Iterator<Item = (&'a String, &'a String)> {
    attributes.iter().filter(|(name, _)| client.settings.read_attributes.as_ref().is_none_or(|read| read.contains(name)))
}

/// As answers list them.
pub(crate) fn listed(user: &User) -> Vec<AttributeType> {
    let own = user.attributes.iter().map(|(name, value)| AttributeType { name: name.clone(), value: Some(value.clone()) });
    let identities = identities(user).map(|value| AttributeType { name: IDENTITIES.into(), value: Some(value) });
    own.chain([AttributeType { name: "sub".into(), value: Some(user.sub.clone()) }]).chain(identities).collect()
}

/// The attribute that tells by which providers a user is known; nobody writes it.
pub(crate) const IDENTITIES: &str = "identities";

/// Its value: JSON. None for users of the pool alone.
pub(crate) fn identities(user: &User) -> Option<String> {
    let shown = |i: &Identity| {
        serde_json::json!({
            "userId": i.user_id, "providerName": i.provider, "providerType": i.provider_type, "issuer": i.issuer,
            "primary": i.primary, "dateCreated": i.made.millis(),
        })
    };
    let all: Vec<serde_json::Value> = user.identities.iter().map(shown).collect();
    (!all.is_empty()).then(|| serde_json::Value::from(all).to_string())
}

fn may_write(writer: Writer<'_>, name: &str) -> Result<(), Fault> {
    if name == "sub" {
        return Err(bad("Cannot modify the non-mutable attribute sub"));
    }
    let Writer::User(client) = writer else { return Ok(()) };
    let listed = client.settings.write_attributes.as_ref().is_none_or(|write| write.iter().any(|w| w == name));
    match listed && !matches!(name, "email_verified" | "phone_number_verified") {
        true => Ok(()),
        false => Err(not_authorized("A client attempted to write unauthorized attribute")),
    }
}

fn check(pool: &Pool, name: &str, value: &str) -> Result<(), Fault> {
    let attribute = pool.attribute(name).ok_or_else(|| unknown(name))?;
    if value.is_empty() {
        return Ok(());
    }
    match name {
        "email" if !is_email(value) => return Err(bad("Invalid email address format.")),
        "phone_number" if !is_phone(value) => return Err(bad("Invalid phone number format.")),
        _ => {}
    }
    let fits = match attribute.attribute_data_type {
        Some(AttributeDataType::Boolean) => matches!(value, "true" | "false"),
        Some(AttributeDataType::Number) => number_fits(attribute.number_attribute_constraints.as_ref(), value),
        Some(AttributeDataType::DateTime) => kit::time::parse_iso(value).is_some(),
        _ => text_fits(attribute.string_attribute_constraints.as_ref(), value),
    };
    match fits {
        true => Ok(()),
        false => Err(bad(format!(
            "Attributes did not conform to the schema: {name}: The attribute does not conform to the constraints of its schema\n"
        ))),
    }
}

fn text_fits(limits: Option<&StringAttributeConstraintsType>, value: &str) -> bool {
    let length = value.chars().count();
    let limit = |text: Option<&String>, default: usize| text.and_then(|t| t.parse().ok()).unwrap_or(default);
    let min = limit(limits.and_then(|l| l.min_length.as_ref()), 0);
    let max = limit(limits.and_then(|l| l.max_length.as_ref()), 2048);
    (min..=max).contains(&length)
}

fn number_fits(limits: Option<&NumberAttributeConstraintsType>, value: &str) -> bool {
    let Some(number) = value.parse::<f64>().ok().filter(|number| number.is_finite()) else { return false };
    let limit = |text: Option<&String>| text.and_then(|t| t.parse::<f64>().ok());
    limit(limits.and_then(|l| l.min_value.as_ref())).is_none_or(|min| number >= min)
        && limit(limits.and_then(|l| l.max_value.as_ref())).is_none_or(|max| number <= max)
}

fn unknown(name: &str) -> Fault {
    bad(format!("Attributes did not conform to the schema: Type for attribute {{{name}}} could not be determined"))
}

/// Something at something with a dot in between, as Cognito has it.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    plain(local) && plain(domain) && domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty())
}

/// `+` and digits.
pub(crate) fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_email("ann@example.com") && is_email("a+b@x.y.z"));
        assert!(
            !is_email("ann") && !is_email("@example.com") && !is_email("ann@") && !is_email("a b@example.com") && !is_email("ann@example")
        );
        assert!(is_phone("+15550100") && !is_phone("15550100") && !is_phone("+1555x"));
    }

    #[test]
    fn a_pool_has_the_standard_attributes_and_its_own() {
        let own =
            SchemaAttributeType { name: Some("tier".into()), attribute_data_type: Some(AttributeDataType::Number), ..Default::default() };
        let made = schema(&[own]).unwrap();
        assert_eq!(made.len(), STANDARD.len() + 1);
        assert_eq!(made.last().unwrap().name.as_deref(), Some("custom:tier"));
    }
}
