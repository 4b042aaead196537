//! Athena's statements: what kind a text is, told by its first words, and Hive's statements parsed by hand. Knows neither catalog nor engine.

mod alter;
pub(crate) mod ast;
mod create;
pub(crate) mod lex;
mod parse;
mod show;

use crate::model::StatementType;
use ast::Statement;
use parse::{Malformed, Parser};

/// A statement with the names that Athena's API gives it.
#[derive(Clone, Debug)]
pub(crate) struct Classified {
    pub statement: Statement,
    pub statement_type: StatementType,
    pub substatement: &'static str,
}

const FIRST: &str = "'ALTER', 'CREATE', 'DEALLOCATE', 'DESC', 'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'INSERT', 'MSCK', 'PREPARE', 'SHOW', 'UNLOAD', <query>";

/// Tells what a text is and reads what isn't a query. The error is the message of a MALFORMED_QUERY.
pub(crate) fn classify(sql: &str) -> Result<Classified, Malformed> {
    let mut p = Parser::new(sql, false);
    let Some(first) = p.peek() else { return Err("line 1:1: mismatched input '<EOF>'. Expecting: <query>, 'SELECT', 'WITH'".into()) };
    let word = first.text.to_ascii_uppercase();
    if first.sign('(') || matches!(word.as_str(), "SELECT" | "WITH" | "VALUES" | "TABLE") {
        return Ok(Classified { statement: Statement::Query, statement_type: StatementType::Dml, substatement: "SELECT" });
    }
    let hive = matches!(word.as_str(), "ALTER" | "MSCK" | "SHOW" | "DESC" | "DESCRIBE" | "DROP") || create::is_hive(&p);
    if hive {
        p = Parser::new(sql, true);
    }
    let statement = statement(&mut p, &word)?;
    let (statement_type, substatement) = named(&statement);
    Ok(Classified { statement, statement_type, substatement })
}

fn statement(p: &mut Parser<'_>, word: &str) -> Result<Statement, Malformed> {
    match word {
        "EXPLAIN" => explain(p),
        "SHOW" => show::show(p),
        "DESC" | "DESCRIBE" => show::describe(p),
        "CREATE" => create::create(p),
        "DROP" => create::drop(p),
        "ALTER" => alter::alter(p),
        "MSCK" => {
            p.must(&["MSCK", "REPAIR", "TABLE"])?;
            let name = p.table()?;
            p.end()?;
            Ok(Statement::Repair { name })
        }
        "INSERT" => insert(p),
        "UNLOAD" => unload(p),
        "PREPARE" => {
            p.must(&["PREPARE"])?;
            let name = p.name()?;
            p.must(&["FROM"])?;
            Ok(Statement::Prepare { name, query: p.rest()? })
        }
        "EXECUTE" => {
            p.must(&["EXECUTE"])?;
            let name = p.name()?;
            let parameters = if p.takes(&["USING"]) { p.arguments()? } else { Vec::new() };
            p.end()?;
            Ok(Statement::Execute { name, parameters })
        }
        "DEALLOCATE" => {
            p.must(&["DEALLOCATE", "PREPARE"])?;
            let name = p.name()?;
            p.end()?;
            Ok(Statement::Deallocate { name })
        }
        "DELETE" | "UPDATE" | "MERGE" | "OPTIMIZE" | "VACUUM" => {
            Ok(Statement::Unbuilt(format!("{word} statements, which need Iceberg tables,")))
        }
        "USING" => Ok(Statement::Unbuilt("USING EXTERNAL FUNCTION".into())),
        _ => Err(p.wrong(FIRST)),
    }
}

fn explain(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["EXPLAIN"])?;
    let analyze = p.takes(&["ANALYZE"]);
    p.takes(&["VERBOSE"]);
    let mut format = None;
    let options = p.peek().is_some_and(|t| t.sign('(')) && p.ahead(1).is_some_and(|t| t.is("FORMAT") || t.is("TYPE"));
    if options {
        for (name, value) in p.list(|p| Ok((p.name()?, p.name()?)))? {
            match name.as_str() {
                "format" if value == "text" => {}
                "format" => format = Some(value),
                _ => return Ok(Statement::Unbuilt(format!("EXPLAIN ({} {})", name.to_uppercase(), value.to_uppercase()))),
            }
        }
    }
    Ok(Statement::Explain { analyze, format, query: p.rest()? })
}

fn insert(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["INSERT", "INTO"])?;
    let name = p.table()?;
    // `(` opens a list of columns, or the query itself.
    let columns = p.peek().is_some_and(|t| t.sign('('))
        && !p.ahead(1).is_some_and(|t| t.is("SELECT") || t.is("WITH") || t.is("VALUES") || t.sign('('));
    let columns = if columns { p.list(Parser::name)? } else { Vec::new() };
    Ok(Statement::Insert { name, columns, query: p.rest()? })
}

fn unload(p: &mut Parser<'_>) -> Result<Statement, Malformed> {
    p.must(&["UNLOAD"])?;
    let query = p.bracketed()?;
    p.must(&["TO"])?;
    let to = p.text()?;
    let settings = if p.takes(&["WITH"]) { p.settings()? } else { Default::default() };
    p.end()?;
    Ok(Statement::Unload { query, to, settings })
}

