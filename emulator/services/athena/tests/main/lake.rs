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
        cloud.ports().offer_catalog(Arc::new(OneTable));
        let cx = cloud.house_context("test");
        Desk { cloud, cx, s3 }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
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
    fn keep(&self, name: &str, text: &str) {
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
            let bytes = body.collect(1 << 20).await.map_err(|e| Fault::internal(e.to_string()))?;
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

/// `db.photos`, partitioned by owner.
struct OneTable;

fn missing(what: &str) -> Fault {
    Fault::new("EntityNotFoundException", 400, format!("{what} not found."))
}

impl Catalog for OneTable {
    fn database<'a>(&'a self, _: &'a Context, name: &'a str) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { if name == "db" { Ok(json!({ "Name": "db" })) } else { Err(missing(&format!("Database {name}"))) } })
    }
    fn databases<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(async { Ok(vec![json!({ "Name": "db" })]) })
    }
    fn table<'a>(&'a self, _: &'a Context, database: &'a str, name: &'a str) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move {
            match (database, name) {
                ("db", "photos") => Ok(photos()),
                ("db", _) => Err(missing(&format!("Entity Not Found. Table {name}"))),
                _ => Err(missing(&format!("Database {database}"))),
            }
        })
    }
    fn tables<'a>(&'a self, _: &'a Context, _: &'a str) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(async { Ok(vec![photos()]) })
    }
    fn partitions<'a>(&'a self, _: &'a Context, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        let one =
            |owner: &str| json!({ "Values": [owner], "StorageDescriptor": { "Location": format!("s3://lake/photos/owner={owner}/") } });
        Box::pin(async move { Ok(vec![one("ada"), one("bob")]) })
    }
    fn run<'a>(&'a self, _: &'a Context, operation: &'a str, _: Value) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { Err(Fault::new("NotImplemented", 501, operation.to_owned())) })
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
