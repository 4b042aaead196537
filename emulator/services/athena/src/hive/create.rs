//! CREATE and DROP of databases, tables and views.

use super::{
    ast::*,
    parse::{Malformed, Parser},
};

/// Whether a CREATE is one of Hive's, whose texts have escapes.
pub(super) fn is_hive(p: &Parser<'_>) -> bool {
    p.sees(&["CREATE", "EXTERNAL"])
        || p.sees(&["CREATE", "DATABASE"])
        || p.sees(&["CREATE", "SCHEMA"])
        || (p.sees(&["CREATE", "TABLE"]) && has_columns(p))
}

/// `CREATE TABLE name (` defines columns; a CTAS has WITH or AS there.
fn has_columns(p: &Parser<'_>) -> bool {
    let after = |i: usize| p.ahead(i).is_some_and(|t| t.sign('('));
    let is_if = p.ahead(2).is_some_and(|t| t.is("IF"));
    let mut at = if is_if { 6 } else { 3 };
    while p.ahead(at).is_some_and(|t| t.sign('.')) {
        at += 2;
    }
    after(at)
}

pub(super) fn create(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["CREATE"])?;
    if p.takes(&["DATABASE"]) || p.takes(&["SCHEMA"]) {
        return database(p);
    }
    let replace = p.takes(&["OR", "REPLACE"]);
    if p.takes(&["VIEW"]) {
        let name = p.table()?;
        p.must(&["AS"])?;
        return Ok(Statement::CreateView { name, replace, query: p.rest()? });
    }
    if replace {
        return Err(p.wrong("'VIEW'"));
    }
    if p.sees(&["PROTECTED"]) || p.sees(&["MULTI"]) {
        return Ok(Statement::Unbuilt("multi-dialect views".into()));
    }
    let external = p.takes(&["EXTERNAL"]);
    if !p.takes(&["TABLE"]) {
        return Err(p.wrong("'DATABASE', 'EXTERNAL', 'OR', 'SCHEMA', 'TABLE', 'VIEW'"));
    }
    let lenient = p.takes(&["IF", "NOT", "EXISTS"]);
    let name = p.table()?;
    if !external && (p.sees(&["WITH"]) || p.sees(&["AS"])) {
        return table_as(p, name, lenient);
    }
    table(p, CreateTable { name, external, if_not_exists: lenient, ..CreateTable::default() })
}

fn database(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    let lenient = p.takes(&["IF", "NOT", "EXISTS"]);
    let name = p.name()?;
    let (mut comment, mut location, mut properties) = (None, None, Properties::new());
    while !p.done() {
        if p.takes(&["COMMENT"]) {
            comment = Some(p.text()?);
        } else if p.takes(&["LOCATION"]) {
            location = Some(p.text()?);
        } else if p.takes(&["WITH", "DBPROPERTIES"]) {
            properties = p.properties()?;
        } else {
            return Err(p.wrong("'COMMENT', 'LOCATION', 'WITH', <EOF>"));
        }
    }
    Ok(Statement::CreateDatabase { name, lenient, comment, location, properties })
}

fn table_as(p: &mut Parser<'_>, name: TableName, lenient: bool) -> Result<Statement, Malformed> {
    let settings = if p.takes(&["WITH"]) { p.settings()? } else { Default::default() };
    p.must(&["AS"])?;
    let data = !p.drop_tail(&["WITH", "NO", "DATA"]);
    p.drop_tail(&["WITH", "DATA"]);
    Ok(Statement::CreateTableAs { name, lenient, settings, query: p.rest()?, data })
}

fn table(p: &mut Parser<'_>, mut t: CreateTable) -> Result<Statement, Malformed> {
    if p.peek().is_some_and(|t| t.sign('(')) {
        t.columns = p.columns()?;
    }
    while !p.done() {
        if p.takes(&["COMMENT"]) {
            t.comment = Some(p.text()?);
        } else if p.takes(&["PARTITIONED", "BY"]) {
            t.partitions = p.columns()?;
        } else if p.takes(&["CLUSTERED", "BY"]) {
            let columns = p.list(Parser::name)?;
            if p.takes(&["SORTED", "BY"]) {
                p.list(|p| {
                    let name = p.name()?;
                    let _ = p.takes(&["ASC"]) || p.takes(&["DESC"]);
                    Ok(name)
                })?;
            }
            p.must(&["INTO"])?;
            let count = p.value()?.parse().map_err(|_| p.wrong("<integer>"))?;
            p.must(&["BUCKETS"])?;
            t.buckets = Some((columns, count));
        } else if p.takes(&["ROW", "FORMAT", "SERDE"]) {
            t.serde = Some(p.text()?);
            if p.takes(&["WITH", "SERDEPROPERTIES"]) {
                t.serde_properties = p.properties()?;
            }
        } else if p.takes(&["ROW", "FORMAT", "DELIMITED"]) {
            delimited(p, &mut t)?;
        } else if p.takes(&["WITH", "SERDEPROPERTIES"]) {
            t.serde_properties.extend(p.properties()?);
        } else if p.takes(&["STORED", "AS", "INPUTFORMAT"]) {
            let input = p.text()?;
            p.must(&["OUTPUTFORMAT"])?;
            t.formats = Some((input, p.text()?));
        } else if p.takes(&["STORED", "AS"]) {
            t.stored_as = Some(p.name()?);
        } else if p.takes(&["LOCATION"]) {
            t.location = Some(p.text()?);
        } else if p.takes(&["TBLPROPERTIES"]) {
            t.properties = p.properties()?;
        } else {
            return Err(p.wrong("'CLUSTERED', 'COMMENT', 'LOCATION', 'PARTITIONED', 'ROW', 'STORED', 'TBLPROPERTIES', <EOF>"));
        }
    }
    Ok(Statement::CreateTable(Box::new(t)))
}

