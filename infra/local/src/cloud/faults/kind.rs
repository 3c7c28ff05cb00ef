//! How a call goes wrong, and what the service says then.

use crate::cloud::dynamo::conflict_of;
use crate::cloud::wire::{Response, Service};

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The connection fails before anything happened.
    BeforeEffect,
    /// The effect happens, then the connection fails.
    AfterEffect,
    /// The service refuses: too many requests.
    Throttle,
    /// DynamoDB refuses: the partition gives no more units; a transaction says it of its first
    /// item.
    Throughput,
    /// The service refuses: the item is in another transaction.
    Conflict,
    /// The effect happens, and no answer ever comes.
    Timeout,
    /// A batch is done by half and the rest handed back; a query ends after its first item.
    Partial,
    /// A read that need not be consistent sees the tables as they were up to five seconds ago.
    Stale,
    /// The effect happens, then the process that called ends.
    EndHandler,
}

/// What reads: everything else has an effect.
const READS: [&str; 14] = [
    "DynamoDB.GetItem",
    "DynamoDB.BatchGetItem",
    "DynamoDB.Query",
    "DynamoDB.Scan",
    "DynamoDB.TransactGetItems",
    "DynamoDB.DescribeTable",
    "SQS.GetQueueAttributes",
    "SQS.GetQueueUrl",
    "ExecuteApi.GetConnection",
    "SES.GetAccount",
    "SecretsManager.GetSecretValue",
    "KMS.Decrypt",
    "S3.GetObject",
    "S3.HeadObject",
];

/// Whether an operation such as `DynamoDB.PutItem` changes anything.
pub fn has_effect(operation: &str) -> bool {
    !READS.contains(&operation)
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::BeforeEffect,
        Self::AfterEffect,
        Self::Throttle,
        Self::Throughput,
        Self::Conflict,
        Self::Timeout,
        Self::Partial,
        Self::Stale,
        Self::EndHandler,
    ];

    /// Whether an operation can go wrong so; `eventual` says that it reads what need not be
    /// consistent.
    pub fn applies(self, operation: &str, eventual: bool) -> bool {
        let (service, name) = operation.split_once('.').unwrap_or((operation, ""));
        match self {
            Self::BeforeEffect | Self::Throttle | Self::Timeout | Self::EndHandler => true,
            // A lost answer of a read is a lost read.
            Self::AfterEffect => has_effect(operation),
            Self::Throughput => service == "DynamoDB" && name != "DescribeTable",
            Self::Conflict => {
                let together = name.starts_with("Transact");
                let stored = ["DynamoDB", "S3"].contains(&service);
                stored && (together || has_effect(operation)) && name != "BatchWriteItem"
            }
            Self::Partial => [
                "Query",
                "Scan",
                "BatchGetItem",
                "BatchWriteItem",
                "SendMessageBatch",
            ]
            .contains(&name),
            Self::Stale => eventual,
        }
    }

    /// What the service says instead of doing anything, where that is how it goes wrong.
    pub(in crate::cloud) fn refusal(
        self,
        service: Service,
        operation: &str,
        body: &[u8],
    ) -> Option<Response> {
        match (self, service) {
            (Self::Throttle, _) => Some(throttled(service)),
            (Self::Throughput, Service::DynamoDb) => {
                Some(crate::cloud::dynamo::exceeded(operation, body))
            }
            (Self::Conflict, Service::S3) => Some(aborted()),
            (Self::Conflict, _) => Some(conflict_of(operation, body)),
            _ => None,
        }
    }
}

fn aborted() -> Response {
    let message = "A conflicting conditional operation is currently in progress against this \
                   resource. Please try again.";
    Service::S3.error(409, "OperationAborted", message)
}

fn throttled(service: Service) -> Response {
    let code = match service {
        Service::DynamoDb => "ThrottlingException",
        Service::ExecuteApi | Service::Ses | Service::Lambda => "TooManyRequestsException",
        Service::S3 => "SlowDown",
        _ => "ThrottlingException",
    };
    let status = match service {
        Service::ExecuteApi | Service::Ses | Service::Lambda | Service::Outside => 429,
        Service::S3 => 503,
        _ => 400,
    };
    service.error(status, code, "Rate exceeded")
}
