//! S3 as the SDK speaks it: REST with XML, sums that it adds and checks, parts, conditions.
//!
//! - [`objects`]: where they are
//! - [`event`]: what is told of new ones
//! - `range`: parts
//! - [`form`], [`multipart`]: the form that a browser posts
//! - [`link`]: the link that a browser follows
//! - `xml`: documents

mod event;
mod form;
mod link;
mod multipart;
mod objects;
mod range;
mod xml;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::aws::objects::NAMES;

pub use self::objects::{New, Object};
use self::range::{Part, part_of};
use self::xml::{element, texts};
use super::Cloud;
use super::grants::Need;
use super::tables::{physical, short};
use super::wire::{Request, Response, Service, percent_decoded};

const SERVICE: Service = Service::S3;
/// Keys of one answer.
const LISTED_MAX: usize = 1_000;

/// What a request names.
struct Place {
    bucket: String,
    key: String,
}

/// An error in the shape of S3.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    refusal_with(status, code, message, "")
}

/// An error with further elements.
fn refusal_with(status: u16, code: &str, message: &str, more: &str) -> Response {
    let inner = [
        element("Code", code),
        element("Message", message),
        more.to_owned(),
        element("RequestId", "local"),
    ];
    document(status, &format!("<Error>{}</Error>", inner.concat()))
}

fn document(status: u16, root: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}");
    SERVICE.answer(status, text.into_bytes())
}

