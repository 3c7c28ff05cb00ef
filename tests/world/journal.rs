//! What the functions log.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use shared::config::Stage;
use tracing::subscriber::DefaultGuard;

/// Every line that is logged on this thread as long as this lives, as functions print it.
pub struct Journal {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Journal {
    /// Listens at the level of staging, which tells most.
    pub fn open() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = shared::log::lines(Stage::Staging, move || writer.clone());
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        let lines = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&lines).into_owned()
    }
}
