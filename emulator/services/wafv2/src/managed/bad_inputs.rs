//! Known bad inputs. The PROPFIND method and the local host are AWS's own words; patterns of exploits are approximated.

use super::{BODY, Draft, about, draft, exactly, header, headers, matches};
use crate::engine::Field;
use crate::model::TextTransformationType::{self as Transform, HtmlEntityDecode, Lowercase, UrlDecodeUni};

const DECODED: &[Transform] = &[UrlDecodeUni, HtmlEntityDecode, Lowercase];
const JAVA: &str = r"(?:java\.lang\.(?:runtime|processbuilder|system)|getruntime\s*\(\s*\)|\bro0ab|aced0005|class\.module\.classloader|org\.apache\.commons\.collections|com\.sun\.rowset\.jdbcrowsetimpl|ysoserial|javax\.naming\.initialcontext)";
const LOG4J: &str = r"\$\{.{0,100}?(?:j|\$\{[^}]{0,40}\})n?.{0,60}?(?:jndi|ldaps?|rmi|dns|nis|iiop|corba|nds|http):?";
const JNDI: &str = r"\$\{\s*jndi\s*:";
const PATHS: &str = r"(?:/web-inf\b|/meta-inf\b|/\.git(?:/|$)|/\.svn(?:/|$)|/\.env$|/\.aws/|/\.ssh/|/\.htaccess|/\.htpasswd|/cgi-bin/.*\.(?:sh|pl)$|/vendor/phpunit/|/actuator/(?:env|heapdump)|/server-status$|/_ignition/execute-solution|/invoker/jmxinvokerservlet)";
const REACT: &str = r"(?:\$\d+:__proto__:|:constructor:constructor|resolved_model.{0,200}_response)";

pub(super) fn rules() -> Vec<Draft> {
    vec![
        about("JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_Header", matches(headers(), DECODED, &[JAVA])),
        about("JavaDeserializationRCE_BODY", "JavaDeserializationRCE_Body", matches(BODY, DECODED, &[JAVA])),
        about("JavaDeserializationRCE_URIPATH", "JavaDeserializationRCE_URIPath", matches(Field::Path, DECODED, &[JAVA])),
        about("JavaDeserializationRCE_QUERYSTRING", "JavaDeserializationRCE_QueryString", matches(Field::Query, DECODED, &[JAVA])),
        draft(
            "Host_localhost_HEADER",
            "Host_Localhost_Header",
            matches(header("host"), &[Lowercase], &[r"^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$"]),
        ),
        draft("PROPFIND_METHOD", "Propfind_Method", exactly(Field::Method, "PROPFIND")),
        about("ExploitablePaths_URIPATH", "ExploitablePaths_URIPath", matches(Field::Path, DECODED, &[PATHS])),
        about("Log4JRCE_HEADER", "Log4JRCE_Header", matches(headers(), DECODED, &[JNDI, LOG4J])),
        about("Log4JRCE_QUERYSTRING", "Log4JRCE_QueryString", matches(Field::Query, DECODED, &[JNDI, LOG4J])),
        about("Log4JRCE_BODY", "Log4JRCE_Body", matches(BODY, DECODED, &[JNDI, LOG4J])),
        about("Log4JRCE_URIPATH", "Log4JRCE_URIPath", matches(Field::Path, DECODED, &[JNDI, LOG4J])),
        about("ReactJSRCE_BODY", "ReactJSRCE_Body", matches(BODY, DECODED, &[REACT])),
    ]
}
