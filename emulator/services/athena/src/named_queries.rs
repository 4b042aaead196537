//! Named queries.

use crate::{
    Athena,
    model::*,
    state::{NAMED, PRIMARY, invalid},
    work_groups::{group_arn, must_find},
};
use kit::{Access, Authorize, Context, Fault, Read, pages, wire::kept::Kept};

impl Athena {
    /// Keeps a query under a name.
    pub async fn create_named_query(&self, cx: &Context, input: CreateNamedQueryInput) -> Result<CreateNamedQueryOutput, Fault> {
        if input.client_request_token.is_some() {
            cx.warn("member ClientRequestToken has no effect");
        }
        let id = cx.ids().uuid();
        let group = input.work_group.unwrap_or_else(|| PRIMARY.into());
        let query = NamedQuery {
            name: input.name,
            description: input.description,
            database: input.database,
            query_string: input.query_string,
            named_query_id: Some(id.clone()),
            work_group: Some(group.clone()),
        };
        cx.store()
            .write(|tx| {
                must_find(tx, cx, &group)?;
                tx.put(&NAMED, cx.scope(), &id, &Kept(query))
            })
            .await?;
        Ok(CreateNamedQueryOutput { named_query_id: Some(id) })
    }

    /// A named query.
    pub async fn get_named_query(&self, cx: &Context, input: GetNamedQueryInput) -> Result<GetNamedQueryOutput, Fault> {
        let query = cx.store().read(|s| s.get(&NAMED, cx.scope(), &input.named_query_id))?;
        Ok(GetNamedQueryOutput { named_query: Some(query.ok_or_else(|| missing(&input.named_query_id))?.0) })
    }

    /// Several named queries; ids that are not there are told apart.
    pub async fn batch_get_named_query(&self, cx: &Context, input: BatchGetNamedQueryInput) -> Result<BatchGetNamedQueryOutput, Fault> {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for id in input.named_query_ids {
            match cx.store().read(|s| s.get(&NAMED, cx.scope(), &id))? {
                Some(query) => found.push(query.0),
                None => unknown.push(UnprocessedNamedQueryId {
                    error_code: Some("NAMED_QUERY_NOT_FOUND".into()),
                    error_message: Some(missing(&id).message),
                    named_query_id: Some(id),
                }),
            }
        }
        Ok(BatchGetNamedQueryOutput { named_queries: Some(found), unprocessed_named_query_ids: Some(unknown) })
    }

    /// Replaces a named query's name and text.
    pub async fn update_named_query(&self, cx: &Context, input: UpdateNamedQueryInput) -> Result<UpdateNamedQueryOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut query = tx.get(&NAMED, cx.scope(), &input.named_query_id)?.ok_or_else(|| missing(&input.named_query_id))?;
                query.0.name = input.name;
                query.0.query_string = input.query_string;
                query.0.description = input.description.or(query.0.description.take());
                tx.put(&NAMED, cx.scope(), &input.named_query_id, &query)
            })
            .await?;
        Ok(UpdateNamedQueryOutput {})
    }

    /// Removes a named query.
    pub async fn delete_named_query(&self, cx: &Context, input: DeleteNamedQueryInput) -> Result<DeleteNamedQueryOutput, Fault> {
        let gone = cx.store().write(|tx| tx.delete(&NAMED, cx.scope(), &input.named_query_id)).await?;
        gone.map(|_| DeleteNamedQueryOutput {}).ok_or_else(|| missing(&input.named_query_id))
    }

    /// Ids of the named queries of a work group.
    pub async fn list_named_queries(&self, cx: &Context, input: ListNamedQueriesInput) -> Result<ListNamedQueriesOutput, Fault> {
        let group = input.work_group.unwrap_or_else(|| PRIMARY.into());
        let all: Vec<String> = cx.store().read(|s| {
            must_find(s, cx, &group)?;
            let rows = s.scan(&NAMED, cx.scope()).filter_map(|row| row.ok());
            Ok::<_, Fault>(rows.filter(|(_, q)| q.0.work_group.as_deref() == Some(&*group)).map(|(id, _)| id).collect())
        })?;
        let limit = input.max_results.unwrap_or(50).clamp(1, 50) as usize;
        let page =
            pages::page(all, String::clone, input.next_token.as_deref(), limit, || invalid("MALFORMED_TOKEN", "Malformed nextPageToken"))?;
        Ok(ListNamedQueriesOutput { named_query_ids: Some(page.items), next_token: page.next })
    }
}

fn missing(id: &str) -> Fault {
    invalid("NAMED_QUERY_NOT_FOUND", format!("NamedQuery {id} was not found"))
}

fn group_of_query(cx: &Context, id: &str) -> String {
    let found = cx.store().read(|s| s.get(&NAMED, cx.scope(), &id.to_owned())).ok().flatten();
    group_arn(cx, found.as_ref().and_then(|q| q.0.work_group.as_deref()).unwrap_or(PRIMARY))
}

impl Authorize<Athena> for CreateNamedQueryInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:CreateNamedQuery", group_arn(cx, self.work_group.as_deref().unwrap_or(PRIMARY)))
    }
}
impl Authorize<Athena> for ListNamedQueriesInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:ListNamedQueries", group_arn(cx, self.work_group.as_deref().unwrap_or(PRIMARY)))
    }
}
impl Authorize<Athena> for GetNamedQueryInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:GetNamedQuery", group_of_query(cx, &self.named_query_id))
    }
}
impl Authorize<Athena> for UpdateNamedQueryInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:UpdateNamedQuery", group_of_query(cx, &self.named_query_id))
    }
}
impl Authorize<Athena> for BatchGetNamedQueryInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        let mut groups: Vec<String> = self.named_query_ids.iter().map(|id| group_of_query(cx, id)).collect();
        groups.sort();
        groups.dedup();
        Access::Needs(groups.into_iter().map(|arn| kit::Need::on("athena:BatchGetNamedQuery", arn)).collect())
    }
}
impl Authorize<Athena> for DeleteNamedQueryInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:DeleteNamedQuery", group_of_query(cx, &self.named_query_id))
    }
}
