//! A cloud with Athena over a fake catalog of one table and a fake S3 that keeps what it is given.

use kit::{
    Body, BoxFuture, Bytes, ClockMode, Cloud, Context, Fault, Grant, Scope, Timestamp,
    ports::{Catalog, NewObject, ObjectBytes, ObjectInfo, Objects},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub s3: Arc<FakeS3>,
}

/// Objects by `bucket/key`, and the keys that were read.
#[derive(Default)]
pub struct FakeS3 {
    pub objects: Mutex<BTreeMap<String, Bytes>>,
    pub read: Mutex<Vec<String>>,
}

impl Desk {
    /// Three photographs of two owners in JSON lines.
    pub async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(1_700_000_000)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(athena::Athena::new())).start().await.unwrap();
        let s3 = Arc::new(FakeS3::default());
        s3.keep(
            "lake/photos/owner=ada/1.json",
            r#"{"key":"a.jpg","width":800,"tags":["sea","sun"]}
{"key":"b.jpg","width":1200,"tags":[]}
"#,
        );
        s3.keep(
            "lake/photos/owner=bob/1.json",
            r#"{"key":"c.jpg","width":null,"tags":["sea"]}
"#,
        );
        cloud.ports().offer_objects(s3.clone());
        cloud.ports().offer_catalog(Arc::new(FakeCatalog::new()));
        let cx = cloud.house_context("test");
        Desk { cloud, cx, s3 }
    }
    /// A call as clients make it: with a token of their own, where nobody gives one.
    pub async fn call(&self, operation: &str, mut input: Value) -> Result<Value, Fault> {
        if operation == "StartQueryExecution" && input["ClientRequestToken"].is_null() {
            input["ClientRequestToken"] = self.cx.ids().uuid().into();
        }
        self.cloud.call_json(&self.cx, "athena", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn start(&self, sql: &str) -> Result<String, Fault> {
        let input = json!({
            "QueryString": sql,
            "QueryExecutionContext": { "Database": "db" },
            "ResultConfiguration": { "OutputLocation": "s3://results/out/" },
        });
        Ok(self.call("StartQueryExecution", input).await?["QueryExecutionId"].as_str().unwrap().to_owned())
    }
    /// Starts a query, waits for its end and gives its execution.
    pub async fn run(&self, sql: &str) -> Value {
        let id = self.start(sql).await.unwrap();
        self.cloud.settle(Duration::from_secs(30)).await.unwrap();
        self.ok("GetQueryExecution", json!({ "QueryExecutionId": id })).await["QueryExecution"].clone()
    }
    /// The lines of a statement of the catalog, which has no header.
    pub async fn lines(&self, sql: &str) -> Vec<String> {
        let execution = self.run(sql).await;
        assert_eq!(execution["Status"]["State"], "SUCCEEDED", "{sql}: {execution}");
        let results = self.ok("GetQueryResults", json!({ "QueryExecutionId": execution["QueryExecutionId"] })).await;
        texts(&results["ResultSet"]["Rows"])
    }
    /// Why a query failed.
    pub async fn fails(&self, sql: &str) -> String {
        let execution = self.run(sql).await;
        assert_eq!(execution["Status"]["State"], "FAILED", "{sql}: {execution}");
        execution["Status"]["StateChangeReason"].as_str().unwrap().to_owned()
    }
    /// The rows of a query, header left out; NULL as `-`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let execution = self.run(sql).await;
        assert_eq!(execution["Status"]["State"], "SUCCEEDED", "{execution}");
        let results = self.ok("GetQueryResults", json!({ "QueryExecutionId": execution["QueryExecutionId"] })).await;
        texts(&results["ResultSet"]["Rows"]).split_off(1)
    }
}

/// Rows as texts joined by commas; NULL as `-`.
pub fn texts(rows: &Value) -> Vec<String> {
    let cell = |c: &Value| c["VarCharValue"].as_str().unwrap_or("-").to_owned();
    let row = |r: &Value| r["Data"].as_array().unwrap().iter().map(cell).collect::<Vec<_>>().join(",");
    rows.as_array().unwrap().iter().map(row).collect()
}

