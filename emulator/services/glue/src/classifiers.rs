//! Classifiers of the customer's own: grok patterns, XML rows, JSON paths, CSV layouts.

use crate::{Glue, infer, model::*, pages};
use grok::Grok;
use infer::{Custom, JsonPath, csv, logs};
use kit::{Context, Fault, Read, Table, TableScope, Timestamp};
use std::sync::Arc;
use wire::kept::Kept;

/// By name, whatever their kind.
const CLASSIFIERS: Table<String, Kept<Classifier>> = Table::new("glue.classifiers", TableScope::Region);
/// Data types that CSV classifiers may name.
const DATATYPES: [&str; 11] = ["BINARY", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "LONG", "SHORT", "STRING", "TIMESTAMP"];

impl Glue {
    /// Makes a classifier of one kind.
    pub async fn create_classifier(&self, cx: &Context, input: CreateClassifierInput) -> Result<CreateClassifierOutput, Fault> {
        let given = [
            input.grok_classifier.is_some(),
            input.xml_classifier.is_some(),
            input.json_classifier.is_some(),
            input.csv_classifier.is_some(),
        ];
        one(&given)?;
        let now = Some(Timestamp::from_secs(cx.now().secs()));
        let classifier = Classifier {
            grok_classifier: input.grok_classifier.map(|g| GrokClassifier {
                name: g.name,
                classification: g.classification,
                creation_time: now,
                last_updated: now,
                version: Some(1),
                grok_pattern: g.grok_pattern,
                custom_patterns: g.custom_patterns,
            }),
            xml_classifier: input.xml_classifier.map(|x| XMLClassifier {
                name: x.name,
                classification: x.classification,
                creation_time: now,
                last_updated: now,
                version: Some(1),
                row_tag: x.row_tag,
            }),
            json_classifier: input.json_classifier.map(|j| JsonClassifier {
                name: j.name,
                creation_time: now,
                last_updated: now,
                version: Some(1),
                json_path: j.json_path,
            }),
            csv_classifier: input.csv_classifier.map(|c| CsvClassifier {
                name: c.name,
                creation_time: now,
                last_updated: now,
                version: Some(1),
                delimiter: c.delimiter,
                quote_symbol: c.quote_symbol,
                contains_header: c.contains_header,
                header: c.header,
                disable_value_trimming: c.disable_value_trimming,
                allow_single_column: c.allow_single_column,
                custom_datatype_configured: c.custom_datatype_configured,
                custom_datatypes: c.custom_datatypes,
                serde: c.serde,
            }),
        };
        compile(&classifier)?;
        let name = name(&classifier).to_owned();
        cx.store()
            .write(|tx| {
                if tx.exists(&CLASSIFIERS, cx.scope(), &name)? {
                    return Err(Error::AlreadyExists.says(format!("Classifier {name} already exists")));
                }
                tx.put(&CLASSIFIERS, cx.scope(), &name, &Kept(classifier))
            })
            .await?;
        Ok(CreateClassifierOutput {})
    }

    /// A classifier.
    pub async fn get_classifier(&self, cx: &Context, input: GetClassifierInput) -> Result<GetClassifierOutput, Fault> {
        Ok(GetClassifierOutput { classifier: Some(must_find(cx, &input.name)?) })
    }

