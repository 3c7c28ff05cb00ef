//! SES: the capability to send a mail.

use std::sync::Arc;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::ProvideErrorMetadata;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

use crate::aws::Way;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};

struct Ses(Client);

/// A mail ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Address of the receiver.
    pub to: String,
    /// Subject, one line.
    pub subject: String,
    /// Plain text part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// May work later: throttled, unreachable.
    Later(String),
    /// Will never work: refused address or content.
    Never(String),
}

/// The capability to send mails.
#[derive(Clone)]
pub struct Mailer {
    client: Arc<Ses>,
    from: String,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

/// A header value cannot hold line breaks (RFC 5322 §2.2).
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

impl Mailer {
    /// The mailer of this instance.
    pub fn of(env: &Env) -> Self {
        Self {
            client: env.part(|env| Ses(Client::new(&super::shared_config(env)))),
            from: env.config().mail_from.clone(),
        }
    }

    /// Asks whether the provider answers.
    ///
    /// # Errors
    /// 503 when it does not.
    pub fn probe(&self) -> Way<'_, Result<()>> {
        Box::pin(async move {
            let asked = self.client.0.get_account().send().await;
            asked
                .map(|_| ())
                .map_err(|error| super::dynamo::failed(&error))
        })
    }

    /// Sends a mail and returns the provider's message id.
    ///
    /// # Errors
    /// Whether trying again may help, with the provider's code.
    pub fn send<'a>(&'a self, letter: &'a Letter) -> Way<'a, Result<String, Undelivered>> {
        Box::pin(async move {
            let part = |text: &str| Content::builder().data(text).charset("UTF-8").build();
            let never =
                |cause: aws_sdk_sesv2::error::BuildError| Undelivered::Never(cause.to_string());
            let body = Body::builder()
                .text(part(&letter.text).map_err(never)?)
                .html(part(&letter.html).map_err(never)?)
                .build();
            let subject = part(&one_line(&letter.subject)).map_err(never)?;
            let message = Message::builder().subject(subject).body(body).build();
            let sent = self
                .client
                .0
                .send_email()
                .from_email_address(one_line(&self.from))
                .destination(
                    Destination::builder()
                        .to_addresses(one_line(&letter.to))
                        .build(),
                )
                .content(EmailContent::builder().simple(message).build())
                .send()
                .await;
            match sent {
                Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
                Err(error) => Err(match error.code() {
                    Some(
                        code @ ("MessageRejected"
                        | "BadRequestException"
                        | "NotFoundException"
                        | "MailFromDomainNotVerifiedException"),
                    ) => Undelivered::Never(code.to_owned()),
                    code => Undelivered::Later(code.unwrap_or("unreachable").to_owned()),
                }),
            }
        })
    }
}

impl<C: Send> Take<C> for Mailer {
    const GRANTS: &'static [&'static [Grant]] = &[&[Grant {
        actions: &["ses:SendEmail"],
        resource: "mail",
    }]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
