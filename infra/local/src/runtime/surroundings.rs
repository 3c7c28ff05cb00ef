//! The configuration of the functions: what the local back end says of itself.

use shared::config::Config;

use super::{Local, Options};
use crate::cloud::platform_arn;

/// The variables that are not left to their defaults.
const OWN: [&str; 16] = [
    "PUBLIC_URL",
    "APP_URL",
    "PAIRLY_SOCKET_URL",
    "PAIRLY_OBJECTS_URL",
    "PAIRLY_ORIGINS",
    "TURN_URLS",
    "GOOGLE_CLIENT_ID",
    "FACEBOOK_CLIENT_ID",
    "APPLE_CLIENT_ID",
    "APPLE_TEAM_ID",
    "APPLE_KEY_ID",
    "OAUTH_REDIRECTS",
    "OAUTH_AUTHORIZE_BASE",
    "PUSH_APNS_ARN",
    "PUSH_APNS_VOIP_ARN",
    "PUSH_FCM_ARN",
];

/// The configuration of every function in this process.
pub(super) fn configure(options: &Options) -> Result<Config, String> {
    Config::read(|name| value(options, name))
}

/// The environment of functions in other processes, so that they are configured alike and call the
/// AWS services of this back end.
pub(super) fn environment(options: &Options) -> Vec<(String, String)> {
    let mut all: Vec<_> = OWN
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), value(options, name)?)))
        .collect();
    let further = options
        .settings
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()));
    all.extend(further.map(|(name, value)| (name.clone(), value.clone())));
    let endpoint = format!("http://127.0.0.1:{}/_aws", options.port);
    all.push(("AWS_ENDPOINT_URL".to_owned(), endpoint));
    all
}

fn value(options: &Options, name: &str) -> Option<String> {
    match options.settings.get(name) {
        Some(value) => Some(value.clone()),
        None => own(name, options.port),
    }
}

/// What the local back end says of itself, by the names of environment variables.
fn own(name: &str, port: u16) -> Option<String> {
    let (origin, socket) = (format!("http://127.0.0.1:{port}"), port.saturating_add(1));
    Some(match name {
        "PUBLIC_URL" | "APP_URL" => origin,
        "PAIRLY_SOCKET_URL" => format!("ws://127.0.0.1:{socket}"),
        "PAIRLY_OBJECTS_URL" => format!("{origin}/_objects"),
        "PAIRLY_ORIGINS" => format!("{origin},http://localhost:{port}"),
        "TURN_URLS" => {
            "turn:127.0.0.1:3478?transport=udp,turn:127.0.0.1:3478?transport=tcp".to_owned()
        }
        "GOOGLE_CLIENT_ID" => "local-google".to_owned(),
        "FACEBOOK_CLIENT_ID" => "local-facebook".to_owned(),
        "APPLE_CLIENT_ID" => "local.pairly.app".to_owned(),
        "APPLE_TEAM_ID" => "LOCALTEAM0".to_owned(),
        "APPLE_KEY_ID" => "LOCALKEY00".to_owned(),
        "OAUTH_REDIRECTS" => format!("{origin}/,pairly://signed-in"),
        "OAUTH_AUTHORIZE_BASE" => format!("{origin}/_local/idp"),
        "PUSH_APNS_ARN" => platform_arn("APNS"),
        "PUSH_APNS_VOIP_ARN" => platform_arn("APNS_VOIP"),
        "PUSH_FCM_ARN" => platform_arn("GCM"),
        _ => return None,
    })
}

impl Local {
    /// The environment of functions in other processes.
    pub fn environment(&self) -> &[(String, String)] {
        &self.0.environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_reads_the_same_configuration() {
        let settings = [("RATE_LIMIT_ENABLED".to_owned(), "false".to_owned())];
        let options = Options {
            port: 4_000,
            settings: settings.into(),
            ..Options::default()
        };
        let environment = environment(&options);
        let get = |name: &str| {
            let found = environment.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let mut elsewhere = Config::read(get).unwrap();
        let endpoint = elsewhere.endpoint.take();
        assert_eq!(endpoint.as_deref(), Some("http://127.0.0.1:4000/_aws"));
        let here = configure(&options).unwrap();
        assert_eq!(format!("{elsewhere:?}"), format!("{here:?}"));
        for name in OWN {
            assert!(own(name, 4_000).is_some(), "{name}");
        }
    }
}
