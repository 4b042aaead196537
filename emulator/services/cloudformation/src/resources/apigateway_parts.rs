//! What hangs on REST APIs beside methods: models, request validators, documentation, custom domain names and base paths.

use super::{
    Handler, Job, Kind, Made,
    apigateway::{Patch, retag},
    job::document,
};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::ApiGateway::Model",
        made_by: Some(("apigateway", "CreateModel")),
        properties: &["ContentType", "Description", "Name", "RestApiId", "Schema"],
        attributes: &[],
        handler: &Model,
    },
    Kind {
        name: "AWS::ApiGateway::RequestValidator",
        made_by: Some(("apigateway", "CreateRequestValidator")),
        properties: &["Name", "RestApiId", "ValidateRequestBody", "ValidateRequestParameters"],
        attributes: &["RequestValidatorId"],
        handler: &RequestValidator,
    },
    Kind {
        name: "AWS::ApiGateway::DocumentationPart",
        made_by: Some(("apigateway", "CreateDocumentationPart")),
        properties: &["Location", "Properties", "RestApiId"],
        attributes: &["DocumentationPartId"],
        handler: &DocumentationPart,
    },
    Kind {
        name: "AWS::ApiGateway::DocumentationVersion",
        made_by: Some(("apigateway", "CreateDocumentationVersion")),
        properties: &["Description", "DocumentationVersion", "RestApiId"],
        attributes: &[],
        handler: &DocumentationVersion,
    },
    Kind {
        name: "AWS::ApiGateway::DomainName",
        made_by: Some(("apigateway", "CreateDomainName")),
        properties: &["CertificateArn", "DomainName", "EndpointConfiguration.Types", "RegionalCertificateArn", "SecurityPolicy", "Tags"],
        attributes: &["DistributionDomainName", "DistributionHostedZoneId", "DomainNameArn", "RegionalDomainName", "RegionalHostedZoneId"],
        handler: &DomainName,
    },
    Kind {
        name: "AWS::ApiGateway::BasePathMapping",
        made_by: Some(("apigateway", "CreateBasePathMapping")),
        properties: &["BasePath", "DomainName", "RestApiId", "Stage"],
        attributes: &[],
        handler: &BasePathMapping,
    },
];

struct Model;

/// A schema as text; none is the empty object's.
fn schema(job: &Job<'_>) -> Json {
    match document(job.get("Schema")) {
        Json::Null => "{}".into(),
        schema => schema,
    }
}

#[async_trait]
impl Handler for Model {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        // Names of models have letters and digits only.
        let name = job.name("Name", 100).replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let input = json!({
            "restApiId": job.get("RestApiId"),
            "name": name,
            "contentType": job.get("ContentType").as_str().unwrap_or("application/json"),
            "description": job.get("Description"),
            "schema": schema(job),
        });
        job.call_made("apigateway", "CreateModel", input).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut patch = Patch::of(job, &[("Description", "/description", "")]);
        if job.changed("Schema") {
            patch.set("/schema", &schema(job));
        }
        patch.send(job, "UpdateModel", json!({ "restApiId": job.text("RestApiId"), "modelName": job.physical() })).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteModel", json!({ "restApiId": job.text("RestApiId"), "modelName": job.physical() })).await
    }
}

struct RequestValidator;

