//! Statements that the catalog answers, as the parser hands them over.

use std::collections::BTreeMap;

/// Properties by name.
pub(crate) type Properties = BTreeMap<String, String>;

/// A table's name; the database where it was given. Both in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableName {
    /// Database, if given.
    pub database: Option<String>,
    /// Table.
    pub table: String,
}

/// A column of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnDef {
    /// Name in lower case.
    pub name: String,
    /// Hive's type, without blanks.
    pub kind: String,
    /// Comment.
    pub comment: Option<String>,
}

/// `(key = value, ...)` of a partition.
pub(crate) type PartitionSpec = Vec<(String, String)>;

/// One comparison of DROP PARTITION: key, operator, value.
pub(crate) type PartitionTest = (String, String, String);

/// CREATE EXTERNAL TABLE.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CreateTable {
    pub name: TableName,
    pub external: bool,
    pub if_not_exists: bool,
    pub columns: Vec<ColumnDef>,
    pub comment: Option<String>,
    pub partitions: Vec<ColumnDef>,
    /// Columns and number of CLUSTERED BY.
    pub buckets: Option<(Vec<String>, i32)>,
    pub serde: Option<String>,
    pub serde_properties: Properties,
    pub stored_as: Option<String>,
    /// INPUTFORMAT and OUTPUTFORMAT.
    pub formats: Option<(String, String)>,
    pub location: Option<String>,
    pub properties: Properties,
}

/// What ALTER TABLE does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Alter {
    AddPartitions {
        lenient: bool,
        partitions: Vec<(PartitionSpec, Option<String>)>,
    },
    DropPartitions {
        lenient: bool,
        partitions: Vec<Vec<PartitionTest>>,
    },
    RenamePartition {
        from: PartitionSpec,
        to: PartitionSpec,
    },
    SetLocation {
        partition: Option<PartitionSpec>,
        location: String,
    },
    SetProperties(Properties),
    AddColumns(Vec<ColumnDef>),
    ReplaceColumns(Vec<ColumnDef>),
    /// `cascade` where partitions are to have it, too.
    ChangeColumn {
        from: String,
        to: ColumnDef,
        place: Option<Place>,
        cascade: bool,
    },
}

/// Where a column goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    First,
    After(String),
}

/// How DESCRIBE shows a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Plain,
    Formatted,
    Extended,
}

/// A value of CTAS's WITH clause.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    Text(String),
    List(Vec<String>),
}

/// A statement. Queries inside are texts as long as the statement, all else blanked out, so that places in them hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// SELECT, WITH, VALUES, TABLE: the engine runs the text.
    Query,
    /// EXPLAIN of a query.
    Explain {
        analyze: bool,
        format: Option<String>,
        query: String,
    },
    CreateDatabase {
        name: String,
        lenient: bool,
        comment: Option<String>,
        location: Option<String>,
        properties: Properties,
    },
    DropDatabase {
        name: String,
        lenient: bool,
        cascade: bool,
    },
    AlterDatabase {
        name: String,
        properties: Properties,
    },
    CreateTable(Box<CreateTable>),
    DropTable {
        name: TableName,
        lenient: bool,
    },
    AlterTable {
        name: TableName,
        alter: Alter,
    },
    Repair {
        name: TableName,
    },
    ShowDatabases {
        like: Option<String>,
    },
    ShowTables {
        database: Option<String>,
        like: Option<String>,
    },
    ShowViews {
        database: Option<String>,
        like: Option<String>,
    },
    ShowColumns {
        name: TableName,
    },
    ShowPartitions {
        name: TableName,
    },
    ShowCreateTable {
        name: TableName,
    },
    ShowCreateView {
        name: TableName,
    },
    ShowProperties {
        name: TableName,
        property: Option<String>,
    },
    ShowFunctions {
        like: Option<String>,
    },
    Describe {
        name: TableName,
        detail: Detail,
        partition: Option<PartitionSpec>,
        column: Option<String>,
    },
    DescribeView {
        name: TableName,
    },
    CreateView {
        name: TableName,
        replace: bool,
        query: String,
    },
    DropView {
        name: TableName,
        lenient: bool,
    },
    CreateTableAs {
        name: TableName,
        lenient: bool,
        settings: BTreeMap<String, Setting>,
        query: String,
        data: bool,
    },
    Insert {
        name: TableName,
        columns: Vec<String>,
        query: String,
    },
    Unload {
        query: String,
        to: String,
        settings: BTreeMap<String, Setting>,
    },
    Prepare {
        name: String,
        query: String,
    },
    Execute {
        name: String,
        parameters: Vec<String>,
    },
    Deallocate {
        name: String,
    },
    /// Something that AWS has and we have not: its name.
    Unbuilt(String),
}

impl Statement {
    /// The query that a statement runs, if it runs one; `text` is the statement's own.
    pub(crate) fn query<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match self {
            Statement::Query => Some(text),
            Statement::Explain { query, .. }
            | Statement::CreateView { query, .. }
            | Statement::CreateTableAs { query, .. }
            | Statement::Insert { query, .. }
            | Statement::Unload { query, .. } => Some(query),
            _ => None,
        }
    }
}
