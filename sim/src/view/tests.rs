//! Frames, sentences and the feed, from small runs.
