//! One row of a wallet's ledger: its values, its packed form and its hash.

use serde_json::json;

use super::booking::POSTINGS_MAX;
use super::codes::{ACCOUNTS, Account, KINDS, Kind, REF_TYPES, RefType};
use crate::crypto::{sha256, take};
use crate::id::{bytes_of, id_of};
use crate::pack::{Packer, Unpacker};
use crate::time::Time;

/// Largest amount of one posting, credits.
pub const AMOUNT_MAX: i64 = 1_000_000_000;
/// Longest reference that is no id of ours, bytes.
pub const REFERENCE_BYTES_MAX: usize = 64;
/// Bytes of a row's hash that are stored beside it, to tell which row was changed.
pub const TAG_BYTES: usize = 4;

/// The object that a row is booked for. (kind, id, posting) exists at most once for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its kind.
    pub kind: RefType,
    /// Its id; an id of ours takes 16 bytes, a message's 32, any other text as many as it has.
    pub id: String,
    /// Tells apart several events of one kind on one object, such as extensions of a hold.
    pub posting: i64,
}

impl Reference {
    /// The first event of its kind on the object.
    pub fn new(kind: RefType, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
            posting: 0,
        }
    }

    /// The n-th event of its kind on the object.
    #[must_use]
    pub fn posting(mut self, number: i64) -> Self {
        self.posting = number;
        self
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position in the wallet's chain, dense from 1.
    pub seq: i64,
    /// Place in its transaction, 0–19.
    pub nth: u8,
    /// What it is booked for.
    pub kind: Kind,
    /// Where the credits come from.
    pub debit: Account,
    /// Where they go.
    pub credit: Account,
    /// Credits, 1–[`AMOUNT_MAX`].
    pub amount: i64,
    /// Spendable credits afterwards.
    pub available_after: i64,
    /// Reserved credits afterwards.
    pub held_after: i64,
    /// The object it belongs to.
    pub reference: Reference,
    /// The hold it changes.
    pub hold_id: Option<String>,
    /// First row of the transaction that it takes back.
    pub reverses: Option<i64>,
    /// When it was booked; never before its predecessor.
    pub at: Time,
}

const NTH_MASK: u8 = 0b0001_1111;
const HAS_HOLD: u8 = 0b0010_0000;
const HAS_REVERSES: u8 = 0b0100_0000;
const FORM_TEXT: u8 = 0x00;
const FORM_ID: u8 = 0x10;
const FORM_LONG_ID: u8 = 0x20;

/// The two halves of an id that carries 32 bytes, such as a message's.
pub fn long_bytes_of(prefix: &str, id: &str) -> Option<([u8; 16], [u8; 16])> {
    let body = id.strip_prefix(prefix)?.strip_prefix('_')?;
    let (first, second) = body.split_at_checked(26)?;
    Some((
        bytes_of("", &format!("_{first}"))?,
        bytes_of("", &format!("_{second}"))?,
    ))
}

/// The id that carries 32 bytes: 52 characters after the prefix.
pub fn long_id_of(prefix: &str, first: [u8; 16], second: [u8; 16]) -> String {
    format!(
        "{prefix}{}{}",
        id_of("", first),
        id_of("", second).trim_start_matches('_')
    )
}

