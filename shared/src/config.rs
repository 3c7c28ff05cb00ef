//! One typed configuration, read once at start. A missing or malformed value stops the start
//! with its name; outside production everything has a default.

/// Where this runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A laptop or a test.
    Development,
    /// Like production, without its data.
    Staging,
    /// For people.
    Production,
}

/// What Apple knows us by, besides the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppleClient {
    /// `APPLE_CLIENT_ID`: the Services ID.
    pub client_id: String,
    /// `APPLE_TEAM_ID`.
    pub team_id: String,
    /// `APPLE_KEY_ID`: which of our keys signs.
    pub key_id: String,
}

/// A principal who becomes a super admin when nobody is an admin yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founder {
    /// ARN of the IAM role or user.
    pub role_arn: String,
    /// Name of the session or the user.
    pub session_name: String,
    /// Where to write to.
    pub email: String,
}

impl Founder {
    /// Reads `role ARN|session|address`, several separated by semicolons.
    fn read(text: &str) -> Result<Vec<Self>, String> {
        let founders = text.split(';').map(str::trim).filter(|one| !one.is_empty());
        let read = |one: &str| match one.split('|').collect::<Vec<_>>().as_slice() {
            [role_arn, session_name, email] => Ok(Self {
                role_arn: (*role_arn).to_owned(),
                session_name: (*session_name).to_owned(),
                email: (*email).to_owned(),
            }),
            _ => Err("PAIRLY_SUPER_ADMINS is not `role ARN|session|address`".to_owned()),
        };
        founders.map(read).collect()
    }
}

/// Signing in through other providers. One without a client id is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Social {
    /// `GOOGLE_CLIENT_ID`.
    pub google: Option<String>,
    /// `FACEBOOK_CLIENT_ID`.
    pub facebook: Option<String>,
    /// `APPLE_CLIENT_ID`, `APPLE_TEAM_ID`, `APPLE_KEY_ID`: all or none.
    pub apple: Option<AppleClient>,
    /// `OAUTH_REDIRECT_BASE`: base of the addresses that providers send people back to.
    pub redirect_base: String,
    /// `OAUTH_REDIRECTS`: where the app may be, letter by letter, separated by commas.
    pub redirects: Vec<String>,
    /// `OAUTH_AUTHORIZE_BASE`: replaces the pages of the providers; refused in production.
    pub authorize_base: Option<String>,
}

impl Social {
    fn read(
        get: &impl Fn(&str) -> Option<String>,
        stage: Stage,
        public_url: &str,
    ) -> Result<Self, String> {
        let some = |name: &str| get(name).filter(|value| !value.is_empty());
        let apple = some("APPLE_CLIENT_ID").map(|client_id| {
            let part = |name: &str| some(name).ok_or_else(|| format!("{name} is missing"));
            Ok::<_, String>(AppleClient {
                client_id,
                team_id: part("APPLE_TEAM_ID")?,
                key_id: part("APPLE_KEY_ID")?,
            })
        });
        let authorize_base = some("OAUTH_AUTHORIZE_BASE");
        if stage == Stage::Production && authorize_base.is_some() {
            return Err("OAUTH_AUTHORIZE_BASE must not be set in production".into());
        }
        let base = some("OAUTH_REDIRECT_BASE");
        Ok(Self {
            google: some("GOOGLE_CLIENT_ID"),
            facebook: some("FACEBOOK_CLIENT_ID"),
            apple: apple.transpose()?,
            redirect_base: base.unwrap_or_else(|| format!("{public_url}/auth/oauth")),
            redirects: list(some("OAUTH_REDIRECTS")),
            authorize_base,
        })
    }
}

/// The platform applications of SNS that pushes go through. One without an ARN is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushApps {
    /// `PUSH_APNS_ARN`: iPhones, all but their rings.
    pub apns: Option<String>,
    /// `PUSH_APNS_VOIP_ARN`: rings of iPhones.
    pub apns_voip: Option<String>,
    /// `PUSH_FCM_ARN`: Android.
    pub fcm: Option<String>,
}

impl PushApps {
    fn read(get: &impl Fn(&str) -> Option<String>) -> Self {
        let some = |name: &str| get(name).filter(|value| !value.is_empty());
        Self {
            apns: some("PUSH_APNS_ARN"),
            apns_voip: some("PUSH_APNS_VOIP_ARN"),
            fcm: some("PUSH_FCM_ARN"),
        }
    }
}

/// The configuration of every function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `PAIRLY_STAGE`: `development`, `staging` or `production`.
    pub stage: Stage,
    /// `AWS_REGION`.
    pub region: String,
    /// `PAIRLY_PREFIX`: first part of table, queue and secret names; default `pairly`.
    pub prefix: String,
    /// `PAIRLY_BUCKETS`: first part of the names of buckets, which are one space for all of AWS;
    /// default the prefix.
    pub buckets: String,
    /// `PAIRLY_QUEUE_BASE`: address before the queue's name.
    pub queue_base: String,
    /// `PAIRLY_SOCKET_ENDPOINT`: address of the connection management API.
    pub socket_endpoint: String,
    /// `PAIRLY_SOCKET_URL`: where clients open sockets.
    pub socket_url: String,
    /// `PUBLIC_URL`: base of links to this API.
    pub public_url: String,
    /// `APP_URL`: base of links into the app.
    pub app_url: String,
    /// `PAIRLY_ORIGINS`: browser origins that may call, separated by commas.
    pub origins: Vec<String>,
    /// `PAIRLY_MAIL_FROM`: sender of mails.
    pub mail_from: String,
    /// `PAIRLY_DATA_KEY`: KMS key id that wraps the data key of each person.
    pub master_key: String,
    /// `PAIRLY_OBJECTS_URL`: where clients reach the buckets, each by its name below it; without
    /// it every bucket has its own address at AWS.
    pub objects_url: Option<String>,
    /// `TURN_URLS`: TURN servers for calls, separated by commas (RFC 7065); none without it.
    pub turn_urls: Vec<String>,
    /// Signing in through other providers.
    pub social: Social,
    /// Ways to push to phones.
    pub push: PushApps,
    /// `AWS_ENDPOINT_URL`: replaces every AWS address; refused in production.
    pub endpoint: Option<String>,
    /// `PAIRLY_SUPER_ADMINS`: the first one or two super admins.
    pub super_admins: Vec<Founder>,
    /// `RATE_LIMIT_ENABLED`: `false` is honoured only outside production.
    pub rate_limit: bool,
}

