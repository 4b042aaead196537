//! ALTER TABLE and ALTER DATABASE.

use super::{
    ast::*,
    parse::{Malformed, Parser},
};

pub(super) fn alter(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["ALTER"])?;
    if p.takes(&["DATABASE"]) || p.takes(&["SCHEMA"]) {
        let name = p.name()?;
        p.must(&["SET", "DBPROPERTIES"])?;
        let properties = p.properties()?;
        p.end()?;
        return Ok(Statement::AlterDatabase { name, properties });
    }
    p.must(&["TABLE"])?;
    let name = p.table()?;
    let alter = change(p)?;
    p.end()?;
    Ok(Statement::AlterTable { name, alter })
}

fn change(p: &mut Parser<'_>) -> Result<Alter, Malformed> {
    if p.takes(&["ADD", "COLUMNS"]) {
        return Ok(Alter::AddColumns(p.columns()?));
    }
    if p.takes(&["REPLACE", "COLUMNS"]) {
        return Ok(Alter::ReplaceColumns(p.columns()?));
    }
    if p.takes(&["CHANGE"]) {
        return change_column(p);
    }
    if p.takes(&["ADD"]) {
        return add(p);
    }
    if p.takes(&["DROP"]) {
        return drop(p);
    }
    if p.takes(&["SET", "TBLPROPERTIES"]) {
        return Ok(Alter::SetProperties(p.properties()?));
    }
    if p.takes(&["SET", "LOCATION"]) {
        return Ok(Alter::SetLocation { partition: None, location: p.text()? });
    }
    if p.takes(&["PARTITION"]) {
        let from = p.partition()?;
        if p.takes(&["RENAME", "TO", "PARTITION"]) {
            return Ok(Alter::RenamePartition { from, to: p.partition()? });
        }
        if p.takes(&["SET", "LOCATION"]) {
            return Ok(Alter::SetLocation { partition: Some(from), location: p.text()? });
        }
        return Err(p.wrong("'RENAME', 'SET'"));
    }
    Err(p.wrong("'ADD', 'CHANGE', 'DROP', 'PARTITION', 'REPLACE', 'SET'"))
}

fn change_column(p: &mut Parser<'_>) -> Result<Alter, Malformed> {
    p.takes(&["COLUMN"]);
    let (from, to) = (p.name()?, p.column()?);
    let place = if p.takes(&["FIRST"]) {
        Some(Place::First)
    } else if p.takes(&["AFTER"]) {
        Some(Place::After(p.name()?))
    } else {
        None
    };
    let cascade = p.takes(&["CASCADE"]);
    if !cascade {
        p.takes(&["RESTRICT"]);
    }
    Ok(Alter::ChangeColumn { from, to, place, cascade })
}

fn add(p: &mut Parser<'_>) -> Result<Alter, Malformed> {
    let lenient = p.takes(&["IF", "NOT", "EXISTS"]);
    let mut partitions = Vec::new();
    while p.takes(&["PARTITION"]) {
        let spec = p.partition()?;
        let location = if p.takes(&["LOCATION"]) { Some(p.text()?) } else { None };
        partitions.push((spec, location));
    }
    match partitions.is_empty() {
        true => Err(p.wrong("'COLUMNS', 'IF', 'PARTITION'")),
        false => Ok(Alter::AddPartitions { lenient, partitions }),
    }
}

fn drop(p: &mut Parser<'_>) -> Result<Alter, Malformed> {
    let lenient = p.takes(&["IF", "EXISTS"]);
    let mut partitions = Vec::new();
    loop {
        p.must(&["PARTITION"])?;
        partitions.push(p.list(|p| {
            let key = p.name()?;
            let mut operator = String::new();
            for sign in ['<', '>', '!', '='] {
                if p.takes_sign(sign) {
                    operator.push(sign);
                }
            }
            match operator.as_str() {
                "=" | "<" | ">" | "<=" | ">=" | "<>" | "!=" => Ok((key, operator, p.value()?)),
                _ => Err(p.wrong("'='")),
            }
        })?);
        if !p.takes_sign(',') {
            return Ok(Alter::DropPartitions { lenient, partitions });
        }
    }
}

/// The substatement's name.
pub(super) fn name(alter: &Alter) -> &'static str {
    match alter {
        Alter::AddPartitions { .. } => "ALTER_TABLE_ADD_PARTITION",
        Alter::DropPartitions { .. } => "ALTER_TABLE_DROP_PARTITION",
        Alter::RenamePartition { .. } => "ALTER_TABLE_RENAME_PARTITION",
        Alter::SetLocation { .. } => "ALTER_TABLE_SET_LOCATION",
        Alter::SetProperties(_) => "ALTER_TABLE_SET_PROPERTIES",
        Alter::AddColumns(_) => "ALTER_TABLE_ADD_COLUMNS",
        Alter::ReplaceColumns(_) => "ALTER_TABLE_REPLACE_COLUMNS",
        Alter::ChangeColumn { .. } => "ALTER_TABLE_CHANGE_COLUMN",
    }
}
