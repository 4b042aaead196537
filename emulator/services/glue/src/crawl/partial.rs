//! Crawls that look at some folders only: new ones, or those that events tell of. Both add partitions to tables that the crawler made. New
//! folders that belong to none are left; of those that events tell of, the folder right below the include path is crawled as a whole, for new
//! tables and for tables without partitions.

use super::{
    Crawl, Stopped, events, names,
    objects::{Include, Listed},
    report::Report,
    tree::{self, Grouping, Part, Planned},
    write::made_by,
};
use crate::{crawlers::settings::Recrawl, model::S3Target};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Folders = BTreeSet<Vec<String>>;

impl Crawl<'_> {
    /// CRAWL_NEW_FOLDERS_ONLY.
    pub(super) async fn new_folders(
        &self,
        database: &str,
        include: &Include,
        listed: Vec<Listed>,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        let known = self.crawling.remembered(self.cx, include)?;
        let new: Folders = listed.iter().map(|object| object.folders.clone()).filter(|folders| !known.contains(folders)).collect();
        for folder in self.parts(database, include, &listed, &new, target, report).await? {
            let text = format!("Folder {} belongs to no table of this crawler; crawls of this kind make none", folder.join("/"));
            report.line(self.cx, &self.writer(), "INFO", text);
        }
        self.crawling.remember(self.cx, include, new).await?;
        Ok(())
    }

    /// CRAWL_EVENT_MODE: the folders that the queue's events name. Folders that are empty now lose their partitions.
    pub(super) async fn touched(
        &self,
        database: &str,
        include: &Include,
        listed: Vec<Listed>,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        let taken = events::take(self.cx, target, include).await?;
        if taken.folders.is_empty() {
            report.line(self.cx, &self.writer(), "INFO", "No events were in the queue; nothing is crawled");
            return Ok(taken.done(self.cx).await?);
        }
        let there: Folders = listed.iter().map(|object| object.folders.clone()).collect();
        let gone: Folders = taken.folders.iter().filter(|folders| !there.contains(*folders)).cloned().collect();
        let others = self.parts(database, include, &listed, &taken.folders, target, report).await?;
        self.others(database, include, listed, &others, target, report).await?;
        let mut write = self.write(database, report);
        let known = write.tables().await?;
        for table in &known {
            let Some((root, keys)) = self.own(table, include).filter(|(_, keys)| *keys > 0) else { continue };
            let values = gone.iter().filter(|folders| folders.len() == root.len() + keys && folders.starts_with(&root));
            let values = values.map(|folders| folders[root.len()..].iter().map(|f| tree::value(f).to_owned()).collect()).collect();
            write.drop_partitions(table["Name"].as_str().unwrap_or_default(), values).await?;
        }
        let empty = |table: &&Value| self.own(table, include).is_some_and(|(root, keys)| keys == 0 && gone.contains(&root));
        let empty: Vec<Value> = known.iter().filter(empty).cloned().collect();
        write.gone(include, &empty, &BTreeSet::new()).await?;
        self.crawling.remember(self.cx, include, taken.folders.clone()).await?;
        Ok(taken.done(self.cx).await?)
    }

    /// Crawls folders that are partitions of a table of this crawler. Gives back the others.
    async fn parts(
        &self,
        database: &str,
        include: &Include,
        listed: &[Listed],
        folders: &Folders,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<Folders, Stopped> {
        let tables = self.write(database, report).tables().await?;
        let table_of = |folder: &Vec<String>| {
            tables.iter().find_map(|table| {
                let (root, keys) = self.own(table, include)?;
                (folder.len() == root.len() + keys && keys > 0 && folder.starts_with(&root)).then_some((table, root))
            })
        };
        let (mut parts, mut others) = (BTreeMap::new(), Folders::new());
        for folder in folders {
            match table_of(folder) {
                Some(place) => drop(parts.insert(folder, (place, Vec::new()))),
                None => drop(others.insert(folder.clone())),
            }
        }
        let wanted: Vec<Listed> = listed.iter().filter(|object| parts.contains_key(&object.folders)).cloned().collect();
        for file in self.classified(&include.bucket, wanted, target.sample_size, report).await? {
            if let Some((_, files)) = parts.get_mut(&file.folders) {
                files.push(tree::File { folders: Vec::new(), ..file });
            }
        }
        let mut write = self.write(database, report);
        for (folder, ((table, root), files)) in parts {
            self.go_on()?;
            let Some(here) = tree::tables(files, Grouping { combine: true, level: Some(0) }).pop() else { continue };
            let part = Part { folders: folder[root.len()..].to_vec(), found: here.found, stats: here.stats };
            let columns = part.found.columns.clone();
            write.add_partitions(table, include, &root, &[part]).await?;
            if self.settings.recrawl == Recrawl::Events {
                write.add_columns(table, &columns).await?;
            }
        }
        Ok(others)
    }

    /// Crawls what lies around folders that are no partitions: all of the folder right below the include path that they stand in, so that tables
    /// come out as in a crawl of everything. Where the crawler has no table yet, that is the include path itself.
    async fn others(
        &self,
        database: &str,
        include: &Include,
        listed: Vec<Listed>,
        folders: &Folders,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        if folders.is_empty() {
            return Ok(());
        }
        let known = self.write(database, report).tables().await?;
        let first = !known.iter().any(|table| self.own(table, include).is_some());
        let tops: BTreeSet<Option<String>> =
            if first { BTreeSet::from([None]) } else { folders.iter().map(|folder| folder.first().cloned()).collect() };
        let mut made: Vec<(Include, Vec<Planned>)> = Vec::new();
        for top in tops {
            self.go_on()?;
            let inside = |object: &&Listed| match &top {
                Some(top) => object.folders.first() == Some(top),
                None => first || object.folders.is_empty(),
            };
            let below = include.below(top.as_deref());
            let cut = |object: &Listed| Listed { folders: object.folders[usize::from(top.is_some())..].to_vec(), ..object.clone() };
            let files =
                self.classified(&include.bucket, listed.iter().filter(inside).map(cut).collect(), target.sample_size, report).await?;
            let level = self.settings.level.map(|level| level.saturating_sub(1 + below.folders().len()));
            made.push((below, tree::tables(files, Grouping { combine: self.settings.combine, level })));
        }
        let mut write = self.write(database, report);
        let prefix = self.crawling.crawler.table_prefix.clone().unwrap_or_default();
        let new = made.iter().map(|(_, planned)| planned.len()).sum();
        self.most_tables(new)?;
        for (below, planned) in &made {
            for table in planned {
                self.go_on()?;
                write.table(&prefix, below, table, &known).await?;
            }
        }
        Ok(())
    }

    /// Where below the include path a table of this crawler stands, and how many partition keys it has.
    fn own(&self, table: &Value, include: &Include) -> Option<(Vec<String>, usize)> {
        let location = Include::parse(table["StorageDescriptor"]["Location"].as_str()?)?;
        let (base, all) = (include.folders(), location.folders());
        let below = location.bucket == include.bucket && all.starts_with(&base) && made_by(table, self.crawling.name());
        below.then(|| (all[base.len()..].to_vec(), names(&table["PartitionKeys"]).len()))
    }
}