fn delimited(p: &mut Parser<'_>, t: &mut CreateTable) -> Result<(), Malformed> {
    let mut keep = |name: &str, value: String| t.serde_properties.insert(name.to_owned(), value);
    loop {
        if p.takes(&["FIELDS", "TERMINATED", "BY"]) {
            let delimiter = p.text()?;
            keep("serialization.format", delimiter.clone());
            keep("field.delim", delimiter);
            if p.takes(&["ESCAPED", "BY"]) {
                keep("escape.delim", p.text()?);
            }
        } else if p.takes(&["ESCAPED", "BY"]) {
            keep("escape.delim", p.text()?);
        } else if p.takes(&["COLLECTION", "ITEMS", "TERMINATED", "BY"]) {
            // Hive's own misspelling, which is the property's name.
            keep("collection.delim", p.text()?);
        } else if p.takes(&["MAP", "KEYS", "TERMINATED", "BY"]) {
            keep("mapkey.delim", p.text()?);
        } else if p.takes(&["LINES", "TERMINATED", "BY"]) {
            keep("line.delim", p.text()?);
        } else if p.takes(&["NULL", "DEFINED", "AS"]) {
            keep("serialization.null.format", p.text()?);
        } else {
            return Ok(());
        }
    }
}

pub(super) fn drop(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["DROP"])?;
    if p.takes(&["DATABASE"]) || p.takes(&["SCHEMA"]) {
        let lenient = p.takes(&["IF", "EXISTS"]);
        let name = p.name()?;
        let cascade = p.takes(&["CASCADE"]);
        let _ = !cascade && p.takes(&["RESTRICT"]);
        p.end()?;
        return Ok(Statement::DropDatabase { name, lenient, cascade });
    }
    let view = p.takes(&["VIEW"]);
    if !view && !p.takes(&["TABLE"]) {
        return Err(p.wrong("'DATABASE', 'SCHEMA', 'TABLE', 'VIEW'"));
    }
    let lenient = p.takes(&["IF", "EXISTS"]);
    let name = p.table()?;
    p.end()?;
    Ok(if view { Statement::DropView { name, lenient } } else { Statement::DropTable { name, lenient } })
}

#[cfg(test)]
mod tests {
    use super::super::classify;
    use super::*;

    #[test]
    fn an_external_table_is_read_with_all_its_clauses() {
        let sql = r#"CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`t` (
            `id` bigint COMMENT 'the id', tags array<string>, s struct<a:int, b:map<string,double>>, p decimal(10, 2))
            COMMENT 'all' PARTITIONED BY (dt string, hour int) CLUSTERED BY (id) INTO 4 BUCKETS
            ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ("separatorChar" = ",", 'escapeChar'='\\')
            STORED AS TEXTFILE LOCATION 's3://b/x/' TBLPROPERTIES ('projection.enabled'='true');"#;
        let Statement::CreateTable(t) = classify(sql).unwrap().statement else { panic!() };
        assert_eq!((t.name.database.as_deref(), t.name.table.as_str(), t.if_not_exists), (Some("db"), "t", true));
        let kinds: Vec<&str> = t.columns.iter().map(|c| c.kind.as_str()).collect();
        assert_eq!(kinds, ["bigint", "array<string>", "struct<a:int,b:map<string,double>>", "decimal(10,2)"]);
        assert_eq!((t.columns[0].comment.as_deref(), t.partitions.len(), t.buckets.as_ref().map(|b| b.1)), (Some("the id"), 2, Some(4)));
        assert_eq!(t.serde_properties["escapeChar"], "\\");
        assert_eq!((t.location.as_deref(), t.stored_as.as_deref()), (Some("s3://b/x/"), Some("textfile")));
    }

    #[test]
    fn delimiters_are_read_with_their_escapes() {
        let sql = r"CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' LOCATION 's3://b/'";
        let Statement::CreateTable(t) = classify(sql).unwrap().statement else { panic!() };
        assert_eq!((t.serde_properties["field.delim"].as_str(), t.serde_properties["escape.delim"].as_str()), ("\t", "\\"));
    }
}
