//! Queues: made, found, emptied, deleted.

use crate::{
    Error, Sqs, limits,
    model::*,
    moves, redrive, retention, rows,
    settings::{self, Moment},
    state::*,
    urls,
};
use kit::{Context, Fault, Read, Scope};

impl Sqs {
    /// Makes a queue; the same name with the same attributes answers the queue that is there.
    pub async fn create_queue(&self, cx: &Context, input: CreateQueueInput) -> Result<CreateQueueOutput, Fault> {
        let attributes = input.attributes.unwrap_or_default();
        let fifo = settings::queue_name(&input.queue_name, &attributes)?;
        let attributes = settings::checked(attributes, fifo, Moment::Creating)?;
        let name = input.queue_name;
        cx.store()
            .write(|tx| {
                if let Some(there) = tx.get(&QUEUES, cx.scope(), &name)? {
                    return same(&there, &attributes);
                }
                redrive::check(tx, cx.scope(), &name, &attributes)?;
                let mut queue = Queue {
                    id: cx.ids().lower(16),
                    name: name.clone(),
                    tags: input.tags.unwrap_or_default(),
                    created: cx.now(),
                    modified: cx.now(),
                    ..Queue::default()
                };
                settings::set(&mut queue, attributes, cx.now());
                // What a queue is made with acts at once.
                queue.scope_before = None;
                settings::together(&queue)?;
                tx.put(&QUEUES, cx.scope(), &name, &queue)
            })
            .await?;
        Ok(CreateQueueOutput { queue_url: Some(urls::url(cx, cx.scope(), &name)) })
    }

    /// Deletes a queue and its messages.
    pub async fn delete_queue(&self, cx: &Context, input: DeleteQueueInput) -> Result<DeleteQueueOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        cx.store()
            .write(|tx| {
                let queue = queue(tx, &scope, &name)?;
                retention::forget(tx, &scope, &queue)?;
                moves::forget(tx, &scope, &queue)?;
                tx.delete(&QUEUES, &scope, &name)?;
                self.flight.forget(&queue);
                Ok(())
            })
            .await?;
        self.arrivals.notify_waiters();
        Ok(DeleteQueueOutput {})
    }

    /// The URL of a queue.
    pub async fn get_queue_url(&self, cx: &Context, input: GetQueueUrlInput) -> Result<GetQueueUrlOutput, Fault> {
        let owner = input.queue_owner_aws_account_id.as_deref().unwrap_or(cx.account());
        let scope = Scope::new(owner, cx.region());
        cx.store().read(|s| queue(s, &scope, &input.queue_name))?;
        Ok(GetQueueUrlOutput { queue_url: Some(urls::url(cx, &scope, &input.queue_name)) })
    }

    /// URLs by name.
    pub async fn list_queues(&self, cx: &Context, input: ListQueuesInput) -> Result<ListQueuesOutput, Fault> {
        let prefix = input.queue_name_prefix.unwrap_or_default();
        let paged = input.max_results.is_some();
        let limit = input.max_results.map_or(Ok(1000), |n| limits::between("MaxResults", n, 1, 1000))? as usize;
        let names: Vec<String> = cx.store().read(|s| s.scan(&QUEUES, cx.scope()).text_prefix(&prefix).keys().collect::<Result<_, _>>())?;
        let page =
            kit::pages::page(names, String::clone, input.next_token.as_deref(), limit, || bad_value("Invalid or expired next token."))?;
        let urls: Vec<String> = page.items.iter().map(|name| urls::url(cx, cx.scope(), name)).collect();
        Ok(ListQueuesOutput { queue_urls: (!urls.is_empty()).then_some(urls), next_token: page.next.filter(|_| paged) })
    }

    /// Deletes all messages.
    pub async fn purge_queue(&self, cx: &Context, input: PurgeQueueInput) -> Result<PurgeQueueOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let now = cx.now();
        cx.store()
            .write(|tx| {
                let mut queue = queue(tx, &scope, &name)?;
                if queue.purged.is_some_and(|at| now.unix_ns - at.unix_ns < seconds(60)) {
                    return Err(
                        Error::PurgeQueueInProgress.says(format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds."))
                    );
                }
                rows::clear(tx, &scope, &queue)?;
                queue.purged = Some(now);
                tx.put(&QUEUES, &scope, &name, &queue)
            })
            .await?;
        Ok(PurgeQueueOutput {})
    }
}

/// CreateQueue on a queue that is there: fine as long as every attribute given is as it is.
fn same(there: &Queue, wanted: &std::collections::BTreeMap<String, String>) -> Result<(), Fault> {
    let differs = wanted.iter().find(|(name, value)| {
        let is_number = limits::NUMBERS.iter().any(|n| n.name == name.as_str());
        let current = there.text(name).or(is_number.then(|| there.number(name).to_string()));
        current.unwrap_or_default() != **value
    });
    match differs {
        None => Ok(()),
        Some((name, _)) => {
            Err(Error::QueueNameExists
                .says(format!("A queue already exists with the same name and a different value for attribute {name}")))
        }
    }
}
