//! Sets of patterns.

use crate::{Wafv2, check, engine, model::*, state, tags};
use kit::{Context, Fault, Read};

/// Most patterns of a set, and most sets.
const MOST_PATTERNS: usize = 10;
const MOST: usize = 10;

impl Wafv2 {
    /// Makes a set of patterns.
    pub async fn create_regex_pattern_set(
        &self,
        cx: &Context,
        input: CreateRegexPatternSetInput,
    ) -> Result<CreateRegexPatternSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        check_patterns(&input.regular_expression_list)?;
        let id = cx.ids().uuid();
        let set = RegexPatternSet {
            arn: Some(state::arn(&place, "regexpatternset", &input.name, &id)),
            name: Some(input.name.clone()),
            id: Some(id),
            description: input.description,
            regular_expression_list: Some(input.regular_expression_list),
        };
        let lock = cx.ids().uuid();
        let summary = cx
            .store()
            .write(|tx| {
                if tx.exists(&state::REGEX_SETS, &place, &input.name)? {
                    return Err(check::duplicate());
                }
                if tx.scan(&state::REGEX_SETS, &place).count() >= MOST {
                    return Err(check::limit(&format!("{MOST} regex pattern sets")));
                }
                tags::put(tx, &place, set.arn.as_deref().unwrap_or_default(), input.tags.unwrap_or_default())?;
                let row = state::RegexSetRow { lock, set };
                tx.put(&state::REGEX_SETS, &place, &input.name, &row)?;
                Ok(summary(&row))
            })
            .await?;
        Ok(CreateRegexPatternSetOutput { summary: Some(summary) })
    }

    /// Describes a set of patterns.
    pub async fn get_regex_pattern_set(&self, cx: &Context, input: GetRegexPatternSetInput) -> Result<GetRegexPatternSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let row = cx.store().read(|s| state::row(s, &state::REGEX_SETS, &place, &input.name, &input.id))?;
        Ok(GetRegexPatternSetOutput { regex_pattern_set: Some(row.set), lock_token: Some(row.lock) })
    }

    /// Puts other patterns in the place of a set's.
    pub async fn update_regex_pattern_set(
        &self,
        cx: &Context,
        input: UpdateRegexPatternSetInput,
    ) -> Result<UpdateRegexPatternSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        check_patterns(&input.regular_expression_list)?;
        let next = cx.ids().uuid();
        cx.store()
            .write(|tx| {
                let mut row = state::locked(tx, &state::REGEX_SETS, &place, &input.name, &input.id, &input.lock_token)?;
                row.set.regular_expression_list = Some(input.regular_expression_list);
                row.set.description = input.description;
                row.lock = next.clone();
                tx.put(&state::REGEX_SETS, &place, &input.name, &row)?;
                state::changed(tx, cx, &place)
            })
            .await?;
        Ok(UpdateRegexPatternSetOutput { next_lock_token: Some(next) })
    }

    /// Deletes a set of patterns that no rule names.
    pub async fn delete_regex_pattern_set(
        &self,
        cx: &Context,
        input: DeleteRegexPatternSetInput,
    ) -> Result<DeleteRegexPatternSetOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        cx.store()
            .write(|tx| {
                let row = state::locked(tx, &state::REGEX_SETS, &place, &input.name, &input.id, &input.lock_token)?;
                let arn = row.set.arn.unwrap_or_default();
                if state::is_referred_to(tx, &place, &arn)? {
                    return Err(check::in_use());
                }
                tags::forget(tx, &place, &arn)?;
                tx.delete(&state::REGEX_SETS, &place, &input.name).map(drop)
            })
            .await?;
        Ok(DeleteRegexPatternSetOutput {})
    }

    /// Sets of patterns by name.
    pub async fn list_regex_pattern_sets(
        &self,
        cx: &Context,
        input: ListRegexPatternSetsInput,
    ) -> Result<ListRegexPatternSetsOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let rows = cx.store().read(|s| s.scan(&state::REGEX_SETS, &place).collect::<Result<Vec<_>, Fault>>())?;
        let key = |(name, _): &(String, state::RegexSetRow)| name.clone();
        let page = kit::pages::page(rows, key, input.next_marker.as_deref(), check::page_length(input.limit), check::bad_marker)?;
        let sets = page.items.iter().map(|(_, row)| summary(row)).collect();
        Ok(ListRegexPatternSetsOutput { next_marker: page.next, regex_pattern_sets: Some(sets) })
    }
}

fn check_patterns(patterns: &[Regex]) -> Result<(), Fault> {
    if patterns.is_empty() || patterns.len() > MOST_PATTERNS {
        return Err(check::limit(&format!("{MOST_PATTERNS} patterns in a set, and at least one")));
    }
    let texts: Vec<String> = patterns.iter().map(|p| p.regex_string.clone().unwrap_or_default()).collect();
    engine::pattern(&texts).map(drop).map_err(check::of_problem)
}

fn summary(row: &state::RegexSetRow) -> RegexPatternSetSummary {
    RegexPatternSetSummary {
        name: row.set.name.clone(),
        id: row.set.id.clone(),
        description: Some(row.set.description.clone().unwrap_or_default()),
        lock_token: Some(row.lock.clone()),
        arn: row.set.arn.clone(),
    }
}
