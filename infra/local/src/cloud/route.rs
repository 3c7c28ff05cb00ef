//! Finds out what a request asks, lets faults happen, and hands it to its service.

use super::Cloud;
use super::connector::Lost;
use super::faults::{Kind, partial};
use super::wire::{Request, Response, Service, percent_decoded};
use crate::idp;

/// Secret of what the identity providers know us by.
const OAUTH: &str = "pairly/oauth";

/// What a request asks.
struct Asked {
    service: Service,
    operation: String,
    connection_id: String,
}

impl Cloud {
    /// Answers one request of a function; a lost connection becomes 503, which SDKs try again.
    pub async fn answer(&self, function: &str, request: Request) -> Response {
        match self.call(function, request).await {
            Ok(response) => response,
            Err(lost) => Service::DynamoDb.error(503, "ServiceUnavailable", &lost.to_string()),
        }
    }

    pub(super) async fn call(&self, function: &str, request: Request) -> Result<Response, Lost> {
        let asked = match asked(&request) {
            Ok(asked) => asked,
            Err(unknown) => return Ok(unknown),
        };
        let name = format!("{}.{}", asked.service.label(), asked.operation);
        let fault = self
            .0
            .faults
            .next(function, asked.service, &name, &request.body);
        let fault = fault.or_else(|| self.0.faults.table_is_out(&request.body));
        let Some(kind) = fault else {
            return Ok(self.serve(function, asked, request, false).await);
        };
        if let Some(refusal) = kind.refusal(asked.service, &asked.operation, &request.body) {
            return Ok(refusal);
        }
        match kind {
            Kind::BeforeEffect => Err(Lost),
            Kind::Partial => Ok(self.serve_half(function, asked, request).await),
            Kind::Stale => Ok(self.serve(function, asked, request, true).await),
            _ => {
                let response = self.serve(function, asked, request, false).await;
                self.lost(function, kind, response).await
            }
        }
    }

    /// What becomes of an answer after the effect.
    async fn lost(&self, function: &str, kind: Kind, answer: Response) -> Result<Response, Lost> {
        match kind {
            Kind::AfterEffect => Err(Lost),
            Kind::Timeout => std::future::pending().await,
            Kind::EndHandler => {
                self.0.faults.end(function);
                std::future::pending().await
            }
            _ => Ok(answer),
        }
    }

    async fn serve_half(&self, function: &str, asked: Asked, mut request: Request) -> Response {
        let (body, rest) = partial::halved(&asked.operation, &request.body);
        request.body = body;
        let response = self.serve(function, asked, request, false).await;
        partial::with_rest(response, rest)
    }

    async fn serve(&self, function: &str, asked: Asked, request: Request, stale: bool) -> Response {
        let Asked {
            service,
            operation,
            connection_id,
        } = asked;
        match service {
            Service::DynamoDb => {
                self.dynamo((function, stale), &operation, &request.body)
                    .await
            }
            Service::Sqs => self.sqs(function, &operation, &request.body),
            Service::Ses => self.ses(function, &operation, &request.body),
            Service::Kms => self.kms(function, &operation, &request.body),
            Service::SecretsManager => self.secrets(function, &operation, &request.body),
            Service::S3 => self.s3(function, &operation, &request),
            Service::Sns => self.sns(function, &operation, &request.body),
            Service::ExecuteApi => self.sockets(function, &operation, &connection_id, request.body),
            Service::Lambda => self.lambda(function, &request).await,
            Service::Outside => self.outside(&request),
        }
    }
}

impl Cloud {
    /// Answers what is asked at an identity provider's host.
    fn outside(&self, request: &Request) -> Response {
        let secrets = self.secret_text(OAUTH);
        let secrets = serde_json::from_str(&secrets).unwrap_or_default();
        match idp::asked(request) {
            Some((provider, what)) => {
                let (idp, now) = (self.idp(), self.0.clock.now());
                idp.answer(provider, what, request, &secrets, now)
            }
            None => unknown(&request.uri),
        }
    }
}

fn asked(request: &Request) -> Result<Asked, Response> {
    if let Some((provider, what)) = idp::asked(request) {
        return Ok(Asked {
            service: Service::Outside,
            operation: format!("{}.{what}", provider.as_str()),
            connection_id: String::new(),
        });
    }
    match request.header("x-amz-target") {
        Some(target) => asked_by_target(target),
        None => asked_by_path(request),
    }
}

fn asked_by_target(target: &str) -> Result<Asked, Response> {
    let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
    let service = match prefix {
        "DynamoDB_20120810" => Service::DynamoDb,
        "AmazonSQS" => Service::Sqs,
        "TrentService" => Service::Kms,
        "secretsmanager" => Service::SecretsManager,
        _ => return Err(unknown(target)),
    };
    Ok(Asked {
        service,
        operation: operation.to_owned(),
        connection_id: String::new(),
    })
}

fn asked_by_path(request: &Request) -> Result<Asked, Response> {
    if let Some(operation) = super::sns::operation(request) {
        return Ok(Asked {
            service: Service::Sns,
            operation,
            connection_id: String::new(),
        });
    }
    if let Some(operation) = super::s3::operation(request) {
        return operation.map(|operation| Asked {
            service: Service::S3,
            operation,
            connection_id: String::new(),
        });
    }
    if super::lambda::callee(request).is_some() {
        return Ok(Asked {
            service: Service::Lambda,
            operation: "Invoke".to_owned(),
            connection_id: String::new(),
        });
    }
    let (path, method) = (request.path(), request.method.as_str());
    if let Some((_, id)) = path.split_once("/@connections/") {
        let operation = match method {
            "POST" => "PostToConnection",
            "DELETE" => "DeleteConnection",
            "GET" => "GetConnection",
            _ => return Err(Service::ExecuteApi.unknown(method)),
        };
        return Ok(Asked {
            service: Service::ExecuteApi,
            operation: operation.to_owned(),
            connection_id: percent_decoded(id),
        });
    }
    let operation = match (method, path.split_once("/v2/email/").map(|(_, rest)| rest)) {
        ("POST", Some("outbound-emails")) => "SendEmail",
        ("GET", Some("account")) => "GetAccount",
        (_, Some(rest)) => return Err(Service::Ses.unknown(&format!("{method} {rest}"))),
        _ => return Err(unknown(&format!("{method} {path}"))),
    };
    let (service, connection_id) = (Service::Ses, String::new());
    Ok(Asked {
        service,
        operation: operation.to_owned(),
        connection_id,
    })
}

fn unknown(what: &str) -> Response {
    let message = format!("the local cloud does not answer {what}");
    Service::DynamoDb.error(400, "UnknownOperationException", &message)
}
