//! Passwords made at random.

use crate::{SecretsManager, model::*};
use kit::{Context, Fault};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
/// AWS's reference of GetRandomPassword lists these.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

impl SecretsManager {
    /// A password of the kinds of characters that the request does not exclude, one of each kind unless that isn't wanted.
    pub async fn get_random_password(&self, cx: &Context, input: GetRandomPasswordInput) -> Result<GetRandomPasswordOutput, Fault> {
        let excluded = input.exclude_characters.clone().unwrap_or_default();
        let kinds = [
            (LOWER, input.exclude_lowercase),
            (UPPER, input.exclude_uppercase),
            (DIGITS, input.exclude_numbers),
            (PUNCTUATION, input.exclude_punctuation),
            (" ", Some(input.include_space != Some(true))),
        ];
        let kept = |(kind, out): &(&str, Option<bool>)| match out {
            Some(true) => None,
            _ => Some(kind.chars().filter(|c| !excluded.contains(*c)).collect::<String>()).filter(|kind| !kind.is_empty()),
        };
        let kinds: Vec<String> = kinds.iter().filter_map(kept).collect();
        let all: String = kinds.concat();
        let length = input.password_length.unwrap_or(32).max(1) as usize;
        let each = input.require_each_included_type != Some(false);
        if all.is_empty() || each && kinds.len() > length {
            let why = "The password length is less than the number of required characters, or all characters are excluded.";
            return Err(Error::InvalidParameter.says(why));
        }
        let mut password: Vec<char> = cx.ids().text(length, &all).chars().collect();
        if each {
            // A character of each kind, at places that differ.
            let mut places: Vec<usize> = (0..length).collect();
            for kind in &kinds {
                let at = (cx.ids().number() % places.len() as u64) as usize;
                let place = places.swap_remove(at);
                password[place] = cx.ids().text(1, kind).chars().next().unwrap_or_default();
            }
        }
        Ok(GetRandomPasswordOutput { random_password: Some(password.into_iter().collect()) })
    }
}
