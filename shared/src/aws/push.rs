//! SNS: the capability to push to phones, through the platform applications of the configuration.

use std::sync::Arc;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;

use crate::aws::Way;
use crate::config::PushApps;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};

struct Sns(Client);

/// A way to phones: one platform application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushApp {
    /// iPhones, all but their rings.
    Apns,
    /// Rings of iPhones.
    ApnsVoip,
    /// Android.
    Fcm,
}

impl PushApps {
    /// ARN of a platform application; none when the way is switched off.
    pub fn arn(&self, app: PushApp) -> Option<&str> {
        match app {
            PushApp::Apns => self.apns.as_deref(),
            PushApp::ApnsVoip => self.apns_voip.as_deref(),
            PushApp::Fcm => self.fcm.as_deref(),
        }
    }
}

impl<C: Send> Take<C> for PushApps {
    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(env.config().push.clone())
    }
}

/// A push ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missive {
    /// ARN of the phone's endpoint.
    pub endpoint_arn: String,
    /// JSON by platform.
    pub message: String,
    /// Names and values that SNS passes on to the platform, such as the time to live.
    pub attributes: Vec<(String, String)>,
}

/// Why a push was not taken, with the provider's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpushed {
    /// May work later: throttled, unreachable.
    Later(String),
    /// Will never work, but the phone is not to blame.
    Never(String),
    /// Nobody has this token any more.
    Gone(String),
    /// The endpoint does not exist, but the phone may have another one.
    Missing,
}

/// The capability to push to phones.
#[derive(Clone)]
pub struct Push {
    client: Arc<Sns>,
    apps: PushApps,
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Push")
    }
}

/// The endpoint that a refusal to make another one names: it has the same token, but was switched
/// off.
fn existing(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("Endpoint ")?;
    let (arn, _) = rest.split_once(" already exists with the same Token")?;
    arn.starts_with("arn:").then(|| arn.to_owned())
}

fn later(code: Option<&str>) -> Unpushed {
    Unpushed::Later(code.unwrap_or("unreachable").to_owned())
}

/// What a refusal to publish means.
fn refused(code: Option<&str>, message: &str) -> Unpushed {
    match code {
        Some(code @ ("EndpointDisabled" | "EndpointDisabledException")) => {
            Unpushed::Gone(code.to_owned())
        }
        Some("NotFound" | "NotFoundException") => Unpushed::Missing,
        Some("InvalidParameter") if message.contains("TargetArn") => Unpushed::Missing,
        Some(code @ ("InvalidParameter" | "InvalidParameterValue" | "ValidationException")) => {
            Unpushed::Never(code.to_owned())
        }
        code => later(code),
    }
}

impl Push {
    /// The sender of this instance.
    pub fn of(env: &Env) -> Self {
        Self {
            client: env.part(|env| Sns(Client::new(&super::shared_config(env)))),
            apps: env.config().push.clone(),
        }
    }

    /// The ways that are switched on.
    pub const fn apps(&self) -> &PushApps {
        &self.apps
    }

