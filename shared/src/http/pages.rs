//! Cursors of one caller on one route.

use crate::aws::secret::{Cursor, Secret};
use crate::env::Env;
use crate::error::{Result, UNAUTHENTICATED};
use crate::function::{Grant, Take};
use crate::page::Cursors;
use crate::time::Time;

use super::call::Call;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The capability to give out cursors and to take them back; stands behind `Member` in a
/// signature, because a cursor belongs to its caller.
#[derive(Debug)]
pub struct Pages {
    cursors: Cursors,
    caller: String,
    function: &'static str,
    now: Time,
}

impl Take<Call> for Pages {
    const GRANTS: &'static [&'static [Grant]] = <Secret<Cursor> as Take<Call>>::GRANTS;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let caller = call.user_id.clone().ok_or(UNAUTHENTICATED)?;
        let secret = <Secret<Cursor> as Take<Call>>::take(env, call).await?;
        let cursors = Cursors::new(&secret.key()?);
        Ok(Self {
            cursors,
            caller,
            function: call.function,
            now: call.now,
        })
    }
}

impl Pages {
    /// The position of a cursor that was given out here for the same filters.
    ///
    /// # Errors
    /// 400 `INVALID_CURSOR`.
    pub fn open<P: DeserializeOwned>(
        &self,
        filters: &str,
        cursor: Option<&str>,
    ) -> Result<Option<P>> {
        let open = |cursor| {
            self.cursors
                .open(&self.caller, self.function, filters, self.now, cursor)
        };
        cursor.map(open).transpose()
    }

    /// A cursor for the position, or none at the end.
    pub fn seal<P: Serialize>(&self, filters: &str, position: Option<&P>) -> Option<String> {
        let seal = |position| {
            self.cursors
                .seal(&self.caller, self.function, filters, self.now, position)
        };
        position.map(seal)
    }
}
