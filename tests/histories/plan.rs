//! What may happen in a history.

/// People of a history, by their place on the stage.
pub const PEOPLE: usize = 5;

/// What somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Nothing that anybody minds.
    Plain,
    /// What detectors refuse.
    Refused,
    /// What they hold back.
    Held,
    /// What they let pass and show to a moderator.
    Flagged,
}

/// How somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By POST.
    Post,
    /// By POST, and the same once more afterwards.
    Again,
    /// By two equal POSTs at once.
    Twice,
    /// By a frame.
    Frame,
    /// By a frame, and the same by POST afterwards.
    Both,
}

/// What happens to a message that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Its receiver has it.
    Deliver,
    /// Its receiver has read it.
    Read,
    /// Its receiver has read the conversation so far.
    ReadAll,
    /// Its sender deletes it for both.
    Delete,
    /// Its sender hides it.
    HideOwn,
    /// Its receiver hides it.
    Hide,
    /// Its receiver reads it while its sender deletes it.
    ReadWhileDeleted,
    /// A moderator lets it pass.
    Approve,
    /// A moderator flags it.
    Flag,
    /// A moderator blocks it.
    Block,
}

/// What happens in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The receiver answers.
    Accept,
    /// The receiver answers twice at once.
    AcceptTwice,
    /// The receiver declines.
    Decline,
    /// The caller gives up.
    Cancel,
    /// The receiver answers while the caller gives up.
    AcceptWhileCancelled,
    /// Both report media.
    Connect,
    /// Only the caller does.
    ConnectHalf,
    /// Both give signs of life.
    Alive,
    /// The caller hangs up.
    HangUp,
    /// The receiver hangs up.
    PartnerHangsUp,
    /// Both hang up at once.
    HangUpBoth,
}

/// How a session is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// By its newest token.
    Once,
    /// By two requests at once.
    Twice,
    /// By its first token, which was used before.
    Old,
}

/// What somebody tries without being allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trespass {
    /// Reads a message of others.
    Look,
    /// Marks a message of others as delivered.
    Deliver,
    /// Marks it as read.
    Read,
    /// Deletes it.
    Delete,
    /// Marks the own message as delivered.
    DeliverOwn,
    /// Mutes a conversation of others.
    Mute,
    /// Looks at a call of others.
    LookAtCall,
    /// Answers it.
    Accept,
    /// Ends it.
    End,
    /// Ends somebody's session.
    SignOut,
    /// Bans somebody by the own access token.
    BanAsMember,
    /// Bans somebody as an analyst.
    BanAsAnalyst,
    /// Gives somebody credits as a moderator.
    GiveAsModerator,
    /// Calls with a token that nobody issued.
    Forge,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Say {
        from: usize,
        to: usize,
        words: Words,
        how: How,
    },
    SayAtOnce {
        one: usize,
        other: usize,
    },
    Burst {
        from: usize,
        to: usize,
    },
    Touch {
        nth: usize,
        touch: Touch,
    },
    Mute {
        nth: usize,
    },
    Block {
        who: usize,
        whom: usize,
    },
    /// A block that somebody has put up, by any number, is taken down.
    Unblock {
        nth: usize,
    },
    BlockWhileSaying {
        who: usize,
        whom: usize,
    },
    Come {
        who: usize,
    },
    Vanish {
        who: usize,
    },
    Dial {
        from: usize,
        to: usize,
        video: bool,
        twice: bool,
    },
    Call(Move),
    SignUp,
    SignIn {
        who: usize,
    },
    Renew {
        who: usize,
        how: Renewal,
    },
    SignOut {
        who: usize,
    },
    Ban {
        who: usize,
        minutes: i64,
    },
    /// Somebody who may be banned, by any number, is let in again.
    Unban {
        nth: usize,
    },
    Adjust {
        who: usize,
        credits: i64,
        approve: bool,
    },
    Trespass {
        who: usize,
        nth: usize,
        what: Trespass,
    },
    Wait {
        seconds: i64,
    },
}

/// A history before it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What decided it.
    pub seed: u64,
    /// How many of a thousand calls go wrong.
    pub per_mille: u32,
    /// What happens, in order.
    pub steps: Vec<Step>,
}
