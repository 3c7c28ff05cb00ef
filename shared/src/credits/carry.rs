//! Bookings carried out by themselves, decided again from the fresh wallet while others are first.

use super::booking::Booking;
use super::wallet::Wallet;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, UNAVAILABLE};
use crate::time::Time;

/// Tries when others write to the same wallet.
const TRIES_MAX: u32 = 6;

/// What became of a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booked<T> {
    /// It was carried out now.
    Now(T),
    /// Its first row was booked before, under the same kind, reference and posting; nothing
    /// happened.
    Before,
}

/// Books what `decide` asks for, in a commit of its own; nothing is written when it books nothing.
/// Who has more to write puts [`Booking::commit`] into the own commit instead.
///
/// # Errors
/// What `decide` refuses; [`Missed::Refused`] with the key of a hold that somebody else changed;
/// 503 when others were first too often.
pub async fn book<T>(
    tables: &Tables,
    wallet_id: &str,
    now: Time,
    mut decide: impl FnMut(&mut Booking) -> Result<T>,
) -> Result<Booked<T>, Missed> {
    let mut wallet = Wallet::load(tables, wallet_id).await?;
    for round in 1..=TRIES_MAX {
        let mut booking = wallet.book(now);
        let told = decide(&mut booking)?;
        if booking.entries().is_empty() {
            return Ok(Booked::Now(told));
        }
        match tables.commit(booking.commit()).await {
            Ok(()) => return Ok(Booked::Now(told)),
            Err(Missed::Refused(refused)) if refused.key == Wallet::key_of(wallet_id) => {
                wallet = refused.current()?.unwrap_or(wallet);
                tables.pause(round).await;
            }
            Err(Missed::Refused(refused)) if refused.key.sk == "once" => {
                return Ok(Booked::Before);
            }
            Err(missed) => return Err(missed),
        }
    }
    Err(Missed::Failed(
        UNAVAILABLE.because("others were first too often"),
    ))
}
