//! Admin protection: paths of administrative pages. AWS names `sqlmanager` as its example; the rest is approximated.

use super::{Draft, about, matches};
use crate::engine::Field;
use crate::model::TextTransformationType::{Lowercase, NormalizePath, UrlDecodeUni};

const PATHS: &str = r"/(?:sqlmanager|mysqlmanager|phpmyadmin|pma|myadmin|adminer|php-my-admin|webadmin|sqladmin|dbadmin|pgadmin|administrator|manager/html|admin-console|jmx-console|web-console|wp-admin|cpanel|plesk|webmin|fckeditor|tomcat/manager|host-manager|jenkins|solr/admin|console/login)(?:[/.?]|$)";

pub(super) fn rules() -> Vec<Draft> {
    let paths = matches(Field::Path, &[UrlDecodeUni, NormalizePath, Lowercase], &[PATHS]);
    vec![about("AdminProtection_URIPATH", "AdminProtection_URIPath", paths)]
}