    /// All classifiers, by name.
    pub async fn get_classifiers(&self, cx: &Context, input: GetClassifiersInput) -> Result<GetClassifiersOutput, Fault> {
        let all: Vec<Classifier> =
            cx.store().read(|s| s.scan(&CLASSIFIERS, cx.scope()).map(|row| row.map(|(_, c)| c.0)).collect::<Result<_, Fault>>())?;
        let page = pages::cut(all, |c| name(c).to_owned(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetClassifiersOutput { classifiers: Some(page.items), next_token: page.next })
    }

    /// Changes what is given of a classifier, which keeps its kind.
    pub async fn update_classifier(&self, cx: &Context, input: UpdateClassifierInput) -> Result<UpdateClassifierOutput, Fault> {
        let given = [
            input.grok_classifier.is_some(),
            input.xml_classifier.is_some(),
            input.json_classifier.is_some(),
            input.csv_classifier.is_some(),
        ];
        one(&given)?;
        let names = [
            input.grok_classifier.as_ref().map(|c| &c.name),
            input.xml_classifier.as_ref().map(|c| &c.name),
            input.json_classifier.as_ref().map(|c| &c.name),
            input.csv_classifier.as_ref().map(|c| &c.name),
        ];
        let wanted = names.into_iter().flatten().next().cloned().unwrap_or_default();
        let mut classifier = must_find(cx, &wanted)?;
        let now = Some(Timestamp::from_secs(cx.now().secs()));
        let other_kind = || Error::InvalidInput.says(format!("Classifier {wanted} is of another type."));
        if let Some(g) = input.grok_classifier {
            let kept = classifier.grok_classifier.as_mut().ok_or_else(other_kind)?;
            kept.classification = g.classification.unwrap_or_else(|| std::mem::take(&mut kept.classification));
            kept.grok_pattern = g.grok_pattern.unwrap_or_else(|| std::mem::take(&mut kept.grok_pattern));
            kept.custom_patterns = g.custom_patterns.or(kept.custom_patterns.take());
            (kept.last_updated, kept.version) = (now, kept.version.map(|v| v + 1));
        }
        if let Some(x) = input.xml_classifier {
            let kept = classifier.xml_classifier.as_mut().ok_or_else(other_kind)?;
            kept.classification = x.classification.unwrap_or_else(|| std::mem::take(&mut kept.classification));
            kept.row_tag = x.row_tag.or(kept.row_tag.take());
            (kept.last_updated, kept.version) = (now, kept.version.map(|v| v + 1));
        }
        if let Some(j) = input.json_classifier {
            let kept = classifier.json_classifier.as_mut().ok_or_else(other_kind)?;
            kept.json_path = j.json_path.unwrap_or_else(|| std::mem::take(&mut kept.json_path));
            (kept.last_updated, kept.version) = (now, kept.version.map(|v| v + 1));
        }
        if let Some(c) = input.csv_classifier {
            let kept = classifier.csv_classifier.as_mut().ok_or_else(other_kind)?;
            kept.delimiter = c.delimiter.or(kept.delimiter.take());
            kept.quote_symbol = c.quote_symbol.or(kept.quote_symbol.take());
            kept.contains_header = c.contains_header.or(kept.contains_header.take());
            kept.header = c.header.or(kept.header.take());
            kept.disable_value_trimming = c.disable_value_trimming.or(kept.disable_value_trimming);
            kept.allow_single_column = c.allow_single_column.or(kept.allow_single_column);
            kept.custom_datatype_configured = c.custom_datatype_configured.or(kept.custom_datatype_configured);
            kept.custom_datatypes = c.custom_datatypes.or(kept.custom_datatypes.take());
            kept.serde = c.serde.or(kept.serde.take());
            (kept.last_updated, kept.version) = (now, kept.version.map(|v| v + 1));
        }
        compile(&classifier)?;
        cx.store().write(|tx| tx.put(&CLASSIFIERS, cx.scope(), &wanted, &Kept(classifier))).await?;
        Ok(UpdateClassifierOutput {})
    }

    /// Removes a classifier. Crawlers that name it fail from then on.
    pub async fn delete_classifier(&self, cx: &Context, input: DeleteClassifierInput) -> Result<DeleteClassifierOutput, Fault> {
        must_find(cx, &input.name)?;
        cx.store().write(|tx| tx.delete(&CLASSIFIERS, cx.scope(), &input.name).map(drop)).await?;
        Ok(DeleteClassifierOutput {})
    }
}

fn one(given: &[bool]) -> Result<(), Fault> {
    match given.iter().filter(|given| **given).count() {
        1 => Ok(()),
        _ => Err(Error::InvalidInput.says("Exactly one of GrokClassifier, XMLClassifier, JsonClassifier and CsvClassifier must be given.")),
    }
}

fn name(classifier: &Classifier) -> &str {
    let names = [
        classifier.grok_classifier.as_ref().map(|c| &c.name),
        classifier.xml_classifier.as_ref().map(|c| &c.name),
        classifier.json_classifier.as_ref().map(|c| &c.name),
        classifier.csv_classifier.as_ref().map(|c| &c.name),
    ];
    names.into_iter().flatten().next().map_or("", String::as_str)
}

pub(crate) fn must_find(cx: &Context, name: &str) -> Result<Classifier, Fault> {
    let found = cx.store().read(|s| s.get(&CLASSIFIERS, cx.scope(), &name.to_owned()))?;
    found.map(|kept| kept.0).ok_or_else(|| Error::EntityNotFound.says(format!("Classifier {name} not found.")))
}

/// The classifiers of a crawler, in its order, ready to be asked.
pub(crate) fn compiled(cx: &Context, names: &[String]) -> Result<Vec<Custom>, Fault> {
    names.iter().map(|name| compile(&must_find(cx, name)?)).collect()
}

/// Makes a classifier ready; refuses patterns that are none.
fn compile(classifier: &Classifier) -> Result<Custom, Fault> {
    let invalid = |text: String| Error::InvalidInput.says(text);
    if let Some(g) = &classifier.grok_classifier {
        let custom = g.custom_patterns.as_deref().unwrap_or_default();
        let grok = Grok::new(&g.grok_pattern, custom).map_err(|e| invalid(format!("The grok pattern is not valid: {e}")))?;
        if grok.fields().is_empty() {
            return Err(invalid("The grok pattern has no named field.".into()));
        }
        let custom = g.custom_patterns.clone();
        let made = logs::Custom { classification: g.classification.clone(), pattern: g.grok_pattern.clone(), custom, grok: Arc::new(grok) };
        return Ok(Custom::Grok(made));
    }
    if let Some(x) = &classifier.xml_classifier {
        let row_tag = x.row_tag.clone().filter(|tag| !tag.is_empty()).ok_or_else(|| invalid("RowTag is missing.".into()))?;
        return Ok(Custom::Xml { classification: x.classification.clone(), row_tag });
    }
    if let Some(j) = &classifier.json_classifier {
        let path = JsonPath::parse(&j.json_path).ok_or_else(|| invalid(format!("The JSON path {:?} is not valid.", j.json_path)))?;
        return Ok(Custom::Json { path });
    }
    let c = classifier.csv_classifier.as_ref().ok_or_else(|| Fault::internal("a classifier of no kind"))?;
    let single = |text: &Option<String>, what: &str| match text.as_deref().filter(|t| !t.is_empty()) {
        None => Ok(None),
        Some(text) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(one), None) => Ok(Some(one)),
                _ => Err(invalid(format!("{what} must be one character."))),
            }
        }
    };
    let (delimiter, quote) = (single(&c.delimiter, "Delimiter")?, single(&c.quote_symbol, "QuoteSymbol")?);
    if delimiter.is_some() && delimiter == quote {
        return Err(invalid("Delimiter and QuoteSymbol must differ.".into()));
    }
    let types = c.custom_datatypes.clone().filter(|_| c.custom_datatype_configured == Some(true));
    if let Some(unknown) = types.iter().flatten().find(|name| !DATATYPES.contains(&name.as_str())) {
        return Err(invalid(format!("The custom data type {unknown} is not known.")));
    }
    Ok(Custom::Csv(csv::Custom {
        delimiter,
        quote,
        contains_header: match c.contains_header {
            Some(CsvHeaderOption::Present) => Some(true),
            Some(CsvHeaderOption::Absent) => Some(false),
            _ => None,
        },
        header: c.header.clone().filter(|names| !names.is_empty()),
        trim: c.disable_value_trimming != Some(true),
        single_column: c.allow_single_column == Some(true),
        datatypes: types,
        open: match c.serde {
            Some(CsvSerdeOption::OpenCSVSerDe) => Some(true),
            Some(CsvSerdeOption::LazySimpleSerDe) => Some(false),
            _ => None,
        },
    }))
}