#[async_trait]
impl Handler for RequestValidator {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.clone();
        input["Name"] = job.name("Name", 128).into();
        let made = job.call("apigateway", "CreateRequestValidator", input).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("RequestValidatorId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let paths = [
            ("ValidateRequestBody", "/validateRequestBody", "false"),
            ("ValidateRequestParameters", "/validateRequestParameters", "false"),
        ];
        let key = json!({ "restApiId": job.text("RestApiId"), "requestValidatorId": job.physical() });
        Patch::of(job, &paths).send(job, "UpdateRequestValidator", key).await?;
        Ok(Made::new(job.physical()).with("RequestValidatorId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let key = json!({ "restApiId": job.text("RestApiId"), "requestValidatorId": job.physical() });
        job.call_gone("apigateway", "DeleteRequestValidator", key).await
    }
}

struct DocumentationPart;

#[async_trait]
impl Handler for DocumentationPart {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = job.call("apigateway", "CreateDocumentationPart", job.after.clone()).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("DocumentationPartId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let key = json!({ "restApiId": job.text("RestApiId"), "documentationPartId": job.physical() });
        Patch::of(job, &[("Properties", "/properties", "{}")]).send(job, "UpdateDocumentationPart", key).await?;
        Ok(Made::new(job.physical()).with("DocumentationPartId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let key = json!({ "restApiId": job.text("RestApiId"), "documentationPartId": job.physical() });
        job.call_gone("apigateway", "DeleteDocumentationPart", key).await
    }
}

struct DocumentationVersion;

#[async_trait]
impl Handler for DocumentationVersion {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        job.call_made("apigateway", "CreateDocumentationVersion", job.after.clone()).await?;
        Ok(Made::new(job.text("DocumentationVersion")))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let key = json!({ "restApiId": job.text("RestApiId"), "documentationVersion": job.physical() });
        Patch::of(job, &[("Description", "/description", "")]).send(job, "UpdateDocumentationVersion", key).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let key = json!({ "restApiId": job.text("RestApiId"), "documentationVersion": job.physical() });
        job.call_gone("apigateway", "DeleteDocumentationVersion", key).await
    }
}

struct DomainName;

fn domain(name: &str, described: &Json) -> Made {
    let mut made = Made::new(name);
    for (attribute, member) in [
        ("DistributionDomainName", "distributionDomainName"),
        ("DistributionHostedZoneId", "distributionHostedZoneId"),
        ("DomainNameArn", "domainNameArn"),
        ("RegionalDomainName", "regionalDomainName"),
        ("RegionalHostedZoneId", "regionalHostedZoneId"),
    ] {
        if let Some(value) = described[member].as_str() {
            made = made.with(attribute, value);
        }
    }
    made
}

#[async_trait]
impl Handler for DomainName {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.clone();
        input["Tags"] = job.tag_map("Tags");
        let name = job.text("DomainName");
        let made = match job.call_made("apigateway", "CreateDomainName", input).await? {
            Some(made) => made,
            None => job.call("apigateway", "GetDomainName", json!({ "domainName": name })).await?,
        };
        Ok(domain(name, &made))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("EndpointConfiguration") {
            return Err(Fault::new(
                "InvalidRequest",
                400,
                "changes of EndpointConfiguration of a domain name are not supported by windtunnel yet",
            ));
        }
        let paths = [
            ("CertificateArn", "/certificateArn", ""),
            ("RegionalCertificateArn", "/regionalCertificateArn", ""),
            ("SecurityPolicy", "/securityPolicy", "TLS_1_2"),
        ];
        Patch::of(job, &paths).send(job, "UpdateDomainName", json!({ "domainName": job.physical() })).await?;
        retag(job, &format!("/domainnames/{}", job.physical())).await?;
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteDomainName", json!({ "domainName": job.physical() })).await
    }
}

struct BasePathMapping;

/// The base path as the API calls it: the root has a name of its own.
fn base_path(properties: &Json) -> &str {
    properties["BasePath"].as_str().filter(|path| !path.is_empty()).unwrap_or("(none)")
}

#[async_trait]
impl Handler for BasePathMapping {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        job.call_made("apigateway", "CreateBasePathMapping", job.after.clone()).await?;
        Ok(Made::new(format!("{}|{}", job.text("DomainName"), base_path(job.after))))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let key = json!({ "domainName": job.text("DomainName"), "basePath": base_path(job.before) });
        Patch::of(job, &[("RestApiId", "/restapiId", ""), ("Stage", "/stage", "")]).send(job, "UpdateBasePathMapping", key).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let key = json!({ "domainName": job.text("DomainName"), "basePath": base_path(job.before) });
        job.call_gone("apigateway", "DeleteBasePathMapping", key).await
    }
}
