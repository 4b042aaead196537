//! The little of API Gateway's template language that is honoured: plain text, and variables of the context. Directives, `$input` and
//! `$util` are told from it, so that they can be refused.

/// Text without any template language in it.
pub(crate) fn is_plain(template: &str) -> bool {
    !template.contains('$') && !has_directive(template)
}

/// Text with no more than `$context.x` and `$stageVariables.x` in it.
pub(crate) fn is_simple(template: &str) -> bool {
    !has_directive(template) && variables(template).all(|name| name.starts_with("context.") || name.starts_with("stageVariables."))
}

/// Puts values in place of variables; one that has no value stands for nothing.
pub(crate) fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (name, after) = variable(&rest[at + 1..]);
        if name.is_empty() {
            out.push('$');
        } else {
            out.push_str(&value(name).unwrap_or_default());
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The text between single quotation marks: the static form of a mapping.
pub(crate) fn literal(expression: &str) -> Option<&str> {
    expression.strip_prefix('\'')?.strip_suffix('\'')
}

fn has_directive(template: &str) -> bool {
    const DIRECTIVES: [&str; 8] = ["#set", "#if", "#else", "#end", "#foreach", "#define", "#macro", "##"];
    DIRECTIVES.iter().any(|directive| template.contains(directive))
}

fn variables(template: &str) -> impl Iterator<Item = &str> {
    template.split('$').skip(1).map(|rest| variable(rest).0)
}

/// The name at the start of `text` (with or without braces), and what follows it.
fn variable(text: &str) -> (&str, &str) {
    let braced = text.strip_prefix('{');
    let body = braced.unwrap_or(text);
    let length = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')).count();
    // A full stop at the end of a sentence is no part of the name.
    let name = body[..length].trim_end_matches('.');
    let after = &body[name.len()..];
    match braced {
        Some(_) if after.starts_with('}') => (name, &after[1..]),
        _ => (name, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled() {
        let value = |name: &str| (name == "context.error.messageString").then(|| "\"no\"".to_owned());
        assert_eq!(filled("{\"message\":$context.error.messageString}", value), "{\"message\":\"no\"}");
        assert_eq!(filled("a ${context.error.messageString}b $context.nothing. $5", value), "a \"no\"b . ");
    }

    #[test]
    fn the_language_is_told_from_text() {
        assert!(is_plain("{\"statusCode\": 200}") && !is_plain("$input.json('$')") && !is_plain("#set($a = 1)"));
        assert!(
            is_simple("$context.requestId $stageVariables.a") && !is_simple("$util.escapeJavaScript('x')") && !is_simple("#if(true)#end")
        );
        assert_eq!(literal("'*'"), Some("*"));
        assert_eq!(literal("integration.response.header.X"), None);
    }
}
