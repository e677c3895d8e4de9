//! The lessons of this build, from the folder `labs/`.
//!
//! The page's module has none of them: there a lesson is a file beside the page, which is fetched when somebody opens
//! it, so that nobody waits for texts that he does not read.

use super::file;
use super::lab::Lab;

/// A lesson as text.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The name of its folder.
    pub id: &'static str,
    /// `lab.toml`.
    pub toml: &'static str,
    /// `lesson.md`.
    pub text: &'static str,
}

/// All lessons, in order.
#[cfg(not(target_arch = "wasm32"))]
pub const LESSONS: &[Source] = include!(concat!(env!("OUT_DIR"), "/lessons.rs"));
/// None: see the module's page.
#[cfg(target_arch = "wasm32")]
pub const LESSONS: &[Source] = &[];

/// The lesson with this id, or with this number.
#[must_use]
pub fn find(id: &str) -> Option<&'static Source> {
    let number = |source: &Source| source.id.split('-').next() == Some(id);
    LESSONS.iter().find(|source| source.id == id || number(source))
}

impl Source {
    /// The lesson.
    ///
    /// # Errors
    /// One sentence about the first thing that is wrong with its files.
    pub fn read(&self) -> Result<Lab, String> {
        Lab::read(self.id, self.toml, self.text)
    }

    /// The lesson as one file.
    #[must_use]
    pub fn file(&self) -> String {
        file::write(self.id, self.toml, self.text)
    }
}