impl FakeS3 {
    pub fn keep(&self, name: &str, text: &str) {
        self.objects.lock().unwrap().insert(name.into(), Bytes::from(text.to_owned()));
    }
    pub fn text(&self, name: &str) -> Option<String> {
        self.objects.lock().unwrap().get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

fn info(key: &str, bytes: &Bytes) -> ObjectInfo {
    ObjectInfo { key: key.into(), size: bytes.len() as u64, ..ObjectInfo::default() }
}

impl Objects for FakeS3 {
    fn get<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        bucket: &'a str,
        key: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>> {
        Box::pin(async move {
            grant.covers("s3:GetObject", &format!("arn:aws:s3:::{bucket}/{key}"))?;
            let name = format!("{bucket}/{key}");
            let whole = self.objects.lock().unwrap().get(&name).cloned().ok_or_else(|| Fault::new("NoSuchKey", 404, "gone"))?;
            self.read.lock().unwrap().push(name);
            let bytes = range.map_or(whole.clone(), |r| whole.slice(r.start as usize..r.end as usize));
            Ok(ObjectBytes { info: info(key, &whole), bytes })
        })
    }
    fn head<'a>(&'a self, _: &'a Context, _: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move {
            let objects = self.objects.lock().unwrap();
            objects.get(&format!("{bucket}/{key}")).map(|b| info(key, b)).ok_or_else(|| Fault::new("NoSuchKey", 404, "gone"))
        })
    }
    fn put<'a>(&'a self, _: &'a Context, grant: Grant, object: NewObject, mut body: Body) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move {
            grant.covers("s3:PutObject", &format!("arn:aws:s3:::{}/{}", object.bucket, object.key))?;
            let bytes = body.collect(64 << 20).await.map_err(|e| Fault::internal(e.to_string()))?;
            self.objects.lock().unwrap().insert(format!("{}/{}", object.bucket, object.key), bytes.clone());
            Ok(info(&object.key, &bytes))
        })
    }
    fn delete<'a>(&'a self, _: &'a Context, _: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.objects.lock().unwrap().remove(&format!("{bucket}/{key}"));
            Ok(())
        })
    }
    fn list<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectInfo>, Fault>> {
        Box::pin(async move {
            grant.covers("s3:ListBucket", &format!("arn:aws:s3:::{bucket}"))?;
            let objects = self.objects.lock().unwrap();
            let keys = objects.iter().filter_map(|(name, b)| Some((name.strip_prefix(&format!("{bucket}/"))?, b)));
            let wanted = keys.filter(|(key, _)| key.starts_with(prefix) && after.as_deref().is_none_or(|after| *key > after));
            Ok(wanted.take(limit).map(|(key, b)| info(key, b)).collect())
        })
    }
    fn owner(&self, _: &Context, _: &str) -> Option<Scope> {
        None
    }
}

/// A catalog that keeps what it is told; it has `db.photos`, partitioned by owner.
#[derive(Default)]
pub struct FakeCatalog {
    databases: Mutex<BTreeMap<String, Value>>,
    tables: Mutex<BTreeMap<(String, String), Value>>,
    partitions: Mutex<BTreeMap<(String, String), Vec<Value>>>,
}

impl FakeCatalog {
    fn new() -> FakeCatalog {
        let catalog = FakeCatalog::default();
        let at = ("db".to_owned(), "photos".to_owned());
        let one = |owner: &str| {
            let mut storage = photos()["StorageDescriptor"].clone();
            storage["Location"] = format!("s3://lake/photos/owner={owner}/").into();
            json!({ "Values": [owner], "StorageDescriptor": storage })
        };
        catalog.databases.lock().unwrap().insert("db".into(), json!({ "Name": "db" }));
        catalog.tables.lock().unwrap().insert(at.clone(), photos());
        catalog.partitions.lock().unwrap().insert(at, vec![one("ada"), one("bob")]);
        catalog
    }

