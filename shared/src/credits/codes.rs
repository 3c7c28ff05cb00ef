//! The words of a ledger row and their stored codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a row is booked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Credits bought.
    Purchase,
    /// Credits of a subscription period.
    SubscriptionGrant,
    /// Credits given or taken by the operator.
    Adjustment,
    /// Price of a message.
    MessageCharge,
    /// Price of a message given back.
    MessageRefund,
    /// Credits reserved for a call.
    CallHold,
    /// More of them.
    CallHoldExtend,
    /// Price of a call.
    CallCharge,
    /// Reserved credits that the call did not use.
    CallRelease,
    /// Price of a call given back.
    CallRefund,
    /// Price of a superlike.
    SuperlikeCharge,
    /// Credits given to somebody.
    Donation,
    /// Bought credits taken back after a refund.
    RefundClawback,
    /// Bought credits taken back after a charge-back.
    Chargeback,
    /// Incoming credits that repay debt.
    DebtRepayment,
    /// What was left when the account ended.
    AccountClosed,
}

/// In the order of their stored codes: append only.
pub(super) const KINDS: [Kind; 16] = [
    Kind::Purchase,
    Kind::SubscriptionGrant,
    Kind::Adjustment,
    Kind::MessageCharge,
    Kind::MessageRefund,
    Kind::CallHold,
    Kind::CallHoldExtend,
    Kind::CallCharge,
    Kind::CallRelease,
    Kind::CallRefund,
    Kind::SuperlikeCharge,
    Kind::Donation,
    Kind::RefundClawback,
    Kind::Chargeback,
    Kind::DebtRepayment,
    Kind::AccountClosed,
];

impl Kind {
    /// Name on the wire and in natural keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::SubscriptionGrant => "subscription_grant",
            Self::Adjustment => "adjustment",
            Self::MessageCharge => "message_charge",
            Self::MessageRefund => "message_refund",
            Self::CallHold => "call_hold",
            Self::CallHoldExtend => "call_hold_extend",
            Self::CallCharge => "call_charge",
            Self::CallRelease => "call_release",
            Self::CallRefund => "call_refund",
            Self::SuperlikeCharge => "superlike_charge",
            Self::Donation => "donation",
            Self::RefundClawback => "refund_clawback",
            Self::Chargeback => "chargeback",
            Self::DebtRepayment => "debt_repayment",
            Self::AccountClosed => "account_closed",
        }
    }
}

/// One side of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Spendable credits of the wallet.
    Credits,
    /// Reserved credits of the wallet.
    Held,
    /// What the wallet owes.
    Debt,
    /// Credits minted.
    Issued,
    /// Credits consumed.
    Burn,
    /// Credits moved by the operator.
    Adjust,
}

/// In the order of their stored codes: append only.
pub(super) const ACCOUNTS: [Account; 6] = [
    Account::Credits,
    Account::Held,
    Account::Debt,
    Account::Issued,
    Account::Burn,
    Account::Adjust,
];

impl Account {
    /// Name as the contract writes it.
    pub fn name(self, wallet_id: &str) -> String {
        match self {
            Self::Credits => format!("wallet:{wallet_id}:credits"),
            Self::Held => format!("wallet:{wallet_id}:held"),
            Self::Debt => format!("wallet:{wallet_id}:debt"),
            Self::Issued => "sys:issued".into(),
            Self::Burn => "sys:burn".into(),
            Self::Adjust => "sys:adjust".into(),
        }
    }
}

/// What kind of object a row refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefType {
    /// A message.
    Message,
    /// A call.
    Call,
    /// A payment.
    Payment,
    /// A subscription.
    Subscription,
    /// A donation.
    Donation,
    /// A superlike.
    Like,
    /// The wallet itself, for what happens once in its life.
    Wallet,
    /// A row of the audit log.
    Audit,
}

/// In the order of their stored codes, with the prefix of their ids: append only.
pub(super) const REF_TYPES: [(RefType, &str); 8] = [
    (RefType::Message, "msg"),
    (RefType::Call, "cal"),
    (RefType::Payment, "pay"),
    (RefType::Subscription, "sub"),
    (RefType::Donation, "don"),
    (RefType::Like, "mch"),
    (RefType::Wallet, "wal"),
    (RefType::Audit, "aud"),
];