    /// Asks whether the provider answers; none when no way is switched on.
    ///
    /// # Errors
    /// 503 when it does not.
    pub fn probe(&self) -> Option<Way<'_, Result<()>>> {
        let apps = &self.apps;
        let arn = apps.apns.as_ref().or(apps.fcm.as_ref());
        let arn = arn.or(apps.apns_voip.as_ref())?;
        Some(Box::pin(async move {
            let request = self.client.0.get_platform_application_attributes();
            let asked = request.platform_application_arn(arn).send().await;
            asked
                .map(|_| ())
                .map_err(|error| super::dynamo::failed(&error))
        }))
    }

    /// The endpoint of a token at a platform application, made or found, and switched on: whoever
    /// registers a token has it now, whatever became of it before.
    ///
    /// # Errors
    /// [`Unpushed::Gone`] when this is no token.
    pub fn endpoint<'a>(
        &'a self,
        app_arn: &'a str,
        token: &'a str,
    ) -> Way<'a, Result<String, Unpushed>> {
        Box::pin(async move {
            let sns = &self.client.0;
            let request = sns.create_platform_endpoint();
            let made = request
                .platform_application_arn(app_arn)
                .token(token)
                .send();
            let arn = match made.await {
                Ok(made) => made.endpoint_arn.unwrap_or_default(),
                Err(error) => match (error.code(), existing(error.message().unwrap_or_default())) {
                    (_, Some(arn)) => arn,
                    (Some(code @ "InvalidParameter"), None) => {
                        return Err(Unpushed::Gone(code.to_owned()));
                    }
                    (code, None) => return Err(later(code)),
                },
            };
            let request = sns.set_endpoint_attributes().endpoint_arn(&arn);
            let set = request
                .attributes("Enabled", "true")
                .attributes("Token", token);
            match set.send().await {
                Ok(_) => Ok(arn),
                Err(error) => Err(later(error.code())),
            }
        })
    }

    /// Sends a push and returns the provider's message id.
    ///
    /// # Errors
    /// What became of it instead.
    pub fn send<'a>(&'a self, missive: &'a Missive) -> Way<'a, Result<String, Unpushed>> {
        Box::pin(async move {
            let request = self.client.0.publish().target_arn(&missive.endpoint_arn);
            let mut request = request.message(&missive.message).message_structure("json");
            for (name, value) in &missive.attributes {
                let value = MessageAttributeValue::builder()
                    .data_type("String")
                    .string_value(value)
                    .build()
                    .map_err(|cause| Unpushed::Never(cause.to_string()))?;
                request = request.message_attributes(name, value);
            }
            match request.send().await {
                Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
                Err(error) => Err(refused(error.code(), error.message().unwrap_or_default())),
            }
        })
    }

    /// Takes an endpoint back, and with it what the provider knows of the token. One that is gone
    /// already is fine.
    ///
    /// # Errors
    /// 503 when the provider does not answer.
    pub fn forget<'a>(&'a self, endpoint_arn: &'a str) -> Way<'a, Result<()>> {
        Box::pin(async move {
            let request = self.client.0.delete_endpoint().endpoint_arn(endpoint_arn);
            let gone = request.send().await;
            gone.map(|_| ())
                .map_err(|error| super::dynamo::failed(&error))
        })
    }
}

impl<C: Send> Take<C> for Push {
    const GRANTS: &'static [&'static [Grant]] = &[&[Grant {
        actions: &[
            "sns:CreatePlatformEndpoint",
            "sns:DeleteEndpoint",
            "sns:Publish",
            "sns:SetEndpointAttributes",
        ],
        resource: "push",
    }]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_that_a_refusal_names_is_found() {
        let arn = "arn:aws:sns:us-east-1:000000000000:endpoint/APNS/pairly/1-2";
        let said = format!(
            "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, \
             but different attributes."
        );
        assert_eq!(existing(&said).as_deref(), Some(arn));
        for other in [
            "",
            "Endpoint  already exists with the same Token",
            "Endpoint arn:x",
        ] {
            assert_eq!(existing(other), None, "{other}");
        }
    }

    #[test]
    fn refusals_blame_the_phone_the_endpoint_the_push_or_nobody() {
        let gone = Unpushed::Gone("EndpointDisabled".into());
        assert_eq!(refused(Some("EndpointDisabled"), ""), gone);
        let missing = "Invalid parameter: TargetArn Reason: No endpoint found";
        assert_eq!(
            refused(Some("InvalidParameter"), missing),
            Unpushed::Missing
        );
        let never = Unpushed::Never("InvalidParameter".into());
        assert_eq!(refused(Some("InvalidParameter"), "Message too long"), never);
        for code in [Some("Throttled"), Some("PlatformApplicationDisabled"), None] {
            assert!(matches!(refused(code, ""), Unpushed::Later(_)), "{code:?}");
        }
    }
}
