//! What kind of statement a text is: Athena tells by its first words, and so do we, before any parser sees it.

use crate::model::StatementType;

/// The kinds of statement that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    /// SELECT, WITH, VALUES, TABLE, EXPLAIN: DataFusion runs it.
    Query,
    /// SHOW DATABASES or SCHEMAS.
    ShowDatabases,
    /// SHOW TABLES [IN db].
    ShowTables,
    /// SHOW COLUMNS IN table.
    ShowColumns,
    /// SHOW PARTITIONS table.
    ShowPartitions,
    /// DESCRIBE table.
    Describe,
    /// CREATE DATABASE or SCHEMA.
    CreateDatabase,
    /// DROP DATABASE or SCHEMA.
    DropDatabase,
    /// DROP TABLE.
    DropTable,
    /// Something AWS has and we have not.
    Unbuilt,
}

/// A statement's kind with the names that Athena's API gives it.
#[derive(Clone, Debug)]
pub(crate) struct Classified {
    pub kind: Statement,
    pub statement_type: StatementType,
    pub substatement: String,
    /// Words after the leading keywords, for statements that we run ourselves.
    pub rest: Vec<String>,
}

/// Tells what a text is. The error is the message of a MALFORMED_QUERY.
pub(crate) fn classify(sql: &str) -> Result<Classified, String> {
    let words = words(sql);
    let upper: Vec<String> = words.iter().take(4).map(|w| w.to_ascii_uppercase()).collect();
    let at = |i: usize| upper.get(i).map_or("", String::as_str);
    use Statement::*;
    let (kind, statement_type, substatement, skip) = match (at(0), at(1)) {
        ("SELECT" | "WITH" | "VALUES" | "TABLE" | "(", _) => (Query, StatementType::Dml, "SELECT".to_owned(), 0),
        ("EXPLAIN", _) => (Query, StatementType::Utility, "EXPLAIN".into(), 0),
        ("SHOW", "DATABASES" | "SCHEMAS") => (ShowDatabases, StatementType::Utility, "SHOW_DATABASES".into(), 2),
        ("SHOW", "TABLES") => (ShowTables, StatementType::Utility, "SHOW_TABLES".into(), 2),
        ("SHOW", "COLUMNS") => (ShowColumns, StatementType::Utility, "SHOW_COLUMNS".into(), 2),
        ("SHOW", "PARTITIONS") => (ShowPartitions, StatementType::Utility, "SHOW_PARTITIONS".into(), 2),
        ("DESCRIBE" | "DESC", _) => (Describe, StatementType::Utility, "DESCRIBE_TABLE".into(), 1),
        ("CREATE", "DATABASE" | "SCHEMA") => (CreateDatabase, StatementType::Ddl, "CREATE_DATABASE".into(), 2),
        ("DROP", "DATABASE" | "SCHEMA") => (DropDatabase, StatementType::Ddl, "DROP_DATABASE".into(), 2),
        ("DROP", "TABLE") => (DropTable, StatementType::Ddl, "DROP_TABLE".into(), 2),
        ("CREATE" | "ALTER" | "DROP" | "MSCK", second) => (Unbuilt, StatementType::Ddl, format!("{}_{second}", at(0)), 0),
        ("INSERT" | "UNLOAD" | "DELETE" | "UPDATE" | "MERGE", _) => (Unbuilt, StatementType::Dml, at(0).to_owned(), 0),
        ("SHOW" | "PREPARE" | "EXECUTE" | "DEALLOCATE" | "OPTIMIZE" | "VACUUM", second) => {
            (Unbuilt, StatementType::Utility, format!("{}_{second}", at(0)), 0)
        }
        ("", _) => return Err("line 1:1: mismatched input '<EOF>'. Expecting: <query>, 'SELECT', 'WITH'".into()),
        _ => {
            return Err(format!(
                "line 1:1: mismatched input '{}'. Expecting: 'ALTER', 'CREATE', 'DESC', 'DESCRIBE', 'DROP', 'EXPLAIN', 'INSERT', 'SHOW', 'UNLOAD', <query>",
                words[0]
            ));
        }
    };
    Ok(Classified { kind, statement_type, substatement, rest: words.into_iter().skip(skip).collect() })
}

/// The words of a statement without comments, quotes taken off names, a trailing semicolon dropped.
fn words(sql: &str) -> Vec<String> {
    let mut words = Vec::new();
    let chars: Vec<char> = sql.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            c if c.is_whitespace() || c == ';' => i += 1,
            '-' if chars.get(i + 1) == Some(&'-') => i += chars[i..].iter().position(|c| *c == '\n').unwrap_or(chars.len() - i),
            '/' if chars.get(i + 1) == Some(&'*') => {
                let end = (i + 2..chars.len().saturating_sub(1)).find(|j| chars[*j] == '*' && chars[j + 1] == '/');
                i = end.map_or(chars.len(), |j| j + 2);
            }
            quote @ ('`' | '"' | '\'') => {
                let end = (i + 1..chars.len()).find(|j| chars[*j] == quote).unwrap_or(chars.len());
                words.push(chars[i + 1..end].iter().collect());
                i = end + 1;
            }
            c if c.is_alphanumeric() || "_.@$".contains(c) => {
                let end = (i..chars.len()).find(|j| !(chars[*j].is_alphanumeric() || "_.@$-`".contains(chars[*j]))).unwrap_or(chars.len());
                words.push(chars[i..end].iter().filter(|c| **c != '`').collect());
                i = end;
            }
            c => {
                words.push(c.to_string());
                i += 1;
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart_by_their_first_words() {
        let kind = |sql: &str| classify(sql).map(|c| (c.kind, c.substatement)).unwrap();
        assert_eq!(kind("-- hi\n /* x */ select 1"), (Statement::Query, "SELECT".into()));
        assert_eq!(kind("SHOW TABLES IN `db`;"), (Statement::ShowTables, "SHOW_TABLES".into()));
        assert_eq!(kind("drop table if exists a.b"), (Statement::DropTable, "DROP_TABLE".into()));
        assert_eq!(kind("MSCK REPAIR TABLE t").0, Statement::Unbuilt);
        assert_eq!(classify("show tables in `db`").unwrap().rest, ["in", "db"]);
        assert!(classify("selec 1").unwrap_err().starts_with("line 1:1: mismatched input 'selec'"));
        assert!(classify(" -- nothing").is_err());
    }
}
