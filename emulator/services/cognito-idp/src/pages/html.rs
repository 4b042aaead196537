//! How pages are written: everything from outside escaped, labels for every field, one form to a page.

use super::carried;
use crate::oauth::Visit;

const STYLE: &str = "*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#16191f;background:#f2f3f3}\
main{max-width:26rem;margin:3rem auto;padding:2rem;background:#fff;border:1px solid #d5dbdb;border-radius:8px}\
h1{margin:0 0 1rem;font-size:1.5rem}label{display:block;margin:1rem 0 .25rem;font-weight:600}\
input:not([type=radio]){width:100%;padding:.6rem;font:inherit;border:1px solid #687078;border-radius:4px}\
button,.button{display:block;width:100%;margin-top:1.25rem;padding:.7rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;\
color:#fff;background:#0f5c8a;border:0;border-radius:4px;cursor:pointer}\
button.plain{color:#0f5c8a;background:none;text-decoration:underline}\
:focus-visible{outline:3px solid #f90;outline-offset:2px}a{color:#0f5c8a}\
[role=alert]{padding:.75rem;color:#8b0000;background:#fdf3f1;border:1px solid #8b0000;border-radius:4px}\
[role=status]{padding:.75rem;background:#f1faf3;border:1px solid #1d6f32;border-radius:4px}fieldset{border:0;padding:0;margin:0}";

/// A page: what stands on it, and where its form goes.
pub(crate) struct Page {
    pub title: &'static str,
    /// Above the form: alerts and what the page is for.
    pub above: String,
    /// The fields; empty where there is no form.
    pub fields: String,
    /// Path of the domain that the form is posted to.
    pub action: &'static str,
    pub button: &'static str,
    /// Below the form: links and other forms; `{csrf}` stands for the proof.
    pub below: String,
}

impl Page {
    /// The whole document.
    pub fn text(&self, visit: &Visit, csrf: &str) -> String {
        let proof = format!("<input type=\"hidden\" name=\"_csrf\" value=\"{}\">", escape(csrf));
        let action = escape(&visit.link(self.action, &carried(visit)));
        let form = match self.fields.is_empty() {
            true => String::new(),
            false => format!(
                "<form method=\"post\" action=\"{action}\">{proof}{}<button type=\"submit\">{}</button></form>",
                self.fields, self.button
            ),
        };
        document(self.title, &format!("{}{form}{}", self.above, self.below.replace("{csrf}", &proof)))
    }
}

/// The page of an error that leads nowhere.
pub(crate) fn error_page(error: &str) -> String {
    let text = notice("alert", error);
    document("An error was encountered with the requested page.", &text)
}

/// A page that leads nowhere because all is well.
pub(crate) fn notice_page(title: &str, text: &str) -> String {
    document(title, &notice("status", text))
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

/// A sentence that is read out: `alert` at once, `status` when there is time.
pub(crate) fn notice(role: &str, text: &str) -> String {
    format!("<p role=\"{role}\">{}</p>", escape(text))
}

/// A field to fill in.
pub(crate) struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    /// `text`, `password`, `email`, `tel`
    pub kind: &'a str,
    /// What browsers may fill in by themselves.
    pub autocomplete: &'a str,
    pub value: &'a str,
}

impl Field<'_> {
    /// The field with its label; the first one of a page has the focus.
    pub fn text(&self, first: bool) -> String {
        let (name, label, value) = (escape(self.name), escape(self.label), escape(self.value));
        let focus = if first { " autofocus" } else { "" };
        let code = if self.autocomplete == "one-time-code" { " inputmode=\"numeric\"" } else { "" };
        format!(
            "<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" type=\"{}\" autocomplete=\"{}\" value=\"{value}\" \
             required{code}{focus}>",
            self.kind, self.autocomplete
        )
    }
}

/// Fields, the first of which has the focus.
pub(crate) fn fields(all: &[Field<'_>]) -> String {
    all.iter().enumerate().map(|(n, field)| field.text(n == 0)).collect()
}

/// A field that is not shown.
pub(crate) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
}

/// A link within the domain that carries the client's request along.
pub(crate) fn link(visit: &Visit, path: &str, text: &str) -> String {
    format!("<p><a href=\"{}\">{text}</a></p>", escape(&visit.link(path, &carried(visit))))
}

/// Text as it may stand in elements and between double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Braces are the mark of what is filled in last.
            '{' => out.push_str("&#123;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let page = error_page("<script>alert(\"1\")</script>");
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"), "{page}");
        let field = Field { name: "a", label: "A", kind: "text", autocomplete: "off", value: "\" onfocus='x' {csrf}" };
        assert!(field.text(false).contains("value=\"&quot; onfocus=&#39;x&#39; &#123;csrf}\""));
    }
}