impl Config {
    /// Reads the environment through `get`.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let stage = match get("PAIRLY_STAGE").as_deref() {
            Some("production") => Stage::Production,
            Some("staging") => Stage::Staging,
            Some("development") | None => Stage::Development,
            Some(other) => return Err(format!("PAIRLY_STAGE is `{other}`")),
        };
        let text = |name: &str, default: &str| match get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ if stage == Stage::Production => Err(format!("{name} is missing")),
            _ => Ok(default.to_owned()),
        };
        let endpoint = get("AWS_ENDPOINT_URL");
        if stage == Stage::Production && endpoint.is_some() {
            return Err("AWS_ENDPOINT_URL must not be set in production".into());
        }
        let prefix = text("PAIRLY_PREFIX", "pairly")?;
        let public_url = text("PUBLIC_URL", "http://127.0.0.1:3000")?;
        Ok(Self {
            stage,
            social: Social::read(&get, stage, &public_url)?,
            push: PushApps::read(&get),
            region: text("AWS_REGION", "us-east-1")?,
            buckets: text("PAIRLY_BUCKETS", &prefix)?,
            prefix,
            queue_base: text(
                "PAIRLY_QUEUE_BASE",
                "https://sqs.us-east-1.amazonaws.com/000000000000/",
            )?,
            socket_endpoint: text("PAIRLY_SOCKET_ENDPOINT", "https://sockets.invalid/live")?,
            socket_url: text("PAIRLY_SOCKET_URL", "ws://127.0.0.1:3001")?,
            public_url,
            app_url: text("APP_URL", "http://127.0.0.1:3000")?,
            origins: list(Some(text(
                "PAIRLY_ORIGINS",
                "http://127.0.0.1:3000,http://localhost:3000",
            )?)),
            mail_from: text("PAIRLY_MAIL_FROM", "Pairly <no-reply@pairly.test>")?,
            master_key: text("PAIRLY_DATA_KEY", "alias/pairly-data")?,
            turn_urls: list(get("TURN_URLS")),
            objects_url: get("PAIRLY_OBJECTS_URL").filter(|url| !url.is_empty()),
            super_admins: Founder::read(&get("PAIRLY_SUPER_ADMINS").unwrap_or_default())?,
            endpoint,
            rate_limit: stage == Stage::Production
                || get("RATE_LIMIT_ENABLED").as_deref() != Some("false"),
        })
    }

    /// Physical name of a table.
    pub fn table(&self, table: crate::table::Name) -> String {
        format!("{}-{}", self.prefix, table.as_str())
    }

    /// Where a ticket opens a socket. An address without a path gets the empty one, because not
    /// every client sends it by itself (RFC 3986 §6.2.3).
    pub fn socket_address(&self, ticket: &str) -> String {
        let base = &self.socket_url;
        let host = base
            .split_once("://")
            .map_or(base.as_str(), |(_, rest)| rest);
        let slash = if host.contains('/') { "" } else { "/" };
        format!("{base}{slash}?ticket={ticket}")
    }

    /// Name of a bucket.
    pub fn bucket(&self, bucket: &str) -> String {
        format!("{}-{bucket}", self.buckets)
    }

    /// Where clients reach a bucket, without a slash at the end.
    pub fn bucket_url(&self, bucket: &str) -> String {
        let (bucket, region) = (self.bucket(bucket), &self.region);
        match &self.objects_url {
            Some(base) => format!("{base}/{bucket}"),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
        }
    }

    /// Address of a queue.
    pub fn queue_url(&self, queue: &str) -> String {
        format!("{}{}-{queue}", self.queue_base, self.prefix)
    }
}

/// The parts of a list with commas; an absent one has none.
fn list(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    let parts = text.split(',').map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// One variable of the environment: the only place that reads it.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the module that owns the environment"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn social(stage: Stage, set: &[(&str, &str)]) -> Result<Social, String> {
        let get = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Social::read(&get, stage, "https://api.example")
    }

    #[test]
    fn providers_are_off_until_they_are_configured() {
        let none = social(Stage::Production, &[("GOOGLE_CLIENT_ID", "")]).expect("social");
        assert_eq!((none.google, none.facebook, none.apple), (None, None, None));
        assert!(
            none.redirects.is_empty(),
            "nowhere to go unless it is listed"
        );
        assert_eq!(none.redirect_base, "https://api.example/auth/oauth");
    }

    #[test]
    fn half_an_apple_and_foreign_pages_in_production_stop_the_start() {
        let half = social(Stage::Development, &[("APPLE_CLIENT_ID", "app")]);
        assert_eq!(half, Err("APPLE_TEAM_ID is missing".to_owned()));
        let pages = [("OAUTH_AUTHORIZE_BASE", "http://127.0.0.1")];
        assert!(social(Stage::Development, &pages).is_ok());
        assert!(social(Stage::Production, &pages).is_err());
    }
}
