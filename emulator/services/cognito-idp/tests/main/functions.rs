//! Functions as triggers meet them: closures that remember what they were told.

use kit::{
    BoxFuture, Cloud, Context, Fault, Grant,
    ports::{self, DataKey, EncryptionContext, Invocation, Invoked},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

type Answer = Arc<dyn Fn(Value) -> Result<Value, String> + Send + Sync>;

#[derive(Default)]
pub struct Functions {
    answers: Mutex<BTreeMap<String, Option<Answer>>>,
    events: Mutex<Vec<(String, Value)>>,
}

/// The ARN of a function.
pub fn arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

impl Functions {
    pub fn offered(cloud: &Cloud) -> Arc<Functions> {
        let functions = Arc::new(Functions::default());
        cloud.ports().offer_functions(functions.clone());
        functions
    }
    pub fn on(&self, name: &str, answer: impl Fn(Value) -> Result<Value, String> + Send + Sync + 'static) {
        self.answers.lock().unwrap().insert(arn(name), Some(Arc::new(answer)));
    }
    /// From now on the function never answers.
    pub fn hang(&self, name: &str) {
        self.answers.lock().unwrap().insert(arn(name), None);
    }
    pub fn forget(&self, name: &str) {
        self.answers.lock().unwrap().remove(&arn(name));
    }
    /// What a function was told; it is forgotten here.
    pub fn take(&self, name: &str) -> Vec<Value> {
        let mut events = self.events.lock().unwrap();
        let (mine, rest): (Vec<_>, Vec<_>) = events.drain(..).partition(|(to, _)| *to == arn(name));
        *events = rest;
        mine.into_iter().map(|(_, event)| event).collect()
    }
    /// How often a function was called.
    pub fn told(&self, name: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|(to, _)| *to == arn(name)).count()
    }
    /// The one event that a function was told.
    pub fn only(&self, name: &str) -> Value {
        let mut mine = self.take(name);
        assert_eq!(mine.len(), 1, "{mine:?}");
        mine.remove(0)
    }
}

impl ports::Functions for Functions {
    fn invoke<'a>(&'a self, _: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            assert!(!call.asynchronous);
            let event: Value = serde_json::from_slice(&call.payload).unwrap();
            self.events.lock().unwrap().push((call.function_arn.clone(), event.clone()));
            let answer = self.answers.lock().unwrap().get(&call.function_arn).cloned();
            match answer {
                None => Err(Fault::new("ResourceNotFoundException", 404, "Function not found")),
                Some(None) => {
                    std::future::pending::<()>().await;
                    unreachable!()
                }
                Some(Some(answer)) => Ok(match answer(event) {
                    Ok(value) => Invoked { status: 200, payload: value.to_string().into(), function_error: None },
                    Err(text) => Invoked {
                        status: 200,
                        payload: json!({ "errorMessage": text, "errorType": "Error" }).to_string().into(),
                        function_error: Some("Unhandled".into()),
                    },
                }),
            }
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

/// One key of KMS's.
pub struct Keys;

impl Keys {
    pub const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    pub const PLAIN: [u8; 32] = [9; 32];
    pub const ENCRYPTED: &[u8] = b"an encrypted data key";
}

impl ports::Keys for Keys {
    fn resolve<'a>(&'a self, _: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move { Ok(key.to_owned()) })
    }
    fn data_key<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<DataKey, Fault>> {
        Box::pin(async move {
            grant.covers("kms:GenerateDataKey", key_arn)?;
            assert!(context.contains_key("userpool-id"));
            Ok(DataKey { plain: Keys::PLAIN, encrypted: Keys::ENCRYPTED.into() })
        })
    }
    fn decrypt<'a>(
        &'a self,
        _: &'a Context,
        _: Grant,
        _: &'a str,
        _: &'a [u8],
        _: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<[u8; 32], Fault>> {
        Box::pin(async { Err(Fault::internal("nothing is decrypted here")) })
    }
}