impl Entry {
    /// The packed form, without the tag.
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Packer::default();
        let hold = self.hold_id.as_deref().and_then(|id| bytes_of("hld", id));
        let flags = (self.nth & NTH_MASK)
            | if hold.is_some() { HAS_HOLD } else { 0 }
            | if self.reverses.is_some() {
                HAS_REVERSES
            } else {
                0
            };
        let accounts = (self.debit as u8) << 4 | self.credit as u8;
        out.byte(flags)
            .byte(self.kind as u8)
            .byte(accounts)
            .number(self.amount);
        out.number(self.available_after).number(self.held_after);
        out.raw(self.at.ms().to_be_bytes().get(2..).unwrap_or_default());
        self.pack_reference(&mut out);
        if let Some(hold) = hold {
            out.raw(&hold);
        }
        if let Some(seq) = self.reverses {
            out.number(seq);
        }
        out.finish()
    }

    fn pack_reference(&self, out: &mut Packer) {
        let code = self.reference.kind as u8;
        let prefix = REF_TYPES.get(usize::from(code)).map_or("", |known| known.1);
        let id = &self.reference.id;
        if let Some(bytes) = bytes_of(prefix, id) {
            out.byte(FORM_ID | code).raw(&bytes);
        } else if let Some((first, second)) = long_bytes_of(prefix, id) {
            out.byte(FORM_LONG_ID | code).raw(&first).raw(&second);
        } else {
            out.byte(FORM_TEXT | code).sized(id.as_bytes());
        }
        out.number(self.reference.posting);
    }

    /// Reads the next row, which has the number `seq`.
    pub fn unpack(from: &mut Unpacker<'_>, seq: i64) -> Option<Self> {
        let flags = from.byte()?;
        if flags & !(NTH_MASK | HAS_HOLD | HAS_REVERSES) != 0 {
            return None;
        }
        let kind = *KINDS.get(usize::from(from.byte()?))?;
        let accounts = from.byte()?;
        let debit = *ACCOUNTS.get(usize::from(accounts >> 4))?;
        let credit = *ACCOUNTS.get(usize::from(accounts & 0x0f))?;
        let (amount, available_after, held_after) =
            (from.number()?, from.number()?, from.number()?);
        let [a, b, c, d, e, f] = from.fixed::<6>()?;
        let at = Time(i64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        let reference = unpack_reference(from)?;
        let hold_id = match flags & HAS_HOLD {
            0 => None,
            _ => Some(id_of("hld", from.fixed()?)),
        };
        let reverses = match flags & HAS_REVERSES {
            0 => None,
            _ => Some(from.number()?),
        };
        let nth = flags & NTH_MASK;
        Some(Self {
            seq,
            nth,
            kind,
            debit,
            credit,
            amount,
            available_after,
            held_after,
            reference,
            hold_id,
            reverses,
            at,
        })
    }

    /// First row of this row's transaction.
    pub fn first_seq(&self) -> i64 {
        self.seq - i64::from(self.nth)
    }

    /// The row as a person sees it, without hashes: exactly what [`Entry::hash`] covers.
    pub fn canonical(&self, wallet_id: &str) -> serde_json::Value {
        let mut row = json!({
            "amount": self.amount,
            "available_after": self.available_after,
            "created_at": self.at,
            "credit_account": self.credit.name(wallet_id),
            "debit_account": self.debit.name(wallet_id),
            "held_after": self.held_after,
            "kind": self.kind.as_str(),
            "ledger": "credits",
            "posting_no": self.posting_no(),
            "ref_id": self.reference.id,
            "ref_type": self.reference.kind,
            "seq": self.seq,
            "transaction_id": transaction_id(wallet_id, self.first_seq()),
        });
        if let Some(hold) = &self.hold_id {
            row["hold_id"] = json!(hold);
        }
        if let Some(seq) = self.reverses {
            row["reverses"] = json!(transaction_id(wallet_id, seq));
        }
        row
    }

    /// Number that makes (kind, reference, posting) unique: each event of a kind on an object has
    /// room for all the rows that one transaction may have.
    pub fn posting_no(&self) -> i64 {
        self.reference.posting * POSTINGS_MAX as i64 + i64::from(self.nth)
    }

    /// SHA-256 of the previous hash and the canonical row: JSON with sorted names, no spaces.
    pub fn hash(&self, wallet_id: &str, prev: &[u8; 32]) -> [u8; 32] {
        // serde_json sorts the names of a `Value`, so this is the same text everywhere.
        sha256(&[prev, self.canonical(wallet_id).to_string().as_bytes()])
    }
}

fn unpack_reference(from: &mut Unpacker<'_>) -> Option<Reference> {
    let byte = from.byte()?;
    let (kind, prefix) = *REF_TYPES.get(usize::from(byte & 0x0f))?;
    let id = match byte & 0xf0 {
        FORM_ID => id_of(prefix, from.fixed()?),
        FORM_LONG_ID => long_id_of(prefix, from.fixed()?, from.fixed()?),
        FORM_TEXT => String::from_utf8(from.sized()?.to_vec()).ok()?,
        _ => return None,
    };
    Some(Reference {
        kind,
        id,
        posting: from.number()?,
    })
}

/// The id of the transaction whose first row has this number: the number and a proof that it is
/// of this wallet, so it is found without an index and nobody can guess another's.
pub fn transaction_id(wallet_id: &str, seq: i64) -> String {
    let number = seq.to_be_bytes();
    let proof: [u8; 8] = take(&sha256(&[wallet_id.as_bytes(), &number]));
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(number.into_iter().chain(proof)) {
        *to = from;
    }
    id_of("txn", bytes)
}

/// The number of the transaction's first row; `None` when the id is not of this wallet.
pub fn seq_of(wallet_id: &str, transaction_id: &str) -> Option<i64> {
    let bytes = bytes_of("txn", transaction_id)?;
    let seq = i64::from_be_bytes(take(&bytes));
    (seq > 0 && self::transaction_id(wallet_id, seq) == transaction_id).then_some(seq)
}
