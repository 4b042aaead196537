//! SHOW and DESCRIBE.

use super::{
    ast::*,
    parse::{Malformed, Parser},
};

pub(super) fn show(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["SHOW"])?;
    let statement = if p.takes(&["DATABASES"]) || p.takes(&["SCHEMAS"]) {
        Statement::ShowDatabases { like: pattern(p)? }
    } else if p.takes(&["TABLES"]) {
        let database = database(p)?;
        Statement::ShowTables { database, like: pattern(p)? }
    } else if p.takes(&["VIEWS"]) {
        let database = database(p)?;
        Statement::ShowViews { database, like: pattern(p)? }
    } else if p.takes(&["COLUMNS"]) {
        if !p.takes(&["IN"]) && !p.takes(&["FROM"]) {
            return Err(p.wrong("'FROM', 'IN'"));
        }
        let mut name = p.table()?;
        if let Some(database) = database(p)? {
            name.database = Some(database);
        }
        Statement::ShowColumns { name }
    } else if p.takes(&["PARTITIONS"]) {
        Statement::ShowPartitions { name: p.table()? }
    } else if p.takes(&["CREATE", "TABLE"]) {
        Statement::ShowCreateTable { name: p.table()? }
    } else if p.takes(&["CREATE", "VIEW"]) {
        Statement::ShowCreateView { name: p.table()? }
    } else if p.takes(&["TBLPROPERTIES"]) {
        let name = p.table()?;
        let property = if p.takes_sign('(') {
            let property = p.text()?;
            p.must_sign(')')?;
            Some(property)
        } else {
            None
        };
        Statement::ShowProperties { name, property }
    } else if p.takes(&["FUNCTIONS"]) {
        Statement::ShowFunctions { like: pattern(p)? }
    } else {
        return Err(p.wrong("'COLUMNS', 'CREATE', 'DATABASES', 'FUNCTIONS', 'PARTITIONS', 'SCHEMAS', 'TABLES', 'TBLPROPERTIES', 'VIEWS'"));
    };
    p.end()?;
    Ok(statement)
}

fn database(p: &mut Parser<'_>) -> Result<Option<String>, Malformed> {
    if p.takes(&["IN"]) || p.takes(&["FROM"]) { p.name().map(Some) } else { Ok(None) }
}

fn pattern(p: &mut Parser<'_>) -> Result<Option<String>, Malformed> {
    p.takes(&["LIKE"]);
    if p.done() { Ok(None) } else { p.text().map(Some) }
}

pub(super) fn describe(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    let _ = p.takes(&["DESCRIBE"]) || p.takes(&["DESC"]);
    if p.takes(&["VIEW"]) {
        let name = p.table()?;
        p.end()?;
        return Ok(Statement::DescribeView { name });
    }
    let detail = if p.takes(&["FORMATTED"]) {
        Detail::Formatted
    } else if p.takes(&["EXTENDED"]) {
        Detail::Extended
    } else {
        Detail::Plain
    };
    let name = p.table()?;
    let partition = if p.takes(&["PARTITION"]) { Some(p.partition()?) } else { None };
    let column = if p.done() { None } else { Some(p.name()?) };
    p.end()?;
    Ok(Statement::Describe { name, detail, partition, column })
}
