//! Prepared statements: kept for a work group, by the API or by PREPARE, run by EXECUTE.

use crate::{
    Athena,
    engine::QueryError,
    model::*,
    state::{PREPARED, PRIMARY, invalid},
    work_groups::{group_arn, must_find},
};
use kit::{Access, Authorize, Context, Fault, Read, pages, wire::kept::Kept};

impl Athena {
    /// Keeps a statement under a name.
    pub async fn create_prepared_statement(
        &self,
        cx: &Context,
        input: CreatePreparedStatementInput,
    ) -> Result<CreatePreparedStatementOutput, Fault> {
        let statement = PreparedStatement {
            statement_name: Some(input.statement_name.clone()),
            query_statement: Some(input.query_statement),
            work_group_name: Some(input.work_group.clone()),
            description: input.description,
            last_modified_time: Some(cx.now()),
        };
        cx.store()
            .write(|tx| {
                must_find(tx, cx, &input.work_group)?;
                let key = (input.work_group.clone(), input.statement_name.clone());
                if tx.exists(&PREPARED, cx.scope(), &key)? {
                    return Err(invalid(
                        "PREPARED_STATEMENT_ALREADY_EXISTS",
                        format!("PreparedStatement {} already exists in workGroup {}", key.1, key.0),
                    ));
                }
                tx.put(&PREPARED, cx.scope(), &key, &Kept(statement))
            })
            .await?;
        Ok(CreatePreparedStatementOutput {})
    }

    /// A prepared statement.
    pub async fn get_prepared_statement(
        &self,
        cx: &Context,
        input: GetPreparedStatementInput,
    ) -> Result<GetPreparedStatementOutput, Fault> {
        let found = cx.store().read(|s| s.get(&PREPARED, cx.scope(), &(input.work_group.clone(), input.statement_name.clone())))?;
        let found = found.ok_or_else(|| missing(&input.work_group, &input.statement_name))?;
        Ok(GetPreparedStatementOutput { prepared_statement: Some(found.0) })
    }

    /// Several prepared statements; names that are not there are told apart.
    pub async fn batch_get_prepared_statement(
        &self,
        cx: &Context,
        input: BatchGetPreparedStatementInput,
    ) -> Result<BatchGetPreparedStatementOutput, Fault> {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for name in input.prepared_statement_names {
            match cx.store().read(|s| s.get(&PREPARED, cx.scope(), &(input.work_group.clone(), name.clone())))? {
                Some(statement) => found.push(statement.0),
                None => unknown.push(UnprocessedPreparedStatementName {
                    error_message: Some(missing(&input.work_group, &name).message),
                    error_code: Some("STATEMENT_NOT_FOUND".into()),
                    statement_name: Some(name),
                }),
            }
        }
        Ok(BatchGetPreparedStatementOutput { prepared_statements: Some(found), unprocessed_prepared_statement_names: Some(unknown) })
    }

    /// Replaces a statement's text.
    pub async fn update_prepared_statement(
        &self,
        cx: &Context,
        input: UpdatePreparedStatementInput,
    ) -> Result<UpdatePreparedStatementOutput, Fault> {
        cx.store()
            .write(|tx| {
                let key = (input.work_group.clone(), input.statement_name.clone());
                let mut kept = tx.get(&PREPARED, cx.scope(), &key)?.ok_or_else(|| missing(&key.0, &key.1))?;
                kept.0.query_statement = Some(input.query_statement);
                kept.0.description = input.description.or(kept.0.description.take());
                kept.0.last_modified_time = Some(cx.now());
                tx.put(&PREPARED, cx.scope(), &key, &kept)
            })
            .await?;
        Ok(UpdatePreparedStatementOutput {})
    }

    /// Removes a prepared statement.
    pub async fn delete_prepared_statement(
        &self,
        cx: &Context,
        input: DeletePreparedStatementInput,
    ) -> Result<DeletePreparedStatementOutput, Fault> {
        let gone =
            cx.store().write(|tx| tx.delete(&PREPARED, cx.scope(), &(input.work_group.clone(), input.statement_name.clone()))).await?;
        gone.map(|_| DeletePreparedStatementOutput {}).ok_or_else(|| missing(&input.work_group, &input.statement_name))
    }

