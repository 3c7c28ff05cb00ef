//! Bodies that work, of operations on calls and of those for administrators.

use serde_json::{Value, json};

use super::samples::{CANDIDATE, Fixture};

impl Fixture {
    /// A body of an operation on calls.
    pub(super) fn call_body(&self, function: &str) -> Option<Value> {
        Some(match function {
            "initiate_call" => json!({ "receiver_id": self.emil, "call_type": "audio" }),
            "reject_call" => json!({ "reason": "declined" }),
            "add_ice_candidates" => json!({ "candidate": CANDIDATE, "sdpMid": "0" }),
            "report_call_quality" => json!({
                "rtt_ms": 80, "jitter_ms": 4, "loss_percent": 0.5, "bitrate_kbps": 40,
            }),
            "rate_call" => json!({ "rating": 5 }),
            "accept_call" | "end_call" | "report_ringing" | "report_connected" => json!({}),
            _ => return self.admin_body(function),
        })
    }

    /// A body that works for an admin.
    fn admin_body(&self, function: &str) -> Option<Value> {
        Some(match function {
            "create_admin" => json!({
                "role_arn": "arn:aws:iam::000000000000:role/sweeper", "session_name": "sweep-1",
                "email": "sweep@pairly.test", "name": "Sweep", "roles": ["analyst"],
                "reason": "a sweep",
            }),
            "edit_admin" => json!({ "active": true, "version": 1, "reason": "a sweep" }),
            "set_role" => json!({
                "permissions": ["users.view"], "version": 0, "reason": "a sweep",
            }),
            "ban_user" | "unban_user" | "end_user_sessions" | "clear_abuse_flag" => {
                json!({ "reason": "a sweep" })
            }
            "claim_moderation_item" | "release_moderation_item" => json!({}),
            "resolve_moderation_item" => {
                json!({ "resolution": "dismiss", "reason": "a sweep" })
            }
            "decide_approval" => json!({ "decision": "approve", "reason": "a sweep" }),
            "verify_audit_log" => json!({}),
            "adjust_credits" => json!({
                "user_id": self.cleo.id, "amount": 25, "reason": "a sweep of every operation",
            }),
            "freeze_wallet" => json!({ "frozen": false, "reason": "a sweep" }),
            "verify_ledger" => json!({ "user_id": self.ann.id }),
            "set_policy" => json!({ "value": 12, "reason": "a sweep" }),
            "set_package" => json!({
                "credits": 100, "price_cents": 599, "currency": "EUR", "active": true,
            }),
            "moderate_message" => json!({ "moderation_status": "flagged", "reason": "a sweep" }),
            "hard_delete_message" | "terminate_call" => json!({ "reason": "a sweep" }),
            "moderate_call" => json!({ "notes": "heard nothing", "reason": "a sweep" }),
            "refund_call" => json!({ "credits": 2, "reason": "a sweep" }),
            _ => return None,
        })
    }
}