fn named(statement: &Statement) -> (StatementType, &'static str) {
    use Statement::*;
    use StatementType::{Ddl, Dml, Utility};
    match statement {
        Query => (Dml, "SELECT"),
        Explain { analyze: false, .. } => (Utility, "EXPLAIN"),
        Explain { .. } => (Utility, "EXPLAIN_ANALYZE"),
        CreateDatabase { .. } => (Ddl, "CREATE_DATABASE"),
        DropDatabase { .. } => (Ddl, "DROP_DATABASE"),
        AlterDatabase { .. } => (Ddl, "ALTER_DATABASE"),
        CreateTable(_) => (Ddl, "CREATE_TABLE"),
        DropTable { .. } => (Ddl, "DROP_TABLE"),
        AlterTable { alter, .. } => (Ddl, alter::name(alter)),
        Repair { .. } => (Ddl, "MSCK_REPAIR"),
        ShowDatabases { .. } => (Utility, "SHOW_DATABASES"),
        ShowTables { .. } => (Utility, "SHOW_TABLES"),
        ShowViews { .. } => (Utility, "SHOW_VIEWS"),
        ShowColumns { .. } => (Utility, "SHOW_COLUMNS"),
        ShowPartitions { .. } => (Utility, "SHOW_PARTITIONS"),
        ShowCreateTable { .. } => (Utility, "SHOW_CREATE_TABLE"),
        ShowCreateView { .. } => (Utility, "SHOW_CREATE_VIEW"),
        ShowProperties { .. } => (Utility, "SHOW_TBLPROPERTIES"),
        ShowFunctions { .. } => (Utility, "SHOW_FUNCTIONS"),
        Describe { .. } => (Utility, "DESCRIBE_TABLE"),
        DescribeView { .. } => (Utility, "DESC_VIEW"),
        CreateView { .. } => (Ddl, "CREATE_VIEW"),
        DropView { .. } => (Ddl, "DROP_VIEW"),
        CreateTableAs { .. } => (Ddl, "CREATE_TABLE_AS_SELECT"),
        Insert { .. } => (Dml, "INSERT"),
        Unload { .. } => (Dml, "UNLOAD"),
        Prepare { .. } => (Utility, "PREPARE"),
        Execute { .. } => (Utility, "EXECUTE"),
        Deallocate { .. } => (Utility, "DEALLOCATE"),
        Unbuilt(_) => (Dml, "UNSUPPORTED"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(sql: &str) -> &'static str {
        classify(sql).unwrap_or_else(|e| panic!("{sql}: {e}")).substatement
    }

    #[test]
    fn statements_are_told_apart_by_their_first_words() {
        for (sql, wanted) in [
            ("-- hi\n /* x */ select 1", "SELECT"),
            ("(select 1)", "SELECT"),
            ("SHOW TABLES IN `db`;", "SHOW_TABLES"),
            ("drop table if exists a.b", "DROP_TABLE"),
            ("MSCK REPAIR TABLE t", "MSCK_REPAIR"),
            ("EXPLAIN ANALYZE select 1", "EXPLAIN_ANALYZE"),
            ("ALTER TABLE t ADD IF NOT EXISTS PARTITION (d='1') LOCATION 's3://b/x/' PARTITION (d='2')", "ALTER_TABLE_ADD_PARTITION"),
            ("CREATE TABLE x WITH (format='PARQUET', partitioned_by=ARRAY['a']) AS SELECT 1 a", "CREATE_TABLE_AS_SELECT"),
            ("INSERT INTO t (a, b) SELECT 1, 2", "INSERT"),
            ("UNLOAD (SELECT (1)) TO 's3://b/x/' WITH (format='JSON')", "UNLOAD"),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE_VIEW"),
            ("PREPARE p FROM SELECT ?", "PREPARE"),
            ("EXECUTE p USING 1, 'a,b'", "EXECUTE"),
        ] {
            assert_eq!(name(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn what_is_no_statement_is_told_with_its_place() {
        let wrong = |sql: &str| classify(sql).unwrap_err();
        assert!(wrong("selec 1").starts_with("line 1:1: mismatched input 'selec'. Expecting: "));
        assert!(wrong(" -- nothing").contains("<EOF>"));
        assert_eq!(wrong("DROP TABLE t now"), "line 1:14: mismatched input 'now'. Expecting: <EOF>");
        assert_eq!(wrong("CREATE EXTERNAL TABLE t (a int\nLOCATION 'x'"), "line 2:13: mismatched input '<EOF>'. Expecting: ')'");
    }

    #[test]
    fn queries_inside_keep_their_places() {
        let Statement::Unload { query, .. } = classify("UNLOAD (SELECT (1))\nTO 's3://b/x/'").unwrap().statement else { panic!() };
        assert_eq!(query, "        SELECT (1)");
        let Statement::Execute { parameters, .. } = classify("EXECUTE p USING 1, f(2, 3), 'a,b'").unwrap().statement else { panic!() };
        assert_eq!(parameters, ["1", "f(2, 3)", "'a,b'"]);
        assert_eq!(classify("EXECUTE p USING 1,, 2").unwrap_err(), "line 1:19: mismatched input ','. Expecting: <expression>");
        assert_eq!(classify("EXECUTE p USING 1, ").unwrap_err(), "line 1:20: mismatched input '<EOF>'. Expecting: <expression>");
    }
}
