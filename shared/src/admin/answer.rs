//! Answers of administration: each is made together with its row of the audit log.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Result;
use crate::function::{Answer, Operation, Reply};
use crate::http::{Call, Json};

/// An answer whose row is in the audit log. Only a [`Clerk`](super::Clerk) makes it.
#[derive(Debug, Clone)]
pub struct Recorded<A>(pub(super) A);

impl<A> Recorded<A> {
    /// The same in another form.
    ///
    /// # Errors
    /// What `form` refuses.
    pub fn map<B>(self, form: impl FnOnce(A) -> Result<B>) -> Result<Recorded<B>> {
        form(self.0).map(Recorded)
    }
}

impl<A: Answer<Call>> Answer<Call> for Recorded<A> {
    const RECORDED: bool = true;

    fn describe(operation: &mut Operation) {
        A::describe(operation);
    }

    fn answer(self) -> Result<Reply> {
        self.0.answer()
    }
}

/// The answer of an operation that may need a second person.
#[derive(Debug, Clone)]
pub enum TwoPerson<T> {
    /// 200: it is done.
    Done(T),
    /// 202: it waits for somebody else.
    Asked {
        /// The approval.
        approval_id: String,
    },
}

/// What waits for a second person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Pending {
    approval_id: String,
}

impl<T: Serialize + JsonSchema + Send> Answer<Call> for TwoPerson<T> {
    fn describe(operation: &mut Operation) {
        <Json<T> as Answer<Call>>::describe(operation);
        let schema = operation.answered.subschema_for::<Pending>();
        let text = "Waits for a second person.";
        operation.answers.push((202, text, Some(schema)));
    }

    fn answer(self) -> Result<Reply> {
        match self {
            Self::Done(value) => Json(value).answer(),
            Self::Asked { approval_id } => {
                let mut reply = Json(Pending { approval_id }).answer()?;
                reply.status = 202;
                Ok(reply)
            }
        }
    }
}
