//! The form that a browser posts: its signature, every condition of its policy and the right of
//! whoever signed are checked, as the *Amazon S3 API Reference* says under "POST Policy".

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use shared::Time;
use shared::aws::Keys;
use shared::aws::presigned::{ALGORITHM, Signer};

use super::multipart::{Field, fields};
use super::xml::element;
use super::{Place, SERVICE, empty, headers, needs, refusal, refusal_with};
use crate::cloud::Cloud;
use crate::cloud::grants::REGION;
use crate::cloud::tables::physical;
use crate::cloud::wire::Response;

/// Field that names the signer's role.
const TOKEN: &str = "x-amz-security-token";
const MALFORMED: &str = "The body of your POST request is not well-formed multipart/form-data.";

/// The fields before the file, and the file.
struct Posted<'a> {
    fields: Vec<Field<'a>>,
    file: &'a [u8],
}

impl<'a> Posted<'a> {
    fn read(content_type: &str, body: &'a [u8]) -> Option<Self> {
        let mut all = fields(content_type, body)?;
        let at = all.iter().position(|field| field.name == "file")?;
        let file = all.get(at)?.value;
        // What comes after the file is ignored.
        all.truncate(at);
        Some(Self { fields: all, file })
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self
            .fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    }
}

fn denied(message: &str) -> Response {
    refusal(
        403,
        "AccessDenied",
        &format!("Invalid according to Policy: {message}"),
    )
}

impl Cloud {
    /// Answers a posted form to a bucket (short name).
    pub fn post_object(&self, bucket: &str, content_type: &str, body: &[u8]) -> Response {
        self.try_post(bucket, content_type, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_post(
        &self,
        bucket: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<Response, Response> {
        let posted = Posted::read(content_type, body)
            .ok_or_else(|| refusal(400, "MalformedPOSTRequest", MALFORMED))?;
        let policy = signed_policy(&posted)?;
        let expires = policy["expiration"].as_str().and_then(Time::parse);
        if expires.is_none_or(|at| self.0.clock.now() >= at) {
            return Err(denied("Policy expired."));
        }
        conditions(&posted, &policy, &physical(bucket))?;
        let role = self.0.grants.signer(posted.get(TOKEN));
        let needs = needs("PutObject", bucket);
        self.0.grants.check(&role, SERVICE, &needs)?;
        let place = Place {
            bucket: bucket.to_owned(),
            key: posted.get("key").unwrap_or_default().to_owned(),
        };
        let kind = posted.get("content-type").unwrap_or("binary/octet-stream");
        let object = self.created("Post", &place, kind, posted.file)?;
        let mut answer = empty(204);
        answer.headers = headers([("etag", object.etag)]);
        Ok(answer)
    }
}

/// The policy, if its signature is right.
fn signed_policy(posted: &Posted<'_>) -> Result<Value, Response> {
    let missing = || refusal(403, "AccessDenied", "Access Denied");
    let policy = posted.get("policy").ok_or_else(missing)?;
    let (keys, credential) = (
        Keys::read(),
        posted.get("x-amz-credential").ok_or_else(missing)?,
    );
    let (date, region) = (
        posted.get("x-amz-date").ok_or_else(missing)?,
        REGION.to_owned(),
    );
    let day = date.split('T').next().unwrap_or_default();
    if posted.get("x-amz-algorithm") != Some(ALGORITHM) {
        return Err(refusal(
            400,
            "InvalidArgument",
            "X-Amz-Algorithm must be AWS4-HMAC-SHA256",
        ));
    }
    if credential != format!("{}/{day}/{region}/s3/aws4_request", keys.id) {
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        return Err(refusal(403, "InvalidAccessKeyId", message));
    }
    let expected = Signer { keys, region }.sign(date, policy);
    let given = posted.get("x-amz-signature").unwrap_or_default();
    if !shared::crypto::same(expected.as_bytes(), given.as_bytes()) {
        let message = "The request signature we calculated does not match the signature you \
                       provided. Check your key and signing method.";
        return Err(refusal(403, "SignatureDoesNotMatch", message));
    }
    let bytes = BASE64.decode(policy).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    read.ok_or_else(|| {
        refusal(
            400,
            "InvalidPolicyDocument",
            "Invalid Policy: Invalid JSON.",
        )
    })
}

/// Every condition holds, and every field has one.
fn conditions(posted: &Posted<'_>, policy: &Value, bucket: &str) -> Result<(), Response> {
    let mut named = vec!["policy".to_owned(), "x-amz-signature".to_owned()];
    for condition in policy["conditions"].as_array().into_iter().flatten() {
        let (how, name, wanted) = match condition {
            Value::Object(pair) => match pair.iter().next() {
                Some((name, value)) => ("eq", name.to_lowercase(), value.clone()),
                None => continue,
            },
            other => {
                let text = |at: usize| other[at].as_str().unwrap_or_default();
                let name = text(1).trim_start_matches('$').to_lowercase();
                (text(0), name, other[2].clone())
            }
        };
        if how == "content-length-range" {
            length(posted.file.len(), &condition[1], &condition[2])?;
            continue;
        }
        let given = match name.as_str() {
            "bucket" => bucket,
            name => posted.get(name).unwrap_or_default(),
        };
        let wanted = wanted.as_str().unwrap_or_default();
        let holds = match how {
            "eq" => given == wanted,
            "starts-with" => given.starts_with(wanted),
            _ => false,
        };
        if !holds {
            let text = format!("Policy Condition failed: [\"{how}\", \"${name}\", \"{wanted}\"]");
            return Err(denied(&text));
        }
        named.push(name);
    }
    let free =
        |name: &str| named.iter().any(|known| known == name) || name.starts_with("x-ignore-");
    let mut names = posted.fields.iter().map(|field| field.name.to_lowercase());
    match names.find(|name| !free(name)) {
        Some(name) => Err(denied(&format!("Extra input fields: {name}"))),
        None => Ok(()),
    }
}

fn length(size: usize, min: &Value, max: &Value) -> Result<(), Response> {
    let bound = |value: &Value| value.as_u64().and_then(|bound| usize::try_from(bound).ok());
    let (min, max) = (bound(min).unwrap_or(0), bound(max).unwrap_or(0));
    let proposed = element("ProposedSize", &size.to_string());
    if size > max {
        let allowed = element("MaxSizeAllowed", &max.to_string());
        let message = "Your proposed upload exceeds the maximum allowed size";
        return Err(refusal_with(
            400,
            "EntityTooLarge",
            message,
            &(proposed + &allowed),
        ));
    }
    if size < min {
        let allowed = element("MinSizeAllowed", &min.to_string());
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(refusal_with(
            400,
            "EntityTooSmall",
            message,
            &(proposed + &allowed),
        ));
    }
    Ok(())
}
