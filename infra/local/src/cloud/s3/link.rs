//! The link that a browser follows: signature, time and the right of whoever signed are checked,
//! then the object is given.

use shared::Time;
use shared::aws::Keys;
use shared::aws::presigned::{ALGORITHM, Link, Signer};

use super::{SERVICE, headers, needs, refusal};
use crate::cloud::Cloud;
use crate::cloud::grants::REGION;
use crate::cloud::wire::{Request, Response, percent_decoded};

/// Longest life of a link, seconds (AWS limit).
const LINK_SECONDS_MAX: i64 = 604_800;
/// Parameters that change headers of the answer.
const RESPONSE: &str = "response-content-disposition";
/// Parameter that names the signer's role.
const TOKEN: &str = "X-Amz-Security-Token";

impl Cloud {
    /// Answers a link to an object of a bucket (short name); the request's path is as the client
    /// sees it, the bucket's own part is `below`.
    pub fn follow_link(&self, bucket: &str, below: &str, request: &Request) -> Response {
        let mut answer = match self.try_link(bucket, below, request) {
            Ok(answer) | Err(answer) => answer,
        };
        if request.method == "HEAD" {
            answer.body = Vec::new();
        }
        answer
    }

    fn try_link(&self, bucket: &str, below: &str, request: &Request) -> Result<Response, Response> {
        let path = percent_decoded(request.path());
        let signer = self.check_link(request, &path)?;
        let needs = needs("GetObject", bucket);
        self.0.grants.check(&signer, SERVICE, &needs)?;
        let key = path
            .strip_prefix(below)
            .unwrap_or_default()
            .trim_start_matches('/');
        let object = self.found(bucket, key)?;
        let mut answer = self.content(&object, request.header("range"))?;
        if let Some(disposition) = request.parameter(RESPONSE) {
            answer
                .headers
                .extend(headers([("content-disposition", disposition)]));
        }
        Ok(answer)
    }

    /// The function that signed the link.
    fn check_link(&self, request: &Request, path: &str) -> Result<String, Response> {
        let missing = || refusal(403, "AccessDenied", "Access Denied");
        let given = |name: &str| request.parameter(name).ok_or_else(missing);
        let (date, seconds) = (given("X-Amz-Date")?, given("X-Amz-Expires")?);
        let at = time_of(&date).ok_or_else(missing)?;
        let seconds: i64 = seconds.parse().map_err(|_| missing())?;
        let (now, token) = (self.0.clock.now(), request.parameter(TOKEN));
        let role = self.0.grants.signer(token.as_deref());
        let keys = Keys {
            token,
            ..Keys::read()
        };
        if !(1..=LINK_SECONDS_MAX).contains(&seconds) || given("X-Amz-Algorithm")? != ALGORITHM {
            let message = "X-Amz-Expires must be less than a week (in seconds)";
            return Err(refusal(400, "AuthorizationQueryParametersError", message));
        }
        if now >= at.plus(seconds * 1_000) {
            return Err(refusal(403, "AccessDenied", "Request has expired"));
        }
        let signer = Signer {
            keys,
            region: REGION.to_owned(),
        };
        let more = request.parameter(RESPONSE);
        let more = more.as_deref().map(|text| (RESPONSE, text));
        let host = request.host();
        let link = Link {
            host,
            path,
            at,
            seconds,
        };
        // Signed anew from what it says; whatever else stands in the query does not match.
        let expected = signer.query(&link, more.as_slice());
        if !shared::crypto::same(expected.as_bytes(), request.query().as_bytes()) {
            let message = "The request signature we calculated does not match the signature you \
                           provided. Check your key and signing method.";
            return Err(refusal(403, "SignatureDoesNotMatch", message));
        }
        Ok(role)
    }
}

/// `20260131T090000Z`.
fn time_of(stamp: &str) -> Option<Time> {
    let part = |from: usize, to: usize| stamp.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    Time::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}
