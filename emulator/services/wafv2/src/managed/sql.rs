//! SQL database. The built-in statement at low sensitivity is what AWS says it uses; the extended patterns are approximated.

use super::{BODY, Draft, about, cookies, draft, json, look, matches};
use crate::engine::{Field, Statement};
use crate::model::TextTransformationType::{self as Transform, CompressWhiteSpace, Lowercase, ReplaceComments, UrlDecodeUni};

const DECODED: &[Transform] = &[UrlDecodeUni];
const FLAT: &[Transform] = &[UrlDecodeUni, ReplaceComments, CompressWhiteSpace, Lowercase];
const EXTENDED: [&str; 5] = [
    r"\bunion(?: all| distinct)? ?\(? ?select\b",
    r"(?:\bsleep|\bbenchmark|\bpg_sleep|\bwaitfor delay|\bdbms_pipe\.receive_message) ?[('\x22]",
    r"\b(?:load_file|extractvalue|updatexml|xp_cmdshell|utl_http\.request|into (?:out|dump)file)\b",
    r"['\x22;] ?(?:or|and) ['\x22(]?\w+['\x22)]? ?(?:=|like|<|>) ?['\x22(]?\w+",
    r"; ?(?:drop|truncate|alter|insert|delete|update|exec|shutdown)\b",
];

pub(super) fn rules() -> Vec<Draft> {
    vec![
        draft("SQLi_QUERYARGUMENTS", "SQLi_QueryArguments", Statement::Sqli(look(Field::Arguments, DECODED), false)),
        about("SQLiExtendedPatterns_QUERYARGUMENTS", "SQLiExtendedPatterns_QueryArguments", matches(Field::Arguments, FLAT, &EXTENDED)),
        draft("SQLi_BODY", "SQLi_Body", Statement::Sqli(look(json(), DECODED), false)),
        about("SQLiExtendedPatterns_BODY", "SQLiExtendedPatterns_Body", matches(BODY, FLAT, &EXTENDED)),
        draft("SQLi_COOKIE", "SQLi_Cookie", Statement::Sqli(look(cookies(), DECODED), false)),
    ]
}
