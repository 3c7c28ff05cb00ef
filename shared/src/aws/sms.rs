//! SNS: the capability to send a text message to a phone.

use std::sync::Arc;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;

use super::mail::Undelivered;
use crate::aws::Way;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};

/// Attribute that decides how a message is routed.
const KIND: &str = "AWS.SNS.SMS.SMSType";
/// The route for codes: reliable, and not held back at night.
const TRANSACTIONAL: &str = "Transactional";

struct Sns(Client);

/// The capability to send text messages.
#[derive(Clone)]
pub struct Sms(Arc<Sns>);

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sms")
    }
}

impl Sms {
    /// The sender of this instance.
    pub fn of(env: &Env) -> Self {
        Self(env.part(|env| Sns(Client::new(&super::shared_config(env)))))
    }

    /// Asks whether the provider answers.
    ///
    /// # Errors
    /// 503 when it does not.
    pub fn probe(&self) -> Way<'_, Result<()>> {
        Box::pin(async move {
            let asked = self.0.0.get_sms_attributes().attributes(KIND).send().await;
            asked
                .map(|_| ())
                .map_err(|error| super::dynamo::failed(&error))
        })
    }

    /// Sends a text to a number (E.164) and returns the provider's message id.
    ///
    /// # Errors
    /// Whether trying again may help, with the provider's code.
    pub fn send<'a>(&'a self, to: &'a str, text: &'a str) -> Way<'a, Result<String, Undelivered>> {
        Box::pin(async move {
            let kind = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(TRANSACTIONAL)
                .build()
                .map_err(|cause| Undelivered::Never(cause.to_string()))?;
            let request = self.0.0.publish().phone_number(to).message(text);
            match request.message_attributes(KIND, kind).send().await {
                Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
                Err(error) => Err(match error.code() {
                    Some(
                        code @ ("InvalidParameter"
                        | "InvalidParameterValue"
                        | "ValidationException"
                        | "EndpointDisabled"
                        | "OptedOut"),
                    ) => Undelivered::Never(code.to_owned()),
                    code => Undelivered::Later(code.unwrap_or("unreachable").to_owned()),
                }),
            }
        })
    }
}

impl<C: Send> Take<C> for Sms {
    const GRANTS: &'static [&'static [Grant]] = &[&[Grant {
        actions: &["sns:Publish"],
        resource: "sms",
    }]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