fn empty(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn failed(cause: &rusqlite::Error) -> Response {
    refusal(500, "InternalError", &cause.to_string())
}

fn no_such_key() -> Response {
    refusal(404, "NoSuchKey", "The specified key does not exist.")
}

/// The bucket and key of a request to S3: by the host, or by the path below `/s3`.
fn place(request: &Request) -> Option<Place> {
    let path = request.path();
    let (bucket, key) = match request.host().split_once(".s3.") {
        Some((bucket, _)) => (bucket, path.strip_prefix('/').unwrap_or(path)),
        None => path
            .strip_prefix("/s3/")?
            .split_once('/')
            .unwrap_or((path.get(4..)?, "")),
    };
    Some(Place {
        bucket: short(bucket).to_owned(),
        key: percent_decoded(key),
    })
}

/// The operation of a request, if it is one to S3.
pub(super) fn operation(request: &Request) -> Option<Result<String, Response>> {
    let place = place(request)?;
    let has_key = !place.key.is_empty();
    let name = match (request.method.as_str(), has_key) {
        ("PUT", true) if request.header("x-amz-copy-source").is_some() => "CopyObject",
        ("PUT", true) => "PutObject",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("DELETE", true) => "DeleteObject",
        ("GET", false) if request.parameter("list-type").as_deref() == Some("2") => "ListObjectsV2",
        ("HEAD", false) => "HeadBucket",
        ("POST", false) if request.parameter("delete").is_some() => "DeleteObjects",
        (method, _) => return Some(Err(SERVICE.unknown(&format!("{method} {}", request.uri)))),
    };
    Some(Ok(name.to_owned()))
}

fn needs(operation: &str, bucket: &str) -> Vec<Need> {
    let actions: &[&str] = match operation {
        "GetObject" | "HeadObject" => &["s3:GetObject"],
        "PutObject" => &["s3:PutObject"],
        "CopyObject" => &["s3:GetObject", "s3:PutObject"],
        "DeleteObject" | "DeleteObjects" => &["s3:DeleteObject"],
        _ => &["s3:ListBucket"],
    };
    let need = |action: &&'static str| (*action, format!("bucket/{bucket}"));
    actions.iter().map(need).collect()
}

impl Cloud {
    /// Answers an operation of S3.
    pub(super) fn s3(&self, function: &str, operation: &str, request: &Request) -> Response {
        let answer = self.try_s3(function, operation, request);
        let mut answer = answer.unwrap_or_else(|refused| refused);
        if request.method == "HEAD" && answer.status >= 300 {
            answer.body = Vec::new();
        }
        answer
    }

    fn try_s3(
        &self,
        function: &str,
        operation: &str,
        request: &Request,
    ) -> Result<Response, Response> {
        let place = place(request).ok_or_else(no_such_key)?;
        let bucket = place.bucket.as_str();
        let needs = needs(operation, bucket);
        self.0.grants.check(function, SERVICE, &needs)?;
        if !NAMES.contains(&bucket) {
            let message = "The specified bucket does not exist";
            return Err(refusal(404, "NoSuchBucket", message));
        }
        let resource = format!("bucket/{bucket}");
        let name = format!("S3.{operation}");
        self.0
            .meter
            .add((function, &name), &resource, None, (0.0, 0.0));
        match operation {
            "PutObject" => self.put_object(&place, request),
            "CopyObject" => self.copy_object(&place, request),
            "GetObject" => self.get_object(&place, request),
            "HeadObject" => self.head_object(&place),
            "DeleteObject" => {
                let removed = self.store().delete_object(bucket, &place.key);
                removed.map(|()| empty(204)).map_err(|cause| failed(&cause))
            }
            "DeleteObjects" => self.delete_objects(bucket, request),
            "ListObjectsV2" => self.list_objects(bucket, request),
            _ => Ok(empty(200)),
        }
    }

    fn put_object(&self, place: &Place, request: &Request) -> Result<Response, Response> {
        let sum = checksum(&request.body);
        if request
            .header("x-amz-checksum-crc32")
            .is_some_and(|given| given != sum)
        {
            let message = "The CRC32 you specified did not match the calculated checksum.";
            return Err(refusal(400, "BadDigest", message));
        }
        let kind = request
            .header("content-type")
            .unwrap_or("binary/octet-stream");
        let object = self.created("Put", place, kind, &request.body)?;
        let mut answer = empty(200);
        answer.headers = headers([("etag", object.etag), ("x-amz-checksum-crc32", sum)]);
        Ok(answer)
    }

    fn copy_object(&self, place: &Place, request: &Request) -> Result<Response, Response> {
        let source = percent_decoded(request.header("x-amz-copy-source").unwrap_or_default());
        let source = source.trim_start_matches('/');
        let (bucket, key) = source.split_once('/').ok_or_else(no_such_key)?;
        let from = self.found(short(bucket), key)?;
        if request
            .header("x-amz-copy-source-if-match")
            .is_some_and(|etag| etag != from.etag)
        {
            return Err(precondition_failed());
        }
        let part = self.store().object_part(from.sequence, 0, from.size);
        let body = part.map_err(|cause| failed(&cause))?;
        let kind = request.header("content-type").unwrap_or(&from.content_type);
        let object = self.created("Copy", place, kind, &body)?;
        let inner = element("LastModified", &object.modified_at.to_string());
        let inner = inner + &element("ETag", &object.etag);
        Ok(document(
            200,
            &format!("<CopyObjectResult>{inner}</CopyObjectResult>"),
        ))
    }

    fn get_object(&self, place: &Place, request: &Request) -> Result<Response, Response> {
        let object = self.found(&place.bucket, &place.key)?;
        if request
            .header("if-match")
            .is_some_and(|etag| etag != object.etag)
        {
            return Err(precondition_failed());
        }
        let mut answer = self.content(&object, request.header("range"))?;
        // The sum is that of the whole object, so S3 gives none with a part.
        if request.header("x-amz-checksum-mode") == Some("ENABLED") && answer.status == 200 {
            let sum = checksum(&answer.body);
            answer
                .headers
                .extend(headers([("x-amz-checksum-crc32", sum)]));
        }
        Ok(answer)
    }

    /// The content of an object, whole or in part.
    fn content(&self, object: &Object, range: Option<&str>) -> Result<Response, Response> {
        let whole = (0, object.size.saturating_sub(1));
        let (first, last) = match range.map(|text| part_of(text, object.size)) {
            None | Some(Part::Whole) => whole,
            Some(Part::Of(first, last)) => (first, last),
            Some(Part::Beyond) => {
                let message = "The requested range is not satisfiable";
                return Err(refusal(416, "InvalidRange", message));
            }
        };
        let count = if object.size == 0 {
            0
        } else {
            last - first + 1
        };
        let part = self.store().object_part(object.sequence, first, count);
        let mut all = about(object);
        let is_part = count < object.size;
        if is_part {
            let range = format!("bytes {first}-{last}/{}", object.size);
            all.extend(headers([("content-range", range)]));
        }
        all.extend(headers([("content-length", count.to_string())]));
        Ok(Response {
            status: if is_part { 206 } else { 200 },
            headers: all,
            body: part.map_err(|cause| failed(&cause))?,
        })
    }

    fn head_object(&self, place: &Place) -> Result<Response, Response> {
        let object = self.found(&place.bucket, &place.key)?;
        let mut answer = empty(200);
        answer.headers = about(&object);
        answer
            .headers
            .extend(headers([("content-length", object.size.to_string())]));
        Ok(answer)
    }

    fn delete_objects(&self, bucket: &str, request: &Request) -> Result<Response, Response> {
        let sum = request.header("x-amz-checksum-crc32");
        let sum = sum.or(request.header("content-md5"));
        if sum.is_none() {
            let message = "Missing required header for this request: Content-MD5";
            return Err(refusal(400, "InvalidRequest", message));
        }
        let text = String::from_utf8_lossy(&request.body).into_owned();
        for key in texts(&text, "Key") {
            let removed = self.store().delete_object(bucket, &key);
            removed.map_err(|cause| failed(&cause))?;
        }
        Ok(document(200, "<DeleteResult></DeleteResult>"))
    }

    fn list_objects(&self, bucket: &str, request: &Request) -> Result<Response, Response> {
        let prefix = request.parameter("prefix").unwrap_or_default();
        let after = request.parameter("start-after").unwrap_or_default();
        let max = request
            .parameter("max-keys")
            .and_then(|text| text.parse().ok());
        let max = max.unwrap_or(LISTED_MAX).min(LISTED_MAX);
        let found = self.store().objects(bucket, &prefix, &after, max + 1);
        let mut found = found.map_err(|cause| failed(&cause))?;
        let more = found.len() > max;
        found.truncate(max);
        let mut inner = element("Name", &physical(bucket));
        inner += &element("Prefix", &prefix);
        inner += &element("KeyCount", &found.len().to_string());
        inner += &element("MaxKeys", &max.to_string());
        inner += &element("IsTruncated", &more.to_string());
        for object in &found {
            let (key, etag) = (element("Key", &object.key), element("ETag", &object.etag));
            let at = element("LastModified", &object.modified_at.to_string());
            let size = element("Size", &object.size.to_string());
            inner += &format!("<Contents>{key}{at}{etag}{size}</Contents>");
        }
        Ok(document(
            200,
            &format!("<ListBucketResult>{inner}</ListBucketResult>"),
        ))
    }

    fn found(&self, bucket: &str, key: &str) -> Result<Object, Response> {
        let object = self.store().object(bucket, key);
        object
            .map_err(|cause| failed(&cause))?
            .ok_or_else(no_such_key)
    }
}

fn precondition_failed() -> Response {
    let message = "At least one of the pre-conditions you specified did not hold";
    refusal(412, "PreconditionFailed", message)
}

fn headers<const N: usize>(pairs: [(&str, String); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn about(object: &Object) -> Vec<(String, String)> {
    headers([
        ("content-type", object.content_type.clone()),
        ("etag", object.etag.clone()),
        ("last-modified", object.modified_at.http()),
        ("accept-ranges", "bytes".to_owned()),
    ])
}

/// CRC-32 in base64, as S3 writes it.
fn checksum(body: &[u8]) -> String {
    BASE64.encode(crc32fast::hash(body).to_be_bytes())
}
