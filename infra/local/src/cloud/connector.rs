//! The connector under the SDK: an HTTP client that ends in the local cloud.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::{Cloud, Request, Response};

/// The headers that decide what is asked.
const HEADERS: &[&str] = &[
    "x-amz-target",
    "content-type",
    "content-disposition",
    "content-md5",
    "if-match",
    "range",
    "x-amz-checksum-crc32",
    "x-amz-checksum-mode",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
];

/// All calls of one function.
#[derive(Clone)]
struct Connector {
    cloud: Cloud,
    function: &'static str,
}

/// The connection broke, before or after the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection lost")
    }
}

impl std::error::Error for Lost {}

impl Cloud {
    /// The HTTP client for every SDK client of one function.
    pub fn client(&self, function: &'static str) -> SharedHttpClient {
        SharedHttpClient::new(Connector {
            cloud: self.clone(),
            function,
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.function)
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request = read(&request)?;
            match this.cloud.call(this.function, request).await {
                Ok(response) => write(response),
                Err(lost) => Err(ConnectorError::io(lost.into())),
            }
        })
    }
}

fn read(request: &HttpRequest) -> Result<Request, ConnectorError> {
    let header = |name: &&str| {
        let value = request.headers().get(*name)?;
        Some(((*name).to_owned(), value.to_owned()))
    };
    let streamed = || ConnectorError::user("a streamed body is not answered locally".into());
    Ok(Request {
        method: request.method().to_owned(),
        uri: request.uri().to_owned(),
        headers: HEADERS.iter().filter_map(header).collect(),
        body: request.body().bytes().ok_or_else(streamed)?.to_vec(),
    })
}

fn write(response: Response) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(response.status)
        .map_err(|cause| ConnectorError::other(cause.into(), None))?;
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
    for (name, value) in response.headers {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}