    fn act(&self, operation: &str, input: &Value) -> Result<Value, Fault> {
        let text = |name: &str| input[name].as_str().unwrap_or("").to_lowercase();
        let key = |table: &str| (text("DatabaseName"), table.to_lowercase());
        let exists = |what: &str| Fault::new("AlreadyExistsException", 400, format!("{what} already exists."));
        match operation {
            "CreateDatabase" => {
                let name = input["DatabaseInput"]["Name"].as_str().unwrap_or("").to_lowercase();
                if self.databases.lock().unwrap().insert(name, input["DatabaseInput"].clone()).is_some() {
                    return Err(exists("Database"));
                }
            }
            "DeleteDatabase" => {
                self.databases.lock().unwrap().remove(&text("Name")).ok_or_else(|| missing(&format!("Database {}", text("Name"))))?;
            }
            "CreateTable" | "UpdateTable" => {
                let at = key(input["TableInput"]["Name"].as_str().unwrap_or(""));
                if !self.databases.lock().unwrap().contains_key(&at.0) {
                    return Err(missing(&format!("Database {}", at.0)));
                }
                let mut table = input["TableInput"].clone();
                table["DatabaseName"] = at.0.clone().into();
                let mut tables = self.tables.lock().unwrap();
                if operation == "CreateTable" && tables.contains_key(&at) {
                    return Err(exists("Table"));
                }
                tables.insert(at, table);
            }
            "DeleteTable" => {
                self.tables.lock().unwrap().remove(&key(&text("Name"))).ok_or_else(|| missing("Entity Not Found. Table"))?;
            }
            "GetPartitions" => {
                return Ok(
                    json!({ "Partitions": self.partitions.lock().unwrap().get(&key(&text("TableName"))).cloned().unwrap_or_default() }),
                );
            }
            "GetPartition" => {
                let all = self.partitions.lock().unwrap();
                let found = all.get(&key(&text("TableName"))).and_then(|all| all.iter().find(|p| p["Values"] == input["PartitionValues"]));
                return found.map(|p| json!({ "Partition": p })).ok_or_else(|| missing("Cannot find partition"));
            }
            "BatchCreatePartition" => {
                let mut errors = Vec::new();
                let mut partitions = self.partitions.lock().unwrap();
                let all = partitions.entry(key(&text("TableName"))).or_default();
                for one in input["PartitionInputList"].as_array().unwrap() {
                    match all.iter().any(|p| p["Values"] == one["Values"]) {
                        true => errors.push(json!({ "PartitionValues": one["Values"], "ErrorDetail": { "ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists." } })),
                        false => all.push(one.clone()),
                    }
                }
                return Ok(json!({ "Errors": errors }));
            }
            "BatchDeletePartition" => {
                let gone: Vec<Value> = input["PartitionsToDelete"].as_array().unwrap().iter().map(|p| p["Values"].clone()).collect();
                self.partitions.lock().unwrap().entry(key(&text("TableName"))).or_default().retain(|p| !gone.contains(&p["Values"]));
            }
            "UpdatePartition" => {
                let mut partitions = self.partitions.lock().unwrap();
                let all = partitions.entry(key(&text("TableName"))).or_default();
                let at =
                    all.iter().position(|p| p["Values"] == input["PartitionValueList"]).ok_or_else(|| missing("Cannot find partition"))?;
                all[at] = input["PartitionInput"].clone();
            }
            other => return Err(Fault::new("NotImplemented", 501, other.to_owned())),
        }
        Ok(json!({}))
    }
}

fn missing(what: &str) -> Fault {
    Fault::new("EntityNotFoundException", 400, format!("{what} not found."))
}

impl Catalog for FakeCatalog {
    fn database<'a>(&'a self, _: &'a Context, name: &'a str) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { self.databases.lock().unwrap().get(name).cloned().ok_or_else(|| missing(&format!("Database {name}"))) })
    }
    fn databases<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(async { Ok(self.databases.lock().unwrap().values().cloned().collect()) })
    }
    fn table<'a>(&'a self, _: &'a Context, database: &'a str, name: &'a str) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move {
            if !self.databases.lock().unwrap().contains_key(database) {
                return Err(missing(&format!("Database {database}")));
            }
            let found = self.tables.lock().unwrap().get(&(database.to_owned(), name.to_owned())).cloned();
            found.ok_or_else(|| missing(&format!("Entity Not Found. Table {name}")))
        })
    }
    fn tables<'a>(&'a self, _: &'a Context, database: &'a str) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(
            async move { Ok(self.tables.lock().unwrap().iter().filter(|((d, _), _)| d == database).map(|(_, t)| t.clone()).collect()) },
        )
    }
    fn partitions<'a>(&'a self, _: &'a Context, database: &'a str, table: &'a str) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(
            async move { Ok(self.partitions.lock().unwrap().get(&(database.to_owned(), table.to_owned())).cloned().unwrap_or_default()) },
        )
    }
    fn run<'a>(&'a self, _: &'a Context, operation: &'a str, input: Value) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { self.act(operation, &input) })
    }
}

fn photos() -> Value {
    json!({
        "Name": "photos",
        "DatabaseName": "db",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Location": "s3://lake/photos/",
            "Columns": [{ "Name": "key", "Type": "string" }, { "Name": "width", "Type": "int" }, { "Name": "tags", "Type": "array<string>" }],
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "SerdeInfo": { "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe" },
        },
        "PartitionKeys": [{ "Name": "owner", "Type": "string" }],
    })
}
