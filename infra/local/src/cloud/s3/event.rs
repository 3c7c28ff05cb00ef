//! What S3 tells of new objects.

use serde_json::json;
use shared::aws::objects::INCOMING;

use super::{New, Object, Place, failed};
use crate::cloud::grants::REGION;
use crate::cloud::messages::Sent;
use crate::cloud::tables::physical;
use crate::cloud::wire::Response;
use crate::cloud::{Cloud, random_id};

impl Cloud {
    /// Writes an object and tells the queue, where one listens.
    pub(super) fn created(
        &self,
        how: &str,
        place: &Place,
        content_type: &str,
        body: &[u8],
    ) -> Result<Object, Response> {
        let (bucket, key, at) = (
            place.bucket.as_str(),
            place.key.as_str(),
            self.0.clock.now(),
        );
        let new = New {
            bucket,
            key,
            content_type,
            body,
            at,
        };
        let object = self
            .store()
            .put_object(&new)
            .map_err(|cause| failed(&cause))?;
        if bucket == "media" && key.starts_with(INCOMING) {
            self.tell(how, bucket, &object)
                .map_err(|cause| failed(&cause))?;
            self.notify();
        }
        Ok(object)
    }

    /// Sends the event notification of an object (*Amazon S3 User Guide*, "Event message
    /// structure") to the queue `uploads`.
    fn tell(&self, how: &str, bucket: &str, object: &Object) -> rusqlite::Result<()> {
        let name = physical(bucket);
        let event = json!({ "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": object.modified_at,
            "eventName": format!("ObjectCreated:{how}"),
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "uploads",
                "bucket": { "name": name, "arn": format!("arn:aws:s3:::{name}") },
                "object": {
                    "key": shared::aws::presigned::encode(&object.key, "/").replace("%20", "+"),
                    "size": object.size,
                    "eTag": object.etag.trim_matches('"'),
                    "sequencer": format!("{:018X}", object.sequence),
                },
            },
        }] });
        self.store().send(&Sent {
            queue: "uploads",
            message_id: &random_id(),
            body: &event.to_string(),
            attributes: &json!({}),
            at: object.modified_at,
            visible_at: object.modified_at,
        })
    }
}
