//! Which of the newest 256 messages count as unread for one side, one bit each.

/// Messages that a window covers.
pub const WINDOW: i64 = 256;

/// Bit 0 is the newest message of the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    new: u128,
    old: u128,
}

impl Window {
    /// The window of its stored bytes, newest first.
    pub fn of(bytes: &[u8]) -> Self {
        let mut whole = [0; 32];
        for (to, from) in whole.iter_mut().zip(bytes) {
            *to = *from;
        }
        let half = |bytes: &[u8]| {
            bytes
                .try_into()
                .map(u128::from_le_bytes)
                .unwrap_or_default()
        };
        let (new, old) = whole.split_at(16);
        Self {
            new: half(new),
            old: half(old),
        }
    }

    /// The bytes to store: no zeros at the old end.
    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = [self.new.to_le_bytes(), self.old.to_le_bytes()].concat();
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    }

    /// The window after one more message.
    #[must_use]
    pub fn pushed(self, counts: bool) -> Self {
        let (new, old) = (
            self.new << 1 | u128::from(counts),
            self.old << 1 | self.new >> 127,
        );
        Self { new, old }
    }

    /// How many of the newest `messages` count; `None` when the window does not reach so far.
    pub fn count(self, messages: i64) -> Option<i64> {
        if !(0..=WINDOW).contains(&messages) {
            return None;
        }
        let (new, old) = (messages.min(128) as u32, (messages - 128).max(0) as u32);
        let ones = (self.new & mask(new)).count_ones() + (self.old & mask(old)).count_ones();
        Some(i64::from(ones))
    }

    /// The window in which the message that has `newer` messages after it no longer counts.
    #[must_use]
    pub fn without(self, newer: i64) -> Self {
        match newer {
            0..128 => Self {
                new: self.new & !(1 << newer),
                ..self
            },
            128..WINDOW => Self {
                old: self.old & !(1 << (newer - 128)),
                ..self
            },
            _ => self,
        }
    }

    /// The window in which the message that has `newer` messages after it counts.
    #[must_use]
    pub fn with(self, newer: i64) -> Self {
        match newer {
            0..128 => Self {
                new: self.new | 1 << newer,
                ..self
            },
            128..WINDOW => Self {
                old: self.old | 1 << (newer - 128),
                ..self
            },
            _ => self,
        }
    }

    /// The window in which only the newest `messages` may count.
    #[must_use]
    pub fn newest(self, messages: i64) -> Self {
        let messages = messages.clamp(0, WINDOW);
        let (new, old) = (messages.min(128) as u32, (messages - 128).max(0) as u32);
        Self {
            new: self.new & mask(new),
            old: self.old & mask(old),
        }
    }
}

fn mask(bits: u32) -> u128 {
    1_u128.checked_shl(bits).map_or(u128::MAX, |bit| bit - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_counts_like_a_list(
            bits in proptest::collection::vec(any::<bool>(), 0..300),
            ask in 0..300_usize,
            gone in 0..300_usize,
        ) {
            let window = bits.iter().fold(Window::default(), |window, bit| window.pushed(*bit));
            let window = Window::of(&window.without(gone as i64).bytes());
            let newest = bits.iter().rev().enumerate().take(ask);
            let model = newest.filter(|(at, bit)| **bit && *at != gone).count() as i64;
            let expected = (ask <= 256).then_some(model);
            prop_assert_eq!(window.count(ask as i64), expected);
            if gone < 256 {
                prop_assert_eq!(window.with(gone as i64).without(gone as i64), window);
                let more = window.count(256).map(|n| n + 1);
                prop_assert_eq!(window.with(gone as i64).count(256), more);
            }
            if ask <= 256 {
                prop_assert_eq!(window.newest(ask as i64).count(256), expected);
            }
        }
    }
}
