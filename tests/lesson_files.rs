//! The lessons that lie beside the page are those of the folder `labs`, and their list says what they say.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use glasshouse_sim::lesson::library;
use glasshouse_sim::view::call::lesson::Card;
use glasshouse_sim::view::call::{Call, Reply};
use glasshouse_sim::view::serve::Served;

fn card_of(file: &str) -> Card {
    let mut served = Served::default();
    let call = serde_json::to_vec(&Call::ReadLesson { file: file.to_owned() }).unwrap();
    let reply: Reply = serde_json::from_slice(&served.answer(&call)).unwrap();
    reply.card.unwrap_or_else(|| panic!("{:?}", reply.error))
}

#[test]
fn files_and_list_are_those_of_the_lessons() {
    let folders = xtask::lessons::folders().unwrap();
    assert_eq!(folders.len(), library::LESSONS.len());
    for (folder, source) in folders.iter().zip(library::LESSONS) {
        let lesson = xtask::lessons::read(folder).unwrap();
        assert_eq!((lesson.id.as_str(), lesson.file), (source.id, source.file()));
        let card: Card = serde_json::from_str(&lesson.card).unwrap();
        assert_eq!(card, card_of(&source.file()), "{}", source.id);
    }
}