    /// Names of a work group's prepared statements.
    pub async fn list_prepared_statements(
        &self,
        cx: &Context,
        input: ListPreparedStatementsInput,
    ) -> Result<ListPreparedStatementsOutput, Fault> {
        let all: Vec<(String, Option<kit::Timestamp>)> = cx.store().read(|s| {
            must_find(s, cx, &input.work_group)?;
            let rows = s.scan(&PREPARED, cx.scope()).prefix(&(input.work_group.clone(),));
            rows.map(|row| row.map(|((_, name), kept)| (name, kept.0.last_modified_time))).collect::<Result<_, Fault>>()
        })?;
        let limit = input.max_results.unwrap_or(50).clamp(1, 50) as usize;
        let page = pages::page(
            all,
            |(name, _)| name.clone(),
            input.next_token.as_deref(),
            limit,
            || invalid("MALFORMED_TOKEN", "Malformed nextPageToken"),
        )?;
        let summary = |(name, at)| PreparedStatementSummary { statement_name: Some(name), last_modified_time: at };
        Ok(ListPreparedStatementsOutput { prepared_statements: Some(page.items.into_iter().map(summary).collect()), next_token: page.next })
    }
}

fn missing(group: &str, name: &str) -> Fault {
    Error::ResourceNotFound.says(format!("PreparedStatement {name} was not found in workGroup {group}"))
}

/// The text of a statement that EXECUTE names.
pub(crate) fn text(cx: &Context, group: &str, name: &str) -> Result<String, QueryError> {
    let found = cx.store().read(|s| s.get(&PREPARED, cx.scope(), &(group.to_owned(), name.to_owned()))).map_err(QueryError::internal)?;
    found
        .and_then(|k| k.0.query_statement)
        .ok_or_else(|| QueryError::user(1300, format!("NOT_FOUND: Prepared statement not found: {name}")))
}

/// PREPARE: keeps a text, in place of one of the same name.
pub(crate) async fn keep(cx: &Context, group: &str, name: &str, query: &str) -> Result<(), QueryError> {
    let statement = PreparedStatement {
        statement_name: Some(name.to_owned()),
        query_statement: Some(query.trim().to_owned()),
        work_group_name: Some(group.to_owned()),
        description: None,
        last_modified_time: Some(cx.now()),
    };
    cx.store()
        .write(|tx| tx.put(&PREPARED, cx.scope(), &(group.to_owned(), name.to_owned()), &Kept(statement)))
        .await
        .map_err(QueryError::internal)
}

/// DEALLOCATE PREPARE.
pub(crate) async fn forget(cx: &Context, group: &str, name: &str) -> Result<(), QueryError> {
    let gone = cx
        .store()
        .write(|tx| tx.delete(&PREPARED, cx.scope(), &(group.to_owned(), name.to_owned())))
        .await
        .map_err(QueryError::internal)?;
    gone.map(drop).ok_or_else(|| QueryError::user(1300, format!("NOT_FOUND: Prepared statement not found: {name}")))
}

macro_rules! on_statement {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Athena> for $input {
            fn access(&self, _: &Athena, cx: &Context) -> Access {
                Access::on($action, group_arn(cx, if self.work_group.is_empty() { PRIMARY } else { &self.work_group }))
            }
        }
    )*};
}
on_statement! {
    CreatePreparedStatementInput => "athena:CreatePreparedStatement";
    GetPreparedStatementInput => "athena:GetPreparedStatement";
    BatchGetPreparedStatementInput => "athena:BatchGetPreparedStatement";
    UpdatePreparedStatementInput => "athena:UpdatePreparedStatement";
    DeletePreparedStatementInput => "athena:DeletePreparedStatement";
    ListPreparedStatementsInput => "athena:ListPreparedStatements";
}
