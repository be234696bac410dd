//! Comparing the sides' stories as they are told.

use std::sync::mpsc::Receiver;

use super::event::{End, Message, Word};

/// What the comparison has found.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Nothing differs.
    Same { points: u64, end: End },
    /// The first difference.
    Differ(Box<Divergence>),
}

/// The first difference, as each side tells it.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Divergence {
    /// How many points came before.
    pub(super) points: u64,
    /// For each side the words since its last common point, or how it ended.
    pub(super) sides: Vec<Result<Vec<Word>, End>>,
}

/// A side's words that have not been compared yet.
struct Stream<'a> {
    messages: &'a Receiver<Message>,
    words: Vec<Word>,
    at: usize,
    end: Option<End>,
}

impl Stream<'_> {
    /// Makes a word available unless the side has ended.
    fn fill(&mut self) {
        while self.at == self.words.len() && self.end.is_none() {
            match self.messages.recv() {
                Ok(Message::Words(words)) => (self.words, self.at) = (words, 0),
                Ok(Message::End(end)) => self.end = Some(end),
                Err(_) => self.end = Some(End::Failed("the side's thread has ended".to_owned())),
            }
        }
    }

    fn peek(&mut self) -> Option<Word> {
        self.fill();
        self.words.get(self.at).copied()
    }
}

/// How many words are shown of a side that tells something else.
const SHOWN: usize = 8;

/// Compares until the end or the first difference.
pub(super) fn compare(sides: &[Receiver<Message>]) -> Verdict {
    let mut streams: Vec<Stream<'_>> = sides
        .iter()
        .map(|messages| Stream { messages, words: Vec::new(), at: 0, end: None })
        .collect();
    let mut points = 0_u64;
    // The words since the last point, that one included: the same on every side.
    let mut common: Vec<Word> = Vec::new();
    loop {
        let Some((first, others)) = streams.split_first_mut() else {
            return Verdict::Same { points, end: End::Failed("nothing was run".to_owned()) };
        };
        let first = first.peek();
        if others.iter_mut().any(|other| other.peek() != first) {
            return differ(streams, points, &common);
        }
        let Some(word) = first else { break };
        if matches!(word, Word::Point(_)) {
            points += 1;
            common.clear();
        }
        common.push(word);
        streams.iter_mut().for_each(|stream| stream.at += 1);
    }
    let ends: Vec<End> = streams.iter_mut().filter_map(|stream| stream.end.clone()).collect();
    match ends.first() {
        Some(end) if ends.iter().all(|other| other == end) => {
            Verdict::Same { points, end: end.clone() }
        }
        _ => differ(streams, points, &common),
    }
}

fn differ(streams: Vec<Stream<'_>>, points: u64, common: &[Word]) -> Verdict {
    let told = |mut stream: Stream<'_>| {
        let Some(next) = stream.peek() else {
            return Err(stream.end.unwrap_or(End::Failed("nothing was told".to_owned())));
        };
        // A side that goes on to another point has told all of the last one.
        let mut words = if matches!(next, Word::Point(_)) { Vec::new() } else { common.to_vec() };
        words.push(next);
        let rest = stream.words.get(stream.at + 1..).unwrap_or_default();
        words.extend(rest.iter().take_while(|word| !matches!(word, Word::Point(_))).take(SHOWN));
        Ok(words)
    };
    let sides = streams.into_iter().map(told).collect();
    Verdict::Differ(Box::new(Divergence { points, sides }))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    fn side(chunks: &[&[Word]], end: End) -> Receiver<Message> {
        let (sender, receiver) = sync_channel(chunks.len() + 1);
        for chunk in chunks {
            sender.send(Message::Words(chunk.to_vec())).unwrap();
        }
        sender.send(Message::End(end)).unwrap();
        receiver
    }

    fn returned() -> End {
        End::Returned { results: vec![Word::I32(1)], memories: 0 }
    }

    #[test]
    fn chunks_may_be_cut_differently() {
        let a = side(&[&[Word::Point(0), Word::I32(1)], &[Word::Point(1)]], returned());
        let b = side(&[&[Word::Point(0)], &[], &[Word::I32(1), Word::Point(1)]], returned());
        assert_eq!(compare(&[a, b]), Verdict::Same { points: 2, end: returned() });
    }

    #[test]
    fn the_first_different_value_is_found_with_its_point() {
        let a = side(&[&[Word::Point(0), Word::I32(1), Word::I32(2)]], returned());
        let b = side(&[&[Word::Point(0), Word::I32(1), Word::I32(3)]], returned());
        let Verdict::Differ(divergence) = compare(&[a, b]) else { panic!("a difference") };
        assert_eq!(divergence.points, 1);
        assert_eq!(
            divergence.sides,
            [
                Ok(vec![Word::Point(0), Word::I32(1), Word::I32(2)]),
                Ok(vec![Word::Point(0), Word::I32(1), Word::I32(3)])
            ]
        );
    }

    #[test]
    fn a_side_that_ends_early_differs() {
        let trapped = || End::Trapped { trap: "unreachable".to_owned(), func: Some(3) };
        let a = side(&[&[Word::Point(0)]], trapped());
        let b = side(&[&[Word::Point(0), Word::Point(1)]], returned());
        let Verdict::Differ(divergence) = compare(&[a, b]) else { panic!("a difference") };
        assert_eq!(divergence.sides, [Err(trapped()), Ok(vec![Word::Point(1)])]);
    }

    #[test]
    fn ends_are_compared() {
        let a = side(&[], returned());
        let b = side(&[], End::Failed("exit with code 1".to_owned()));
        assert!(matches!(compare(&[a, b]), Verdict::Differ(_)));
    }
}
